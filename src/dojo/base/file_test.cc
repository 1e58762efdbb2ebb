#include "dojo/base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "dojo/base/error.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {
namespace fs = std::filesystem;

class File : public testing::Test {
 protected:
  size_t files_in_folder() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const TestFolder own_;
  const fs::path folder_ = own_.path();
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

TEST_F(File, PipesDevicesAndFoldersAreRefusedAtOnce) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const fs::path& path : {folder_ / "pipe", fs::path("/dev/zero"), folder_}) {
    try {
      read_file(path);
      FAIL() << path << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kInput);
      EXPECT_EQ(error.where(), path.string());
    }
  }
}

// Standard input is this descriptor while it lives.
class StandardInput {
 public:
  explicit StandardInput(int fd) : own_(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) {
    ::dup2(fd, STDIN_FILENO);
    ::close(fd);
  }
  ~StandardInput() {
    ::close(STDIN_FILENO);
    if (own_ == -1) return;  // there was none
    ::dup2(own_, STDIN_FILENO);
    ::close(own_);
  }

 private:
  int own_;
};

TEST_F(File, ReadsStandardInputToItsEndOrSaysWhyNot) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  write_all(ends[1], "12345", "pipe");
  ::close(ends[1]);
  {
    const StandardInput input(ends[0]);
    EXPECT_EQ(read_standard_input(5), "12345");
  }
  write_file_atomic(folder_ / "a", "12345");
  {
    const StandardInput input(::open((folder_ / "a").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_THROW(read_standard_input(4), Error);
  }
  const StandardInput input(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
  try {
    read_standard_input(5);
    FAIL() << "a folder was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kIo);
    EXPECT_EQ(error.where(), "standard input");
  }
}

TEST_F(File, PipesAndDevicesAreNotReplaced) {
  const fs::path pipe = folder_ / "pipe", link = folder_ / "link";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("pipe", link);
  for (const fs::path& path : {pipe, link}) {
    try {
      write_file_atomic(path, "x");
      ADD_FAILURE() << path << " was replaced";
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kIo);
      EXPECT_EQ(error.where(), path.string());
    }
  }
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_TRUE(fs::is_symlink(link));
}

TEST_F(File, ALinkStaysAndItsFileIsReplaced) {
  fs::create_directory(folder_ / "far");
  write_file_atomic(folder_ / "far" / "a", "old");
  fs::create_symlink("far/a", folder_ / "link");
  write_file_atomic(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "far" / "a"), "new");
}

TEST_F(File, WritesAllWhereThePipeTakesOnlyParts) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  std::string content, got;
  for (int i = 0; i < 1000000; ++i) content.push_back(static_cast<char>(i * 31));
  std::thread reader([&] {
    char buffer[1000];
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      got.append(buffer, static_cast<size_t>(n));
  });
  write_all(ends[1], content, "pipe");
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_EQ(got, content);
}

TEST_F(File, AShortWriteIsFollowedByTheSystemsReason) {
  const int fd = ::open((folder_ / "a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_NE(fd, -1);
  const FileSizeLimit limit(1000);
  errno = EPERM;  // of something long ago
  try {
    write_all(fd, std::string(5000, 'x'), folder_ / "a");
    FAIL() << "5000 bytes were written where 1000 are allowed";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kIo);
    EXPECT_NE(error.message().find(std::strerror(EFBIG)), std::string::npos) << error.what();
  }
  ::close(fd);
  EXPECT_EQ(fs::file_size(folder_ / "a"), 1000u);
}

TEST_F(File, WhatIsNotThereIsToldFromALinkThatLeadsNowhere) {
  const auto told = [&](const char* name) -> std::string {
    try {
      check_exists(folder_ / name);
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_EQ(e.where(), (folder_ / name).string());
      return e.message();
    }
    return "";
  };
  write_file_atomic(folder_ / "a", "");
  fs::create_symlink("a", folder_ / "good");
  fs::create_symlink("gone", folder_ / "dangling");
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_EQ(told("a"), "");
  EXPECT_EQ(told("good"), "");
  EXPECT_EQ(told("none"), "there is no such file or folder");
  EXPECT_EQ(told("a/b"), "there is no such file or folder");
  EXPECT_EQ(told("dangling"), "a link to gone, which does not exist");
  EXPECT_EQ(told("loop"), "a link that leads back to itself");
}

TEST_F(File, MakesFoldersAndRefusesAFileInTheWay) {
  make_folder(folder_ / "b" / "c");
  EXPECT_TRUE(fs::is_directory(folder_ / "b" / "c"));
  make_folder(folder_ / "b" / "c");
  write_file_atomic(folder_ / "a", "");
  EXPECT_THROW(make_folder(folder_ / "a"), Error);
  EXPECT_THROW(make_folder(folder_ / "a" / "b"), Error);
}

TEST_F(File, RenamingTakesThePlaceOfAFile) {
  write_file_atomic(folder_ / "next", "new");
  write_file_atomic(folder_ / "now", "old");
  rename_file(folder_ / "next", folder_ / "now");
  EXPECT_EQ(read_file(folder_ / "now"), "new");
  EXPECT_FALSE(fs::exists(folder_ / "next"));
  try {
    rename_file(folder_ / "next", folder_ / "now");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kIo);
    EXPECT_EQ(e.where(), folder_ / "next");
  }
}

}  // namespace
}  // namespace dojo
