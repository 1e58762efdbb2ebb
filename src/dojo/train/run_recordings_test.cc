#include "dojo/train/run_recordings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "dojo/base/error.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

// Forty names of one clip of 30 frames.
class ManyRecordings : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path =
        make_clip(folder_, "clip_00.mp4",
                  "-f lavfi -i testsrc2=s=64x48:r=10:d=3 -c:v libx264 -preset veryfast");
    for (int i = 1; i < 40; ++i) std::filesystem::create_hard_link(path, name(i));
    options_.paths = {folder_.path()};
    options_.indexing.workers = 2;
  }
  std::string name(int i) const {
    return folder_ / (i < 10 ? "clip_0" : "clip_") + std::to_string(i) + ".mp4";
  }
  void spoil(int i) {
    std::filesystem::remove(name(i));
    write_bytes(name(i), "this is a text");
  }
  static std::set<std::string> names(const std::vector<Recording>& recordings) {
    std::set<std::string> all;
    for (const Recording& r : recordings) all.insert(r.name);
    return all;
  }
  TestFolder folder_;
  RunRecordingsOptions options_;
};

TEST_F(ManyRecordings, OnlyThoseHeldOutAreIndexedBeforeTrainingBegins) {
  const RunRecordings run = recordings_of_run(options_);
  EXPECT_EQ(run.split.held_out.size(), 8u);
  EXPECT_EQ(run.split.train.size(), 32u);
  for (const Recording& r : run.split.held_out) EXPECT_EQ(r.num_frames(), 30);
  for (const Recording& r : run.split.train) EXPECT_FALSE(r.is_indexed());
  EXPECT_EQ(names(run.all).size(), 40u);
  EXPECT_TRUE(std::is_sorted(run.all.begin(), run.all.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
  EXPECT_EQ(names(run.split.held_out), names(recordings_of_run(options_).split.held_out));
}

TEST_F(ManyRecordings, TheNextTakesThePlaceOfAnUnusableOneThatWasToBeHeldOut) {
  const std::set<std::string> before = names(recordings_of_run(options_).split.held_out);
  spoil(std::stoi(before.begin()->substr(5, 2)));
  const RunRecordings run = recordings_of_run(options_);
  const std::set<std::string> after = names(run.split.held_out);
  EXPECT_EQ(after.size(), 8u);
  EXPECT_FALSE(after.count(*before.begin()));
  for (const std::string& kept : before) EXPECT_TRUE(kept == *before.begin() || after.count(kept));
  EXPECT_EQ(run.quarantined.size(), 1u);
  EXPECT_EQ(run.split.train.size(), 31u);
}

// One or two drives, of more files than are indexed at once.
TEST_F(ManyRecordings, FewDrivesOfManyFilesHaveSomethingHeldOut) {
  const auto name_as_drives = [&](int drives) {
    const TestFolder folder;
    for (int i = 0; i < 40; ++i)
      std::filesystem::create_hard_link(
          name(i), folder / fmt::format("2026-05-0{}_14-{:02}-11-front.mp4", 1 + i % drives, i));
    options_.paths = {folder.path()};
    return recordings_of_run(options_);
  };
  for (const int drives : {1, 2}) {
    const RunRecordings run = name_as_drives(drives);
    EXPECT_FALSE(run.split.held_out.empty()) << drives;
    EXPECT_FALSE(run.split.train.empty()) << drives;
    EXPECT_EQ(run.all.size(), 40u) << drives;
  }
}

TEST_F(ManyRecordings, PatternsGoByNames) {
  options_.held_out = {"clip_1*", "clip_07"};
  const RunRecordings run = recordings_of_run(options_);
  EXPECT_EQ(run.split.held_out.size(), 11u);
  EXPECT_EQ(run.split.train.size(), 29u);
  spoil(9);
  options_.held_out = {"clip_09"};
  try {
    recordings_of_run(options_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_EQ(e.where(), name(9));
  }
  options_.held_out = {"zebra"};
  const RunRecordings none = recordings_of_run(options_);
  ASSERT_TRUE(none.cannot_split);
  EXPECT_EQ(none.cannot_split->category(), Category::kConfig);
  EXPECT_EQ(none.all.size(), 40u);
}

TEST_F(ManyRecordings, WhereHardlyAnyIsUsableAllAreLookedAt) {
  for (int i = 0; i < 40; ++i)
    if (i != 11 && i != 22) spoil(i);
  const RunRecordings run = recordings_of_run(options_);
  EXPECT_EQ(run.split.held_out.size(), 1u);
  EXPECT_EQ(run.split.train.size(), 1u);
  EXPECT_EQ(run.quarantined.size(), 38u);
  spoil(11);
  spoil(22);
  EXPECT_THROW(recordings_of_run(options_), Error);
}

}  // namespace
}  // namespace dojo
