#include "dojo/train/resume.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

std::string refusal(Category category, const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), category);
    return e.message();
  }
  return "";
}

class Resume : public testing::Test {
 protected:
  void write_state(const LoopState& state) {
    SafeTensors content;
    content.metadata["state"] = to_json(state);
    write_checkpoint(folder_ / "last.safetensors", content);
  }
  std::string state_refused() {
    return refusal(Category::kInput, [&] { state_to_resume(folder_); });
  }

  const TestFolder own_;
  const fs::path folder_ = own_.path();
};

TEST_F(Resume, GoesOnFromTheStateOfTheLastCheckpoint) {
  LoopState state;
  state.step = 77;
  write_state(state);
  EXPECT_EQ(state_to_resume(folder_)->step, 77);
}

TEST_F(Resume, BeginsAgainWhereNothingWasKept) {
  EXPECT_FALSE(state_to_resume(folder_));
  write_file_atomic(folder_ / "metrics.jsonl", "");
  EXPECT_FALSE(state_to_resume(folder_));
}

TEST_F(Resume, AMissingCheckpointIsNoNewBeginning) {
  write_file_atomic(folder_ / "metrics.jsonl", "{}\n");
  EXPECT_NE(state_refused().find("missing"), std::string::npos);
  fs::remove(folder_ / "metrics.jsonl");
  write_file_atomic(folder_ / "best.safetensors", "");
  EXPECT_NE(state_refused().find("missing"), std::string::npos);
}

TEST_F(Resume, AFlippedBitInTheCheckpointIsNoticed) {
  write_state({.step = 77});
  const std::string path = folder_ / "last.safetensors";
  std::string bytes = read_file(path);
  const size_t digits = bytes.find("77");
  ASSERT_NE(digits, std::string::npos);
  bytes[digits] = '8';  // still a whole file, and a step
  write_file_atomic(path, bytes);
  EXPECT_NE(state_refused().find("checksum"), std::string::npos);
}

TEST_F(Resume, AMovedEndLiesAhead) {
  LoopState state;
  state.step = 100;
  state.metrics_lines = 1;
  write_file_atomic(folder_ / "metrics.jsonl",
                    "{\"kind\":\"step\",\"time\":{\"elapsed_seconds\":120}}\n"
                    "{\"kind\":\"step\",\"time\":{\"elapsed_seconds\":999}}\n");
  RunOptions before;
  before.steps = 100;
  const auto refused = [&](int64_t steps, double minutes) {
    RunOptions now = before;
    now.steps = steps;
    now.minutes = minutes;
    return refusal(Category::kConfig, [&] { check_end(folder_, state, before, now); });
  };
  EXPECT_EQ(refused(100, 0), "");  // not moved
  EXPECT_EQ(refused(101, 0), "");
  EXPECT_EQ(refused(99, 0), "the run has done 100 steps already, --steps is 99");
  EXPECT_EQ(refused(200, 1), "the run has taken 2.00 minutes already, --minutes is 1");
  EXPECT_EQ(refused(200, 3), "");
  EXPECT_EQ(refused(100, 3), "the run has done its 100 steps; --minutes does not move that end");
  before.minutes = 1;  // the run has come to its end; more steps need more minutes
  EXPECT_EQ(refused(200, 1), "the run has taken 2.00 minutes already, --minutes is 1");
}

const std::vector<RunFile> kBefore = {{"a.mp4", 10, 7, 1, 40}, {"b/c.mp4", 20, 8, 2, 50}};

std::string files_refused(const std::vector<RunFile>& now,
                          const std::vector<Quarantined>& unusable = {}) {
  return refusal(Category::kInput, [&] { check_same_files(kBefore, now, unusable, "x"); });
}

TEST(SameFiles, AreAccepted) { EXPECT_EQ(check_same_files(kBefore, kBefore, {}, "x"), ""); }

TEST(SameFiles, OthersAreNamed) {
  EXPECT_EQ(files_refused({kBefore[0]}),
            "the recordings are not those that the run began with: gone: b/c.mp4");
  EXPECT_EQ(files_refused({kBefore[0]}, {{"/x/b/c.mp4", "input", "cut short"}}),
            "the recordings are not those that the run began with: gone: b/c.mp4 (cut short)");
  EXPECT_EQ(files_refused({kBefore[0], kBefore[1], {"d.mp4", 1, 1, 1, 1}}),
            "the recordings are not those that the run began with: new: d.mp4");
  EXPECT_EQ(files_refused({{"a.mp4", 11, 9, 1, 40}, {"d.mp4", 1, 1, 1, 1}}),
            "the recordings are not those that the run began with: gone: b/c.mp4; changed: a.mp4 "
            "(it had 10 bytes and 40 frames, now 11 bytes and 40 frames); new: d.mp4");
}

TEST(SameFiles, OtherBytesOfTheSameNumberAreNoticed) {
  EXPECT_EQ(files_refused({{"a.mp4", 10, 6, 1, 40}, kBefore[1]}),
            "the recordings are not those that the run began with: changed: a.mp4");
}

TEST(SameFiles, OtherTelemetryIsNoticedWhereTheRunReadIt) {
  std::vector<RunFile> before = kBefore, now = kBefore;
  now[0].telemetry = 5;
  EXPECT_EQ(check_same_files(before, now, {}, "x"), "");  // a run of a version that kept no hash
  before[0].telemetry = 4;
  EXPECT_EQ(refusal(Category::kInput, [&] { check_same_files(before, now, {}, "x"); }),
            "the recordings are not those that the run began with: changed: a.mp4 (its telemetry)");
}

TEST(SameFiles, ManyNamesAreCounted) {
  std::vector<RunFile> now = kBefore;
  for (int i = 0; i < 9; ++i) now.push_back({"new" + std::to_string(i), 1, 1, 1, 1});
  EXPECT_EQ(files_refused(now),
            "the recordings are not those that the run began with: new: new0, new1, new2 and 6 "
            "more");
}

TEST(SameFiles, AnotherTimeStampIsAWarning) {
  std::vector<RunFile> now = kBefore;
  now[0].modified_ns = 99;
  EXPECT_NE(check_same_files(kBefore, now, {}, "x").find("another time stamp: a.mp4;"),
            std::string::npos);
}

}  // namespace
}  // namespace dojo
