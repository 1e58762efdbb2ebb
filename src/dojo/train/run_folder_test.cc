#include "dojo/train/run_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

class RunFolders : public testing::Test {
 protected:
  static std::string refusal(const std::function<void()>& act,
                             Category category = Category::kConfig) {
    try {
      act();
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), category);
      return e.message();
    }
    return "";
  }

  const TestFolder own_;
  const fs::path root_ = own_.path();
};

TEST_F(RunFolders, AFolderWithOtherThingsInItIsRefusedAndKept) {
  write_file_atomic(root_ / "samples.txt", "mine");
  EXPECT_NE(refusal([&] { RunFolder::begin(root_); }).find("not empty"), std::string::npos);
  EXPECT_EQ(read_file(root_ / "samples.txt"), "mine");
}

TEST_F(RunFolders, AFolderWithARunIsRefusedAndResumed) {
  write_file_atomic(root_ / "config.json", "{}");
  EXPECT_NE(refusal([&] { RunFolder::begin(root_); }).find("a run already"), std::string::npos);
  EXPECT_EQ(RunFolder::resume(root_).path(), root_.string());
}

TEST_F(RunFolders, WhereThereIsNothingToResumeThatIsSaid) {
  const auto refused = [&](const char* name) {
    return refusal([&] { RunFolder::resume(root_ / name); }, Category::kInput);
  };
  EXPECT_EQ(refused("none"), "there is no such file or folder");
  write_file_atomic(root_ / "file", "");
  EXPECT_EQ(refused("file"), "not a folder");
  // Killed while it looked at the video, or in the middle of writing config.json.
  make_folder(root_ / "early");
  EXPECT_EQ(refused("early"), "nothing to resume: no config.json was written yet");
  write_file_atomic(root_ / "early/.config.json.tmp-1", "{");
  write_file_atomic(root_ / "early/algorithms.json", "{}");
  EXPECT_EQ(refused("early"), "nothing to resume: no config.json was written yet");
  RunFolder::begin(root_ / "early");
  write_file_atomic(root_ / "early/last.safetensors", "");
  EXPECT_EQ(refused("early"), "nothing to resume: there is no config.json in the folder");
}

TEST_F(RunFolders, ARunUnderWayKeepsOthersOut) {
  std::optional<RunFolder> first;
  first.emplace(RunFolder::begin(root_ / "a"));
  EXPECT_NE(refusal([&] { RunFolder::begin(root_ / "a"); }).find("running"), std::string::npos);
  write_file_atomic(root_ / "a/config.json", "{}");
  EXPECT_NE(refusal([&] { RunFolder::resume(root_ / "a"); }).find("running"), std::string::npos);
  first.reset();
  RunFolder::resume(root_ / "a");
}

TEST_F(RunFolders, NumbersAreTakenOnce) {
  const std::string prefix = root_ / "runs/predict";
  const RunFolder a = RunFolder::begin_next(prefix), b = RunFolder::begin_next(prefix);
  EXPECT_EQ(a.path(), prefix + "-001");
  EXPECT_EQ(b.path(), prefix + "-002");
}

TEST_F(RunFolders, NothingIsLeftOfARunThatNeverBegan) {
  { const RunFolder folder = RunFolder::begin(root_ / "a"); }
  EXPECT_FALSE(fs::exists(root_ / "a"));
  { const RunFolder folder = RunFolder::begin(root_); }
  EXPECT_TRUE(fs::exists(root_));  // it was there before
  {
    const RunFolder folder = RunFolder::begin_next(root_ / "deep/runs/predict");
    write_file_atomic(fs::path(folder.path()) / "algorithms.json", "{}");
  }
  EXPECT_FALSE(fs::exists(root_ / "deep"));
  { const RunFolder folder = RunFolder::begin(root_ / "b/c/"); }
  EXPECT_FALSE(fs::exists(root_ / "b"));
}

TEST_F(RunFolders, OnlyWhatWasMadeForItAndIsEmptyGoes) {
  make_folder(root_ / "runs");
  {
    const RunFolder kept = RunFolder::begin(root_ / "runs/sub/a");
    const RunFolder gone = RunFolder::begin(root_ / "runs/sub/b");
    write_file_atomic(root_ / "runs/sub/a/config.json", "{}");
  }
  EXPECT_TRUE(fs::exists(root_ / "runs/sub/a/config.json"));
  EXPECT_FALSE(fs::exists(root_ / "runs/sub/b"));
  write_file_atomic(root_ / "file", "");
  EXPECT_NE(refusal([&] { RunFolder::begin(root_ / "file"); }, Category::kIo), "");
  EXPECT_NE(refusal([&] { RunFolder::begin(root_ / "new" / std::string(300, 'x')); }, Category::kIo)
                .find("cannot make the folder"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(root_ / "new"));
}

}  // namespace
}  // namespace dojo
