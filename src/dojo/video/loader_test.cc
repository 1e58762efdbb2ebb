#include "dojo/video/loader.h"

#include <gtest/gtest.h>

#include <thread>

#include "dojo/base/error.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/test_clips.h"
#include "dojo/video/test_loader.h"

namespace dojo {
namespace {

constexpr int64_t kHeight = 24, kWidth = 32;

// Three small recordings.
class Loader : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    for (int i = 0; i < 3; ++i)
      make_clip(*folder_, std::string(1, static_cast<char>('a' + i)) + ".mp4",
                "-f lavfi -i testsrc2=s=64x48:r=20:d=6,hue=h=" + std::to_string(60 * i) +
                    " -c:v libx264 -preset veryfast -g 15 -bf 2");
    recordings_ = new std::vector<Recording>(find_recordings({folder_->path()}).recordings);
  }
  static void TearDownTestSuite() {
    delete recordings_;
    delete folder_;
  }
  static const std::vector<Recording>& recordings() { return *recordings_; }
  static LoaderOptions options() {
    return {.batch = 4,
            .height = kHeight,
            .width = kWidth,
            .workers = 2,
            .deadline_seconds = 30,
            .transform = {}};
  }
  inline static TestFolder* folder_ = nullptr;
  inline static std::vector<Recording>* recordings_ = nullptr;
};

TEST_F(Loader, ClipsAreThoseOfTheSamplerWithTheExactFrames) {
  const SamplerOptions sampling{.frames = 4, .seed = 9};
  ClipLoader loader(recordings(), sampling, options());
  const ClipSampler sampler(recordings(), sampling);
  FrameReader reader;
  for (uint64_t at = 0; at < 80; at += 4) {
    const Batch& batch = loader.next();
    ASSERT_EQ(batch.first_position, at);
    std::vector<uint8_t> wanted;
    for (uint64_t i = 0; i < 4; ++i) {
      ASSERT_EQ(batch.refs[i], sampler.clip(at + i));
      const std::vector<uint8_t> clip =
          read_clip(reader, recordings(), batch.refs[i], kHeight, kWidth);
      wanted.insert(wanted.end(), clip.begin(), clip.end());
    }
    ASSERT_EQ(batch.clips, wanted);
  }
  EXPECT_EQ(loader.position(), 80u);
  EXPECT_GT(loader.stats().frames_from_cache, 0);
  EXPECT_GT(loader.stats().frames_decoded, 0);
}

TEST_F(Loader, BytesDoNotDependOnCacheWorkersOrPrefetch) {
  for (SamplingOrder order : {SamplingOrder::kGopRun, SamplingOrder::kUniform}) {
    const SamplerOptions sampling{
        .frames = 3, .interval_factors = {1, 2}, .seed = 2, .order = order};
    ClipLoader large(recordings(), sampling, options());
    const std::vector<uint8_t> wanted = take(&large, 30).clips;
    LoaderOptions poor = options();
    poor.workers = 1;
    poor.prefetch = 1;
    poor.cache_bytes = 3 * kHeight * kWidth * 3;  // smaller than one batch
    ClipLoader small(recordings(), sampling, poor);
    EXPECT_EQ(take(&small, 30).clips, wanted);
  }
}

TEST_F(Loader, SeekIsExact) {
  const SamplerOptions sampling{.frames = 4, .seed = 4};
  ClipLoader loader(recordings(), sampling, options());
  take(&loader, 10);
  const std::vector<uint8_t> wanted = take(&loader, 5).clips;
  loader.seek(40);
  EXPECT_EQ(loader.position(), 40u);
  EXPECT_EQ(take(&loader, 5).clips, wanted);
  ClipLoader other(recordings(), sampling, options());
  other.seek(40);
  EXPECT_EQ(take(&other, 5).clips, wanted);
}

TEST_F(Loader, TransformMakesTheClips) {
  LoaderOptions o = options();
  o.decode_height = 2 * kHeight;
  o.decode_width = 2 * kWidth;
  o.transform = [](uint64_t position, const ClipRef& ref, std::span<const uint8_t> frames,
                   std::span<uint8_t> clip) {
    ASSERT_EQ(frames.size(), 4 * clip.size());
    std::fill(clip.begin(), clip.end(), static_cast<uint8_t>(position));
  };
  ClipLoader loader(recordings(), {.frames = 2}, o);
  const Batch& batch = loader.next();
  EXPECT_EQ(batch.clips.front(), 0);
  EXPECT_EQ(batch.clips.back(), 3);
}

TEST_F(Loader, ADamagedStretchCostsOnlyTheClipsThatTouchIt) {
  const TestFolder folder;
  std::string bytes = read_bytes(recordings()[1].path);
  const size_t media = bytes.find("mdat");
  for (size_t i = media + (bytes.size() - media) * 2 / 5, k = 0; k < 400; ++k)
    bytes[i + k] = static_cast<char>(k * 37);
  write_bytes(folder / "damaged.mp4", bytes);
  std::vector<Recording> all = recordings();
  all[1].path = folder / "damaged.mp4";
  ClipLoader loader(all, {.frames = 3, .seed = 8}, options());
  bool used = false;
  const auto [refs, clips, lost] = take(&loader, 80);
  for (const ClipRef& ref : refs) used |= ref.recording == 1;
  EXPECT_TRUE(used);  // its sound part
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].path, all[1].path);
  EXPECT_FALSE(lost[0].whole_file);
  EXPECT_NE(lost[0].reason.find(" s) is damaged"), std::string::npos);
  // The same from any position, whatever was met before.
  ClipLoader later(all, {.frames = 3, .seed = 8}, options());
  later.seek(200);
  for (size_t at = 200; at < 240; at += 4) {
    const Batch& b = later.next();
    for (size_t i = 0; i < 4; ++i) ASSERT_EQ(b.refs[i], refs[at + i]);
    ASSERT_TRUE(std::equal(b.clips.begin(), b.clips.end(),
                           clips.begin() + static_cast<int64_t>(at / 4 * b.clips.size())));
  }
  // A resume that is told of it goes on in the same way, and still lists it.
  LoaderOptions o = options();
  o.quarantined = lost;
  ClipLoader resumed(all, {.frames = 3, .seed = 8}, o);
  resumed.seek(200);
  for (size_t at = 200; at < 240; at += 4) {
    const Batch& b = resumed.next();
    for (size_t i = 0; i < 4; ++i) ASSERT_EQ(b.refs[i], refs[at + i]);
  }
  EXPECT_EQ(resumed.quarantined().size(), 1u);
}

TEST_F(Loader, AMissingFileIsReplacedAndNamed) {
  std::vector<Recording> all = recordings();
  all[0].path = "/nonexistent/gone.mp4";
  ClipLoader loader(all, {.frames = 3}, options());
  for (int i = 0; i < 20; ++i)
    for (const ClipRef& ref : loader.next().refs) ASSERT_NE(ref.recording, 0);
  ASSERT_EQ(loader.quarantined().size(), 1u);
  EXPECT_EQ(loader.quarantined()[0].category, "io");
  EXPECT_TRUE(loader.quarantined()[0].whole_file);
}

TEST_F(Loader, WithoutAnyUsableRecordingItSaysSo) {
  std::vector<Recording> all = {recordings()[0]};
  all[0].path = "/nonexistent/gone.mp4";
  ClipLoader loader(all, {.frames = 3}, options());
  EXPECT_THROW(loader.next(), Error);
  EXPECT_THROW(ClipLoader(recordings(), {.frames = 3, .interval_seconds = 100}, options()), Error);
}

TEST_F(Loader, FilesGivenUpBeforeAreNotTouched) {
  LoaderOptions o = options();
  o.quarantined = {{recordings()[2].path, "input", "it crashed the decoder"}};
  ClipLoader loader(recordings(), {.frames = 3}, o);
  for (int i = 0; i < 20; ++i)
    for (const ClipRef& ref : loader.next().refs) ASSERT_NE(ref.recording, 2);
}

}  // namespace
}  // namespace dojo
