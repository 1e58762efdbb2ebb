#include "dojo/train/ego_labels.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/train/ego_source.h"
#include "dojo/video/telemetry/track.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

// Frames at 10/s, 2 s; the speed is known from 0.5 s to 1.5 s, the steering wheel never.
Recording recording() {
  Recording r;
  r.name = "a.mp4";
  for (int i = 0; i < 20; ++i) r.pts_seconds.push_back(7 + 0.1 * i);
  r.end_frame = 20;
  Telemetry telemetry;
  telemetry.tracks.push_back({.signal = "speed_mps", .seconds = {0.5, 1.5}, .values = {4, 6}});
  telemetry.tracks.push_back(
      {.signal = "yaw_rate_radps", .seconds = {0, 1, 2}, .values = {0.3, 0.3, 0.3}});
  r.telemetry = std::make_shared<const Telemetry>(std::move(telemetry));
  return r;
}

TEST(EgoLabels, AreThoseOfTheFramesTime) {
  const EgoLabels labels({recording()});
  EXPECT_TRUE(std::isnan(labels.at(0, 4)[0]));
  EXPECT_NEAR(labels.at(0, 5)[0], 4, 1e-6);
  EXPECT_NEAR(labels.at(0, 10)[0], 5, 1e-6);
  EXPECT_TRUE(std::isnan(labels.at(0, 16)[0]));
  EXPECT_NEAR(labels.at(0, 4)[1], 0.3, 1e-6);
  EXPECT_TRUE(std::isnan(labels.at(0, 10)[2]));
}

TEST(EgoLabels, TheScaleIsThatOfTheFramesThatClipsAreTakenFrom) {
  Recording r = recording();
  const EgoScale all = EgoLabels({r}).scale();
  EXPECT_EQ(all.frames, (std::array<int64_t, 3>{11, 20, 0}));
  EXPECT_NEAR(all.mean[0], 5, 1e-6);
  EXPECT_NEAR(all.deviation[0], std::sqrt(0.4), 1e-6);  // of 4, 4.2, ... 6: 0.04 (121 - 1) / 12
  EXPECT_NEAR(all.mean[1], 0.3, 1e-6);
  EXPECT_NEAR(all.deviation[1], 1, 1e-9);  // nothing varies
  EXPECT_EQ(all.deviation[2], 1);
  r.first_frame = 9;
  r.end_frame = 12;
  const EgoScale part = EgoLabels({r}).scale();
  EXPECT_EQ(part.frames, (std::array<int64_t, 3>{3, 3, 0}));
  EXPECT_NEAR(part.mean[0], 5, 1e-6);
}

TEST(EgoLabels, RatesAreCountedInTheNominalInterval) {
  const double stretch = stretch_of(recording(), {3, 5, 7}, 0.1);
  EXPECT_NEAR(stretch, 2, 1e-9);
  const EgoValues seen = stretched({10, 0.2, 30}, stretch);
  EXPECT_NEAR(seen[0], 20, 1e-6);
  EXPECT_NEAR(seen[1], 0.4, 1e-6);
  EXPECT_EQ(seen[2], 30);
  EXPECT_NEAR(stretched(seen, 1 / stretch)[0], 10, 1e-9);
}

TEST(EgoLabels, TheMirrorImageTurnsTheOtherWay) {
  EXPECT_EQ(mirrored({10, 0.2, -30}), (EgoValues{10, -0.2, 30}));
}

TEST(EgoLabels, WhatIsNotKnownIsMasked) {
  const EgoTarget target = ego_target({NAN, 0.5, -3});
  EXPECT_EQ(target.labels, (std::array<float, 3>{0, 0.5, -3}));
  EXPECT_EQ(target.known, (std::array<float, 3>{0, 1, 1}));
}

class EgoClips : public testing::Test {
 protected:
  // White on the left, black on the right, 3 s at 10 frames/s.
  std::string clip(const std::string& name) {
    return make_clip(folder, name,
                     "-f lavfi -i color=white:s=32x32:r=10:d=3 -vf pad=64:32:0:0:black "
                     "-c:v libx264 -g 10 -pix_fmt yuv420p");
  }
  TestFolder folder;
};

TEST_F(EgoClips, RecordingsWithoutALabelAreLeftOutWithTheReason) {
  clip("known.mp4");
  write_bytes(folder / "known.csv", "time_seconds,speed_mps\n0,1\n3,4\n");
  clip("silent.mp4");
  clip("elsewhere.mp4");
  write_bytes(folder / "elsewhere.csv", "time_seconds,speed_mps\n50,1\n51,4\n");
  clip("broken.mp4");
  write_bytes(folder / "broken.csv", "time_seconds,speed_mps\n0,fast\n");
  FoundRecordings found = find_recordings({folder.path()});
  keep_labelled(&found, /*quiet=*/true);
  ASSERT_EQ(found.recordings.size(), 1u);
  EXPECT_EQ(found.recordings[0].name, "known.mp4");
  ASSERT_EQ(found.quarantined.size(), 3u);
  EXPECT_NE(found.quarantined[0].reason.find("fast"), std::string::npos)
      << found.quarantined[0].reason;
  EXPECT_NE(found.quarantined[1].reason.find("no speed"), std::string::npos)
      << found.quarantined[1].reason;
  EXPECT_EQ(found.quarantined[2].reason, "it has no telemetry to learn from");

  FoundRecordings none = find_recordings({folder / "silent.mp4"});
  try {
    keep_labelled(&none, true);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_NE(e.message().find("silent.mp4"), std::string::npos) << e.message();
    EXPECT_NE(e.hint().find("dojo inspect"), std::string::npos);
  }
}

std::vector<float> floats(const ClipFeed& feed) {
  std::vector<float> values(feed.values.size() / sizeof(float));
  std::memcpy(values.data(), feed.values.data(), feed.values.size());
  return values;
}

// Of each clip: the pixels say whether it is mirrored, its frames how fast it is.
TEST_F(EgoClips, LabelsFollowTheMirrorAndTheInterval) {
  clip("a.mp4");
  std::string table = "time_seconds,speed_mps,yaw_rate_radps,steering_wheel_deg\n";
  for (int i = 0; i <= 30; ++i)
    table += fmt::format("{},{},{},{}\n", 0.1 * i, 10 + i, 0.01 * (1 + i), i < 15 ? "20" : "");
  write_bytes(folder / "a.csv", table);
  FoundRecordings found = find_recordings({folder.path()});
  keep_labelled(&found, true);
  const auto labels = std::make_shared<const EgoLabels>(found.recordings);

  constexpr int64_t kBatch = 8, kFrames = 3, kHeight = 16, kWidth = 32;
  constexpr uint64_t kSeed = 5;
  const SamplerOptions sampler{
      .frames = kFrames, .interval_seconds = 0.1, .interval_factors = {1, 2}, .seed = kSeed};
  LoaderOptions loader{.batch = kBatch, .height = kHeight, .width = kWidth};
  loader.transform = clip_variation(kEgoVariation,
                                    {.frames = kFrames,
                                     .in_height = kHeight,
                                     .in_width = kWidth,
                                     .height = kHeight,
                                     .width = kWidth},
                                    kSeed);
  const auto source =
      make_ego_source(std::make_unique<ClipLoader>(found.recordings, sampler, loader),
                      found.recordings, labels, kSeed, 0.1);
  ClipLoader plain(found.recordings, sampler, loader);
  int mirrored_clips = 0, masked = 0, wide = 0;
  for (int batch = 0; batch < 10; ++batch) {
    const std::span<const uint8_t> clips = source->next();
    const std::vector<ClipRef> refs = plain.next().refs;
    const std::vector<ClipFeed> feeds = source->feeds();
    ASSERT_EQ(feeds.size(), 2u);
    ASSERT_EQ(feeds[0].input, "labels");
    const std::vector<float> labels_fed = floats(feeds[0]), known = floats(feeds[1]);
    for (size_t b = 0; b < kBatch; ++b) {
      const uint8_t* row = clips.data() + b * kFrames * kHeight * kWidth * 3;
      const bool is_mirror = row[0] < row[(kWidth - 1) * 3];
      const int64_t last = refs[b].frames.back(), stretch = refs[b].frames[1] - refs[b].frames[0];
      const auto last_real = static_cast<double>(last), times = static_cast<double>(stretch);
      EXPECT_NEAR(labels_fed[3 * b], times * (10 + last_real), 1e-3);
      EXPECT_NEAR(labels_fed[3 * b + 1], (is_mirror ? -times : times) * 0.01 * (1 + last_real),
                  1e-4);
      EXPECT_EQ(known[3 * b + 2], last < 15 ? 1 : 0);
      if (last < 15) {
        EXPECT_NEAR(labels_fed[3 * b + 2], is_mirror ? -20 : 20, 1e-3);
      }
      mirrored_clips += is_mirror;
      masked += last >= 15;
      wide += stretch == 2;
    }
  }
  EXPECT_GT(mirrored_clips, 20);
  EXPECT_LT(mirrored_clips, 60);
  EXPECT_GT(masked, 10);
  EXPECT_GT(wide, 10);
}

}  // namespace
}  // namespace dojo
