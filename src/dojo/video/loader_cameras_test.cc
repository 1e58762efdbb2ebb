// Clips of several cameras whose files are damaged or gone. How cameras that see different moments
// come together is tested in scene/camera_clips_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "dojo/base/error.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/loader.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

constexpr int64_t kHeight = 24, kWidth = 32, kFrames = 3;
constexpr size_t kCameras = 3, kPictures = kCameras * kFrames, kBytes = kHeight * kWidth * 3;
const SamplerOptions kSampling{.frames = kFrames, .seed = 5};

// Three cameras of a car that took the same number of frames at the same times. Recording 0 is
// back, 1 front, 2 left_repeater.
class LoaderCameras : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TestFolder;
    const std::string event = "TeslaCam/SavedClips/2026-05-01_14-03-10";
    std::filesystem::create_directories(*folder_ / event);
    int hue = 0;
    for (const char* camera : {"back", "front", "left_repeater"})
      make_clip(*folder_, event + "/2026-05-01_14-02-11-" + camera + ".mp4",
                "-f lavfi -i testsrc2=s=64x48:r=20:d=5,hue=h=" + std::to_string(60 * hue++) +
                    " -c:v libx264 -preset veryfast -g 15 -bf 2");
    recordings_ = new std::vector<Recording>(find_recordings({folder_->path()}).recordings);
  }
  static void TearDownTestSuite() {
    delete recordings_;
    delete folder_;
  }
  static const std::vector<Recording>& recordings() { return *recordings_; }
  // A path without a file, whose name still tells the time.
  static std::string gone(const Recording& r) {
    return "/nonexistent/" + std::filesystem::path(r.path).filename().string();
  }
  static LoaderOptions options(int workers = 2) {
    return {.batch = 4,
            .height = kHeight,
            .width = kWidth,
            .workers = workers,
            .deadline_seconds = 30,
            .cameras = {.names = {"front", "left_repeater", "back"}},
            .transform = {}};
  }
  // Of all recordings: instants begin with the frames of the front camera.
  static size_t epoch() {
    return static_cast<size_t>(ClipSampler({recordings()[1]}, kSampling).clips_per_epoch());
  }
  inline static TestFolder* folder_ = nullptr;
  inline static std::vector<Recording>* recordings_ = nullptr;
};

TEST_F(LoaderCameras, ADamagedStretchIsAMaskOfExactlyItsFrames) {
  const TestFolder folder;
  std::vector<Recording> all = recordings();
  std::string bytes = read_bytes(all[0].path);
  const size_t media = bytes.find("mdat");
  for (size_t i = media + (bytes.size() - media) * 2 / 5, k = 0; k < 400; ++k)
    bytes[i + k] = static_cast<char>(k * 37);
  write_bytes(folder / "2026-05-01_14-02-11-back.mp4", bytes);
  all[0].path = folder / "2026-05-01_14-02-11-back.mp4";
  FrameReader reader;
  std::set<int64_t> damaged;
  for (int64_t f = 0; f < all[0].num_frames(); ++f) try {
      reader.read(all[0], std::span(&f, 1), kHeight, kWidth);
    } catch (const Error&) {
      damaged.insert(f);
    }
  ASSERT_GT(damaged.size(), 1u);
  ASSERT_LT(damaged.size(), 60u);

  for (const SamplingOrder order : {SamplingOrder::kGopRun, SamplingOrder::kUniform}) {
    SamplerOptions sampling = kSampling;
    sampling.order = order;
    std::vector<uint8_t> first;
    for (const int workers : {1, 3}) {
      ClipLoader loader(all, sampling, options(workers));
      std::vector<uint8_t> clips;
      std::set<int64_t> begins;
      for (size_t at = 0; at < epoch(); at += 4) {
        const Batch& b = loader.next();
        clips.insert(clips.end(), b.clips.begin(), b.clips.end());
        ASSERT_EQ(b.mask.size(), 4 * kPictures);
        for (size_t i = 0; i < 4; ++i) {
          const ClipRef& ref = b.refs[i];
          ASSERT_EQ(ref.recording, 1);
          if (at + i < epoch()) begins.insert(ref.frames[0]);
          for (size_t k = 0; k < kPictures; ++k) {
            const size_t camera = k / kFrames;
            const int64_t frame = ref.frames[k % kFrames];
            const bool there = camera < 2 || damaged.count(frame) == 0;
            ASSERT_EQ(b.mask[i * kPictures + k], there) << camera << " " << frame;
          }
          if (workers == 3) continue;  // the bytes are compared below
          const std::vector<uint8_t> wanted = read_clip(reader, all, ref, kHeight, kWidth);
          ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(),
                                 b.clips.begin() + static_cast<int64_t>(i * kPictures * kBytes)));
        }
      }
      EXPECT_EQ(begins.size(), epoch());  // each instant once, also where the back camera lacks all
      ASSERT_EQ(loader.quarantined().size(), 1u);
      EXPECT_FALSE(loader.quarantined()[0].whole_file);
      if (workers == 1)
        first = std::move(clips);
      else
        EXPECT_EQ(clips, first);
    }
  }
}

TEST_F(LoaderCameras, AFileThatIsGoneIsAMaskAlsoThatOfTheReference) {
  for (const size_t lost : {0u, 1u}) {
    std::vector<Recording> all = recordings();
    all[lost].path = gone(all[lost]);
    ClipLoader loader(all, kSampling, options());
    std::set<int64_t> begins;
    for (size_t at = 0; at < epoch(); at += 4) {
      const Batch& b = loader.next();
      for (size_t i = 0; i < 4 && at + i < epoch(); ++i) begins.insert(b.refs[i].frames[0]);
      for (size_t k = 0; k < b.mask.size(); ++k) {
        const size_t camera = k / kFrames % kCameras;
        ASSERT_EQ(b.mask[k], camera != (lost == 0 ? 2 : 0));
        const uint8_t* const picture = b.clips.data() + k * kBytes;
        ASSERT_EQ(std::all_of(picture, picture + kBytes, [](uint8_t v) { return v == 0; }),
                  b.mask[k] == 0);
      }
    }
    EXPECT_EQ(begins.size(), epoch());
    ASSERT_EQ(loader.quarantined().size(), 1u);
    EXPECT_TRUE(loader.quarantined()[0].whole_file);
    EXPECT_EQ(loader.quarantined()[0].category, "io");
  }
}

TEST_F(LoaderCameras, WithoutAnyUsableFileOfTheCamerasItSaysSo) {
  std::vector<Recording> all = recordings();
  for (const size_t i : {0u, 2u})
    all[i].path = gone(all[i]);  // not the front camera's, which is unseen
  LoaderOptions o = options();
  o.cameras.names = {"back", "left_repeater"};
  ClipLoader loader(all, kSampling, o);
  EXPECT_THROW(loader.next(), Error);
}

TEST_F(LoaderCameras, ATransformGetsAllCamerasAndCannotFillWhatIsNotThere) {
  LoaderOptions o = options();
  o.decode_height = 2 * kHeight;
  o.decode_width = 2 * kWidth;
  o.cameras.names = {"back", "left_pillar"};
  EXPECT_THROW(ClipLoader(recordings(), kSampling, o), Error);
  o.cameras.may_be_absent = true;
  o.transform = [](uint64_t, const ClipRef& ref, std::span<const uint8_t> frames,
                   std::span<uint8_t> clip) {
    ASSERT_EQ(ref.views.size(), size_t{2 * kFrames});
    ASSERT_EQ(frames.size(), 2 * kFrames * 4 * kBytes);
    ASSERT_EQ(clip.size(), 2 * kFrames * kBytes);
    for (size_t k = kFrames * 4 * kBytes; k < frames.size(); ++k) ASSERT_EQ(frames[k], 0);
    std::fill(clip.begin(), clip.end(), 7);
  };
  ClipLoader loader(recordings(), kSampling, o);
  EXPECT_NE(loader.take_message().find("camera named left_pillar"), std::string::npos);
  const Batch& b = loader.next();
  for (size_t k = 0; k < b.clips.size(); ++k)
    ASSERT_EQ(b.clips[k], k / (kFrames * kBytes) % 2 == 0 ? 7 : 0);
}

}  // namespace
}  // namespace dojo
