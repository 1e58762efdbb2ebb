// The loader with small copies on disk: the same clips, and later epochs without decoding.
#include <gtest/gtest.h>

#include "dojo/video/find_recordings.h"
#include "dojo/video/loader.h"
#include "dojo/video/test_clips.h"
#include "dojo/video/test_loader.h"

namespace dojo {
namespace {

class LoaderCopies : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    for (int i = 0; i < 2; ++i)
      make_clip(*folder_, std::string(1, static_cast<char>('a' + i)) + ".mp4",
                "-f lavfi -i testsrc2=s=128x96:r=20:d=4,gblur=sigma=5,hue=h=" +
                    std::to_string(60 * i) + " -c:v libx264 -preset veryfast -g 15 -bf 2");
    recordings_ = new std::vector<Recording>(find_recordings({folder_->path()}).recordings);
  }
  static void TearDownTestSuite() {
    delete recordings_;
    delete folder_;
  }
  static const std::vector<Recording>& recordings() { return *recordings_; }

  static LoaderOptions options(CopyTier tier, const std::string& copies, int workers = 1) {
    return {.batch = 4,
            .height = 48,
            .width = 64,
            .workers = workers,
            .deadline_seconds = 30,
            .cache_bytes = 500'000,  // of 1,475,000: what is used again has to be read again
            .copy_tier = tier,
            .copy_folder = copies,
            .transform = {}};
  }

  inline static const SamplerOptions kSampling{.frames = 3, .seed = 4};
  static int epoch(const std::vector<Recording>& all) {
    return static_cast<int>((ClipSampler(all, kSampling).clips_per_epoch() + 3) / 4);
  }

  inline static TestFolder* folder_ = nullptr;
  inline static std::vector<Recording>* recordings_ = nullptr;
};

TEST_F(LoaderCopies, TheRawTierChangesNoByteAndDecodesEachFrameOnce) {
  ClipLoader plain(recordings(), kSampling, options(CopyTier::kNone, ""));
  const std::vector<uint8_t> wanted = take(&plain, 2 * epoch(recordings())).clips;
  TestFolder copies;
  ClipLoader first(recordings(), kSampling, options(CopyTier::kRaw, copies.path()));
  EXPECT_EQ(take(&first, 2 * epoch(recordings())).clips, wanted);
  ClipLoader later(recordings(), kSampling, options(CopyTier::kRaw, copies.path(), 2));
  EXPECT_EQ(take(&later, 2 * epoch(recordings())).clips, wanted);
  EXPECT_EQ(later.stats().frames_decoded, 0);
  EXPECT_GT(later.stats().frames_from_copies, 150);
  EXPECT_EQ(later.take_message(), "");
}

TEST_F(LoaderCopies, TheShortGopTierGivesTheSameBytesWhateverTheDiskHolds) {
  const int two = 2 * epoch(recordings());
  TestFolder copies;
  ClipLoader first(recordings(), kSampling, options(CopyTier::kShortGop, copies.path()));
  const std::vector<uint8_t> wanted = take(&first, two).clips;
  // All there: nothing is decoded.
  ClipLoader later(recordings(), kSampling, options(CopyTier::kShortGop, copies.path()));
  EXPECT_EQ(take(&later, two).clips, wanted);
  EXPECT_EQ(later.stats().frames_decoded, 0);
  // No disk at all, and other requests: two workers.
  write_bytes(copies / "file", "x");
  ClipLoader lost(recordings(), kSampling, options(CopyTier::kShortGop, copies / "file/x", 2));
  EXPECT_EQ(take(&lost, two).clips, wanted);
  EXPECT_NE(lost.take_message().find("no frames are cached"), std::string::npos);
  // Resumed in the middle with a disk that holds what comes from there on.
  TestFolder half;
  for (int round = 0; round < 2; ++round) {
    ClipLoader resumed(recordings(), kSampling, options(CopyTier::kShortGop, half.path(), 2));
    resumed.seek(80);
    const std::vector<uint8_t> rest = take(&resumed, two - 20).clips;
    ASSERT_TRUE(
        std::equal(rest.begin(), rest.end(), wanted.end() - static_cast<int64_t>(rest.size())));
  }
  // Near the exact frames, but not equal.
  ClipLoader plain(recordings(), kSampling, options(CopyTier::kNone, ""));
  const std::vector<uint8_t> exact = take(&plain, two).clips;
  EXPECT_NE(exact, wanted);
  EXPECT_GT(psnr(exact.data(), wanted.data(), static_cast<int64_t>(exact.size())),
            CopyCache::kMinPsnr);
}

TEST_F(LoaderCopies, UniformOrderReadsCopiesToo) {
  SamplerOptions sampling = kSampling;
  sampling.order = SamplingOrder::kUniform;
  ClipLoader plain(recordings(), sampling, options(CopyTier::kNone, ""));
  const std::vector<uint8_t> wanted = take(&plain, 60).clips;
  TestFolder copies;
  for (int round = 0; round < 2; ++round) {
    ClipLoader loader(recordings(), sampling, options(CopyTier::kRaw, copies.path()));
    EXPECT_EQ(take(&loader, 60).clips, wanted);
  }
}

TEST_F(LoaderCopies, AChangedFileIsDecodedAgain) {
  TestFolder copies, videos;
  const std::string path = videos / "v.mp4";
  std::filesystem::copy(recordings()[0].path, path);
  const auto load = [&] {
    ClipLoader loader(find_recordings({path}).recordings, kSampling,
                      options(CopyTier::kRaw, copies.path()));
    std::vector<uint8_t> clips = take(&loader, 15).clips;
    return std::pair(std::move(clips), loader.stats().frames_decoded);
  };
  const auto [before, decoded] = load();
  EXPECT_GT(decoded, 0);
  EXPECT_EQ(load(), std::pair(before, int64_t{0}));
  std::filesystem::copy(recordings()[1].path, path,
                        std::filesystem::copy_options::overwrite_existing);
  const auto [after, decoded_again] = load();
  EXPECT_NE(after, before);
  EXPECT_GT(decoded_again, 0);
}

TEST_F(LoaderCopies, DamagedFramesAreReplacedAsWithoutCopies) {
  TestFolder videos, copies;
  std::string bytes = read_bytes(recordings()[0].path);
  for (size_t at = bytes.size() / 2; at < bytes.size() / 2 + 60; ++at) bytes[at] ^= 0x5a;
  write_bytes(videos / "damaged.mp4", bytes);
  write_bytes(videos / "good.mp4", read_bytes(recordings()[1].path));
  const std::vector<Recording> all = find_recordings({videos.path()}).recordings;
  ASSERT_EQ(all.size(), 2u);
  ClipLoader plain(all, kSampling, options(CopyTier::kNone, ""));
  const std::vector<uint8_t> wanted = take(&plain, 2 * epoch(all)).clips;
  EXPECT_EQ(plain.quarantined().size(), 1u);
  ClipLoader raw(all, kSampling, options(CopyTier::kRaw, copies.path()));
  EXPECT_EQ(take(&raw, 2 * epoch(all)).clips, wanted);
  std::vector<uint8_t> lossy;
  for (int workers : {1, 2, 1}) {
    ClipLoader loader(all, kSampling, options(CopyTier::kShortGop, copies / "lossy", workers));
    const std::vector<uint8_t> got = take(&loader, 2 * epoch(all)).clips;
    if (lossy.empty()) lossy = got;
    EXPECT_EQ(got, lossy);
  }
}

TEST_F(LoaderCopies, AFullCacheIsSaidAndTrainingGoesOn) {
  TestFolder copies;
  LoaderOptions small = options(CopyTier::kRaw, copies.path());
  small.max_copy_bytes = 1'000'000;  // of 1,475,000
  ClipLoader plain(recordings(), kSampling, options(CopyTier::kNone, ""));
  ClipLoader loader(recordings(), kSampling, small);
  EXPECT_EQ(take(&loader, 2 * epoch(recordings())).clips,
            take(&plain, 2 * epoch(recordings())).clips);
  EXPECT_NE(loader.take_message().find("reached its size of 1.0 MB"), std::string::npos);
}

}  // namespace
}  // namespace dojo
