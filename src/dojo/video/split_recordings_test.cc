#include "dojo/video/split_recordings.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

Recording named(const std::string& name, int64_t frames = 100) {
  Recording r;
  r.name = name;
  r.path = "/videos/" + name;
  for (int64_t i = 0; i < frames; ++i) r.pts_seconds.push_back(0.1 * static_cast<double>(i));
  r.end_frame = frames;
  return r;
}

std::vector<std::string> names(const std::vector<Recording>& recordings) {
  std::vector<std::string> out;
  for (const Recording& r : recordings) out.push_back(r.name);
  return out;
}

TEST(Split, PatternsArePartsOrGlobsInAnyCase) {
  EXPECT_TRUE(matches_pattern("open/Autoware_highway.mp4", "autoware"));
  EXPECT_TRUE(matches_pattern("open/Autoware_highway.mp4", "*HIGHWAY*"));
  EXPECT_FALSE(matches_pattern("open/Autoware_highway.mp4", "highway*"));
  const std::vector<Recording> all = {named("a/kitti_raw.mp4"), named("b/kitti_odo.mp4"),
                                      named("c/city.mp4")};
  EXPECT_EQ(names(split_recordings(all, {"kitti_raw", "CITY"}, 0.5).held_out),
            (std::vector<std::string>{"a/kitti_raw.mp4", "c/city.mp4"}));
}

TEST(Split, AFolderAboveAllRecordingsDoesNotHoldOutAll) {
  const std::vector<Recording> all = {named("videos_1.mp4"), named("other.mp4")};
  EXPECT_EQ(names(split_recordings(all, {"videos"}, 0.5).held_out),
            std::vector<std::string>{"videos_1.mp4"});
}

TEST(Split, PatternsThatMatchNothingOrAllAreErrors) {
  const std::vector<Recording> all = {named("a.mp4"), named("b.mp4")};
  EXPECT_THROW(split_recordings(all, {"zebra"}, 0.5), Error);
  EXPECT_THROW(split_recordings(all, {"mp4"}, 0.5), Error);
}

TEST(Split, ACommaIsPartOfAPatternOrSeparatesSeveral) {
  const std::vector<Recording> all = {named("Paris, night.mp4"), named("Paris.mp4"),
                                      named("night.mp4")};
  EXPECT_EQ(names(split_recordings(all, {"paris, night"}, 0.5).held_out),
            std::vector<std::string>{"Paris, night.mp4"});
  EXPECT_EQ(names(split_recordings(all, {"paris.mp4, Paris*"}, 0.5).held_out),
            (std::vector<std::string>{"Paris, night.mp4", "Paris.mp4"}));
  EXPECT_EQ(names(split_recordings(all, {"Paris.mp4,"}, 0.5).held_out),
            std::vector<std::string>{"Paris.mp4"});
  EXPECT_THROW(split_recordings({all[1], all[2]}, {","}, 0.5), Error);
  for (const char* bad : {"paris.mp4,zebra", "zebra"}) {
    try {
      split_recordings(all, {bad}, 0.5);
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.message(), "no recording matches the pattern \"zebra\"") << bad;
    }
  }
}

TEST(Split, HoldsOutAboutAFifthByName) {
  for (size_t n : {2u, 3u, 7u, 20u, 50u}) {
    std::vector<Recording> all;
    for (size_t i = 0; i < n; ++i) all.push_back(named("clip" + std::to_string(i)));
    const RecordingSplit split = split_recordings(all, {}, 0.5);
    EXPECT_EQ(split.held_out.size(), std::max<size_t>(1, (n + 2) / 5));
    EXPECT_EQ(split.train.size() + split.held_out.size(), n);
    EXPECT_EQ(names(split.held_out), names(split_recordings(all, {}, 0.5).held_out));
  }
}

TEST(Split, OfManyFilesNoMoreDrivesAreHeldOutThanItTakes) {
  std::vector<Recording> all;
  for (int drive = 0; drive < 50; ++drive)
    for (int file = 0; file < 40; ++file) {
      all.push_back(named(std::to_string(drive) + "-" + std::to_string(file), 20));
      all.back().drive = std::to_string(drive);
    }
  EXPECT_EQ(split_recordings(all, {}, 0.5).held_out.size(), 80u);  // two drives: 64 or more
}

TEST(Split, CopiesOfWhatIsHeldOutAreNotTrainedOn) {
  const TestFolder folder;
  const auto file = [&](const std::string& name, const std::string& content) {
    write_bytes(folder / name, content);
    Recording r = named(name);
    r.path = folder / name;
    return r;
  };
  const std::vector<Recording> all = {file("a", "the same"), file("b", "another"),
                                      file("c", "the same"), file("d", "some sa!")};
  const RecordingSplit split = split_recordings(all, {"a"}, 0.5);
  EXPECT_EQ(names(split.train), (std::vector<std::string>{"b", "d"}));
  ASSERT_EQ(split.messages.size(), 1u);
  EXPECT_EQ(split.messages[0], "not trained on, copies of what is held out: c");
  ASSERT_EQ(split.copies.size(), 1u);
  EXPECT_EQ(split.copies[0].path, folder / "c");
  EXPECT_EQ(split.copies[0].reason, "not trained on: a copy of a, which is held out");
  const RecordingSplit nothing_else = split_recordings({all[0], all[2]}, {"a"}, 0.5);
  EXPECT_EQ(names(nothing_else.train), (std::vector<std::string>{"c"}));
  EXPECT_TRUE(nothing_else.copies.empty());
  ASSERT_EQ(nothing_else.messages.size(), 1u);
  EXPECT_NE(nothing_else.messages[0].find("says little about other drives"), std::string::npos);
}

TEST(Split, ThatADriveIsOnBothSidesIsSaid) {
  std::vector<Recording> all = {named("a-back.mp4"), named("a-front.mp4"), named("b-front.mp4")};
  for (Recording& r : all) r.drive = r.name.substr(0, 1);
  const RecordingSplit by_camera = split_recordings(all, {"back"}, 0.5);
  ASSERT_EQ(by_camera.messages.size(), 1u);
  EXPECT_NE(by_camera.messages[0].find("of the drive a some files"), std::string::npos);
  EXPECT_TRUE(split_recordings(all, {"a-"}, 0.5).messages.empty());
  EXPECT_TRUE(split_recordings(all, {}, 0.5).messages.empty());
}

TEST(Split, OfOneRecordingTheEndIsHeldOutAfterAGap) {
  const RecordingSplit split = split_recordings({named("only.mp4")}, {}, 0.5);
  ASSERT_EQ(split.train.size(), 1u);
  ASSERT_EQ(split.held_out.size(), 1u);
  EXPECT_EQ(split.held_out[0].first_frame, 80);
  EXPECT_EQ(split.held_out[0].end_frame, 100);
  EXPECT_GE(split.held_out[0].pts_seconds[80] -
                split.train[0].pts_seconds[static_cast<size_t>(split.train[0].end_frame - 1)],
            0.5 - 1e-9);
  EXPECT_EQ(split.messages.size(), 1u);
}

TEST(Split, WhereAllAreTooShortTheErrorSaysWhatWouldDo) {
  const auto told = [](const std::vector<Recording>& all, int64_t frames, double interval) {
    return std::string(all_too_short(all, frames, interval).what());
  };
  EXPECT_EQ(
      told({named("a", 2), named("b", 10)}, 4, 1.0),
      "error (input): none of 2 recordings has a clip of 4 frames, 1 s apart; the longest has "
      "10 frames in 0.90 s, /videos/b; give longer recordings, or try --interval 0.3");
  EXPECT_EQ(told({named("a", 3)}, 6, 0.1),
            "error (input): the only recording has no clip of 6 frames, 0.1 s apart; the longest "
            "has 3 frames in 0.20 s, /videos/a; give longer recordings, or try --frames 2");
  EXPECT_EQ(told({named("a", 1)}, 4, 0.1),
            "error (input): the only recording has no clip of 4 frames, 0.1 s apart; the longest "
            "has 1 frame in 0.00 s, /videos/a; give longer recordings");
  EXPECT_NE(told({named("a", 50)}, 4, 0.02).find("or try --interval 0.1"), std::string::npos);
}

TEST(Split, RecordingsWithoutAClipAreTakenOutAndNamed) {
  std::vector<Recording> all = {named("long.mp4"), named("four.mp4", 4), named("three.mp4", 3),
                                named("one.mp4", 1)};
  const std::vector<Quarantined> dropped = drop_short(&all, 4, 0.1);
  EXPECT_EQ(names(all), (std::vector<std::string>{"long.mp4", "four.mp4"}));
  ASSERT_EQ(dropped.size(), 2u);
  EXPECT_EQ(dropped[0].path, "/videos/three.mp4");
  EXPECT_EQ(dropped[0].reason, "too short: it has 3 frames, a clip needs 4, 0.1 s apart");
  EXPECT_EQ(dropped[1].reason, "too short: it has 1 frame, a clip needs 4, 0.1 s apart");
}

}  // namespace
}  // namespace dojo
