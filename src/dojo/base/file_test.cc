#include "dojo/base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "dojo/base/error.h"

namespace dojo {
namespace {
namespace fs = std::filesystem;

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "dojo_file_test_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  size_t files_in_folder() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

// No file of this process may grow beyond `bytes` while this lives: a full disk without needing
// one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST_F(File, WritesAndReadsBackEveryByte) {
  std::string content;
  for (int i = 0; i < 200000; ++i) content.push_back(static_cast<char>(i * 31));
  write_file_atomic(folder_ / "a", content);
  EXPECT_EQ(read_file(folder_ / "a"), content);
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(File, ReplacesTheOldContentOnlyAtCommit) {
  write_file_atomic(folder_ / "a", "old");
  {
    AtomicFile file(folder_ / "a");
    file.write("new");
    EXPECT_EQ(read_file(folder_ / "a"), "old");
    file.commit();
    EXPECT_EQ(read_file(folder_ / "a"), "new");
  }
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(File, AWriterThatGivesUpLeavesNothing) {
  write_file_atomic(folder_ / "a", "old");
  { AtomicFile(folder_ / "a").write("half"); }
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(File, AFullDiskNamesTheFileAndKeepsTheOldOne) {
  write_file_atomic(folder_ / "a", "old");
  const FileSizeLimit limit(1000);
  try {
    write_file_atomic(folder_ / "a", std::string(5000, 'x'));
    FAIL() << "5000 bytes were written where 1000 are allowed";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kIo);
    EXPECT_EQ(error.where(), (folder_ / "a").string());
    EXPECT_NE(error.hint().find("unchanged"), std::string::npos) << error.what();
  }
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(File, RemovesWhatAKilledWriterLeftButNotALivingOnes) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);  // from here on no process has this id
  const fs::path dead = folder_ / (".a.tmp-" + std::to_string(child));
  const fs::path living = folder_ / (".a.tmp-" + std::to_string(::getppid()));
  std::ofstream(dead) << "half";
  std::ofstream(living) << "half";
  write_file_atomic(folder_ / "a", "whole");
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(living));
}

TEST_F(File, MissingFoldersAndFilesAreNamed) {
  try {
    write_file_atomic(folder_ / "none" / "a", "x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), (folder_ / "none" / "a").string());
  }
  EXPECT_THROW(read_file(folder_ / "none"), Error);
  EXPECT_THROW(read_file(folder_), Error);
}

TEST_F(File, ReadsNoMoreThanAllowed) {
  write_file_atomic(folder_ / "a", "12345");
  EXPECT_EQ(read_file(folder_ / "a", 5), "12345");
  EXPECT_THROW(read_file(folder_ / "a", 4), Error);
}

TEST_F(File, MakesFoldersAndRefusesAFileInTheWay) {
  make_folder(folder_ / "b" / "c");
  EXPECT_TRUE(fs::is_directory(folder_ / "b" / "c"));
  make_folder(folder_ / "b" / "c");
  write_file_atomic(folder_ / "a", "");
  EXPECT_THROW(make_folder(folder_ / "a"), Error);
  EXPECT_THROW(make_folder(folder_ / "a" / "b"), Error);
}

}  // namespace
}  // namespace dojo
