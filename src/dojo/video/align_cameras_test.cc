#include "dojo/video/align_cameras.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "dojo/base/random.h"

namespace dojo {
namespace {

const std::vector<std::string> kSix = {"back",          "front",        "left_pillar",
                                       "left_repeater", "right_pillar", "right_repeater"};

// A vehicle that takes a picture with all cameras at each tick, 36 a second. `tick[file][frame]` is
// the truth.
struct Vehicle {
  std::vector<CameraFile> files;
  std::vector<std::vector<int64_t>> ticks;
};

struct Options {
  int minutes = 3;
  double clock_error = 0;  // of the time in a file's name, each its own
  double phase = 0;        // of a camera's shutter against the tick, in frames
  double drop = 0.02;      // share of frames that a camera loses
  double numbered = 1;     // share of frames whose telemetry is there
  bool missing_minute =
      true;  // the left pillar lacks the second minute, and the back camera's first is cut short
};

Vehicle drive(const Options& o, uint64_t seed) {
  Vehicle v;
  Random random(seed);
  constexpr double kFps = 36;
  for (int minute = 0; minute < o.minutes; ++minute)
    for (size_t c = 0; c < kSix.size(); ++c) {
      if (o.missing_minute && minute == 1 && kSix[c] == "left_pillar") continue;
      CameraFile file{
          .camera = kSix[c], .recording = v.files.size(), .seconds = {}, .sequence = {}};
      std::vector<int64_t> ticks;
      const double error = random.uniform(-o.clock_error, o.clock_error),
                   phase = random.uniform(-o.phase, o.phase);
      const int64_t begin = minute * 2160 + random.below(36),
                    end = (minute + 1) * 2160;  // starts up to a second late
      for (int64_t tick = begin; tick < end; ++tick) {
        if (o.missing_minute && minute == 0 && kSix[c] == "back" && tick > begin + 700) break;
        if (random.chance(o.drop)) continue;
        ticks.push_back(tick);
        file.seconds.push_back(1.7e9 + (static_cast<double>(tick) + phase) / kFps + error);
        file.sequence.push_back(random.chance(o.numbered) ? 5000 + tick : -1);
      }
      v.files.push_back(file);
      v.ticks.push_back(ticks);
    }
  return v;
}

// Pairs of other ticks, frames left without a partner though the camera has the tick, and pairs.
struct Score {
  int64_t wrong = 0, lost = 0, right = 0, masked = 0;
};

Score compare(const Vehicle& v, const AlignedCameras& a) {
  Score score;
  for (size_t c = 0; c < a.cameras.size(); ++c) {
    std::map<int64_t, bool> has;
    for (size_t f = 0; f < v.files.size(); ++f)
      if (v.files[f].camera == a.cameras[c])
        for (const int64_t tick : v.ticks[f]) has[tick] = true;
    for (size_t i = 0; i < a.frames[c].size(); ++i) {
      const CameraFrame r = a.frames[a.reference][i], f = a.frames[c][i];
      const int64_t tick = v.ticks[r.recording][static_cast<size_t>(r.frame)];
      if (f.frame < 0) {
        ++score.masked;
        score.lost += has.count(tick) != 0;
      } else {
        (v.ticks[f.recording][static_cast<size_t>(f.frame)] == tick ? score.right : score.wrong) +=
            1;
      }
    }
  }
  return score;
}

TEST(AlignCameras, ByNumberEveryFrameHasItsPartnerOrNone) {
  const Vehicle v = drive({.clock_error = 1}, 1);
  const AlignedCameras a = align_cameras(v.files);
  EXPECT_EQ(a.cameras, kSix);
  EXPECT_EQ(a.cameras[a.reference], "front");
  const Score s = compare(v, a);
  EXPECT_EQ(s.wrong, 0);
  EXPECT_EQ(s.lost, 0);
  EXPECT_GT(s.right, 5 * 5000);
  EXPECT_GT(s.masked, 2160 + 1300);  // the missing minute, the cut one, and what was dropped
  EXPECT_EQ(a.by_time, 0);
}

TEST(AlignCameras, ByTimeEveryFrameHasItsPartnerOrNoneWhereClocksAgreeToHalfAFrame) {
  const Vehicle v =
      drive({.phase = 0.24, .numbered = 0}, 2);  // two cameras differ by less than half a frame
  const AlignedCameras a = align_cameras(v.files);
  const Score s = compare(v, a);
  EXPECT_EQ(s.wrong, 0);
  EXPECT_EQ(s.lost, 0);
  EXPECT_GT(s.right, 5 * 5000);
  EXPECT_EQ(a.by_sequence, 0);
  EXPECT_LE(a.worst_skew_seconds, 0.5 / 36);
  EXPECT_GT(a.worst_skew_seconds, 0.2 / 36);
}

TEST(AlignCameras, AFewNumbersCorrectTheClocksOfTheOtherFrames) {
  const Vehicle v = drive({.clock_error = 1, .numbered = 0.3}, 3);
  const AlignedCameras a = align_cameras(v.files);
  const Score s = compare(v, a);
  EXPECT_EQ(s.wrong, 0);
  EXPECT_EQ(s.lost, 0);
  EXPECT_GT(a.by_time, 1000);
  EXPECT_GT(a.by_sequence, 1000);
  EXPECT_LE(a.worst_skew_seconds, 0.5 / 36);
}

TEST(AlignCameras, NumbersThatDoNotAscendAreNotBelieved) {
  Vehicle v = drive({.phase = 0.2}, 4);
  for (CameraFile& file : v.files)
    if (file.camera == "back") std::fill(file.sequence.begin(), file.sequence.end(), 5000);
  const Score s = compare(v, align_cameras(v.files));
  EXPECT_EQ(s.wrong, 0);
  EXPECT_EQ(s.lost, 0);
}

TEST(AlignCameras, EqualNumbersOfAnotherDriveAreNoPartners) {
  CameraFile front{
      .camera = "front", .recording = 0, .seconds = {100, 100.1, 100.2}, .sequence = {1, 2, 3}};
  CameraFile back{
      .camera = "back", .recording = 1, .seconds = {160, 160.1, 160.2}, .sequence = {1, 2, 3}};
  const AlignedCameras a = align_cameras(std::vector{front, back});
  for (const CameraFrame& f : a.frames[0]) EXPECT_EQ(f.frame, -1);
}

TEST(AlignCameras, WithoutAFrontCameraTheOneWithTheMostFramesIsTheReference) {
  CameraFile a{.camera = "a", .recording = 7, .seconds = {0, 1}, .sequence = {}};
  CameraFile b{.camera = "b", .recording = 8, .seconds = {0.1, 1.1, 2.1}, .sequence = {}};
  CameraFile empty{.camera = "c", .recording = 9, .seconds = {}, .sequence = {}};
  const AlignedCameras aligned = align_cameras(std::vector{a, b, empty});
  EXPECT_EQ(aligned.cameras, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(aligned.reference, 1u);
  EXPECT_EQ(aligned.frames[0], (std::vector<CameraFrame>{{7, 0}, {7, 1}, {0, -1}}));
  EXPECT_EQ(align_cameras({}).num_frames(), 0);
}

TEST(AlignCameras, ASlowerCameraIsAMaskBetweenItsFrames) {
  CameraFile front{.camera = "front", .recording = 0, .seconds = {0, 1, 2, 3}, .sequence = {}};
  CameraFile slow{.camera = "slow", .recording = 1, .seconds = {0.2, 2.2}, .sequence = {}};
  const AlignedCameras a = align_cameras(std::vector{front, slow});
  EXPECT_EQ(a.frames[1], (std::vector<CameraFrame>{{1, 0}, {0, -1}, {1, 1}, {0, -1}}));
  EXPECT_NEAR(a.worst_skew_seconds, 0.2, 1e-12);
}

}  // namespace
}  // namespace dojo
