#include "dojo/video/camera_views.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"

namespace dojo {
namespace {

// A file with 10 frames a second that begins `begin` seconds after 14:02.
Recording file(const std::string& camera, double begin, int64_t frames,
               const std::string& drive = "one") {
  Recording r;
  r.path = "2026-05-01_14-02-00-" + camera + ".mp4";
  r.camera = camera;
  r.drive = drive;
  for (int64_t i = 0; i < frames; ++i)
    r.pts_seconds.push_back(begin + 0.1 * static_cast<double>(i));
  r.end_frame = frames;
  return r;
}

std::vector<CameraFrame> views(const CameraViews& cameras, int32_t recording,
                               std::vector<int64_t> frames) {
  return cameras.views(recording, frames);
}

const CameraFrame kNone;

std::string error_of(const std::vector<Recording>& recordings, const CameraOptions& options) {
  try {
    const CameraViews cameras(recordings, options);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(CameraViews, AreTheFramesOfTheSameTimeCameraByCameraInTheOrderOfTheNames) {
  // The back camera's files begin and end at other times than those of the front.
  const std::vector<Recording> all = {file("front", 0, 10), file("back", 0.3, 12),
                                      file("front", 1, 10), file("back", 1.5, 3)};
  const CameraViews cameras(all,
                            {.names = {"back", "front", "left_pillar"}, .may_be_absent = true});
  EXPECT_TRUE(cameras.is_reference(0));
  EXPECT_FALSE(cameras.is_reference(1));
  EXPECT_TRUE(cameras.is_reference(2));
  EXPECT_EQ(views(cameras, 0, {2, 5, 8}),
            (std::vector<CameraFrame>{
                kNone, {1, 2}, {1, 5}, {0, 2}, {0, 5}, {0, 8}, kNone, kNone, kNone}));
  EXPECT_EQ(views(cameras, 2, {4, 5, 8}),  // of two files of the back camera
            (std::vector<CameraFrame>{
                {1, 11}, {3, 0}, kNone, {2, 4}, {2, 5}, {2, 8}, kNone, kNone, kNone}));
  EXPECT_EQ(cameras.message(),
            "no recording is of a camera named left_pillar, whose part of each clip is empty; they "
            "are of back, front");
}

TEST(CameraViews, TheReferenceNeedNotBeSeen) {
  const std::vector<Recording> all = {file("front", 0, 10), file("back", 0.2, 10),
                                      file("left_repeater", 0, 10)};
  const CameraViews cameras(all, {.names = {"back"}});
  EXPECT_EQ(views(cameras, 0, {1, 2}), (std::vector<CameraFrame>{kNone, {1, 0}}));
  EXPECT_TRUE(cameras.is_shown(1));
  EXPECT_FALSE(cameras.is_shown(0));
  EXPECT_FALSE(cameras.is_shown(2));
  EXPECT_EQ(cameras.message(), "");
  EXPECT_EQ(CameraViews(all, {.names = {"back"}, .reference = "fornt"}).message(),
            "no recording is of the reference camera fornt: each drive takes its camera with the "
            "most frames; they are of back, front, left_repeater");
  const CameraViews from_back(all, {.names = {"front"}, .reference = "back"});
  EXPECT_EQ(views(from_back, 1, {0, 7, 8}), (std::vector<CameraFrame>{{0, 2}, {0, 9}, kNone}));
}

TEST(CameraViews, FramesOutsideOfWhatClipsAreTakenFromAreNone) {
  std::vector<Recording> all = {file("front", 0, 10), file("back", 0, 10)};
  all[1].first_frame = 3;
  all[1].end_frame = 6;
  const CameraViews cameras(all, {.names = {"back"}});
  EXPECT_EQ(views(cameras, 0, {2, 3, 5, 6}),
            (std::vector<CameraFrame>{kNone, {1, 3}, {1, 5}, kNone}));
}

TEST(CameraViews, DrivesDoNotMixAndThoseWithoutTheCamerasHaveNoInstants) {
  const std::vector<Recording> all = {file("front", 0, 10),          file("back", 0, 10),
                                      file("front", 0, 10, "two"),   file("back", 0.5, 10, "two"),
                                      file("front", 0, 10, "three"), file("", 0, 10, "plain")};
  const CameraViews cameras(all, {.names = {"back"}});
  EXPECT_EQ(views(cameras, 0, {6}), (std::vector<CameraFrame>{{1, 6}}));
  EXPECT_EQ(views(cameras, 2, {6}), (std::vector<CameraFrame>{{3, 1}}));
  EXPECT_FALSE(cameras.is_reference(4));
  EXPECT_FALSE(cameras.is_reference(5));
}

TEST(CameraViews, ADriveWithoutTheReferenceTakesTheCameraWithTheMostFrames) {
  const std::vector<Recording> all = {file("back", 0, 9), file("left_repeater", 0, 12)};
  const CameraViews cameras(all, {.names = {"back", "left_repeater"}});
  EXPECT_TRUE(cameras.is_reference(1));
  EXPECT_EQ(views(cameras, 1, {8, 9}), (std::vector<CameraFrame>{{0, 8}, kNone, {1, 8}, {1, 9}}));
}

TEST(CameraViews, NamesThatCannotBeMeantAreErrors) {
  const std::vector<Recording> all = {file("front", 0, 10), file("back", 100, 10)};
  EXPECT_EQ(error_of(all, {.names = {"front", "bakc"}}),
            "error (config): no recording is of a camera named bakc; they are of back, front");
  EXPECT_EQ(error_of(all, {.names = {"fornt"}, .may_be_absent = true}),
            "error (config): no recording is of a camera named fornt; they are of back, front");
  EXPECT_EQ(error_of(all, {.names = {"fornt"}}),
            "error (config): no recording is of a camera named fornt; they are of back, front");
  EXPECT_EQ(error_of({file("", 0, 10)}, {.names = {"front"}}),
            "error (config): no recording is of a camera named front; none tells its camera");
  EXPECT_EQ(error_of(all, {.names = {"front", "back", "front"}}),
            "error (config): a camera is named twice: front, back, front");
  EXPECT_EQ(error_of(all, {.names = {"back"}}),
            "error (input): no frame of back was taken at the time of one of front; take another "
            "reference camera");
}

}  // namespace
}  // namespace dojo
