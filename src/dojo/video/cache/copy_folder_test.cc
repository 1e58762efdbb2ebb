#include "dojo/video/cache/copy_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "dojo/base/error.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBound = 4'000'000;

CopyKey key(int number) {
  return {.path = "/drives/" + std::to_string(number) + ".mp4",
          .fingerprint = "1",
          .num_frames = 1000,
          .height = 16,
          .width = 32,
          .codec = "raw"};
}

int64_t bytes_in(const TestFolder& folder) {
  int64_t bytes = 0;
  for (const CopyInfo& c : list_copies(folder.path(), false)) bytes += c.bytes;
  return bytes;
}

// Adds up to `units` units of 50 KB; returns how many were taken.
int fill(CopyFolder* folder, int number, int units) {
  const std::vector<uint8_t> bytes(50'000, static_cast<uint8_t>(number));
  const auto copy = folder->open(key(number));
  int taken = 0;
  for (int u = 0; copy && u < units; ++u) taken += folder->append(copy.get(), u, bytes);
  return taken;
}

void set_age(const TestFolder& folder, int number, int seconds) {
  const timespec times[2] = {{1'700'000'000 - seconds, 0}, {1'700'000'000 - seconds, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder / (key(number).name() + "/index")).c_str(), times, 0), 0);
}

TEST(CopyFolder, KeepsToItsSizeAndTakesOutWhatWasUsedLongestAgo) {
  TestFolder folder;
  for (int n = 0; n < 4; ++n) {
    CopyFolder cache(folder.path(), kBound);
    EXPECT_EQ(fill(&cache, n, 15), 15);
  }
  set_age(folder, 0, 10);
  set_age(folder, 1, 30);  // the oldest
  set_age(folder, 2, 20);
  CopyFolder cache(folder.path(), kBound);
  EXPECT_EQ(fill(&cache, 7, 25), 25);
  EXPECT_LE(bytes_in(folder), kBound);
  EXPECT_FALSE(fs::exists(folder / key(1).name()));
  EXPECT_TRUE(fs::exists(folder / key(3).name()));
  EXPECT_FALSE(cache.full());
}

TEST(CopyFolder, WhatItUsesItselfStaysAndThenItIsFull) {
  TestFolder folder;
  {
    CopyFolder cache(folder.path(), kBound);
    int taken = 0;
    for (int n = 0; n < 10; ++n) taken += fill(&cache, n, 20);
    EXPECT_GT(taken, 70);
    EXPECT_LE(bytes_in(folder), kBound);
    EXPECT_TRUE(cache.full());
    const std::string message = cache.take_message();
    EXPECT_NE(message.find("reached its size of 4.0 MB"), std::string::npos) << message;
    EXPECT_EQ(cache.take_message(), "");
    EXPECT_TRUE(fs::exists(folder / key(0).name()));
    EXPECT_EQ(cache.open(key(0))->units_held(), 20);
  }
  // Another run needs other recordings: then they go.
  CopyFolder other(folder.path(), kBound);
  EXPECT_EQ(fill(&other, 20, 60), 60);
  EXPECT_LE(bytes_in(folder), kBound);
}

TEST(CopyFolder, ACopyThatSomebodyWritesIsNotTakenOut) {
  TestFolder folder;
  CopyFolder writer(folder.path(), kBound);
  EXPECT_EQ(fill(&writer, 1, 70), 70);  // stays open, so it stays locked
  set_age(folder, 1, 1000);
  EXPECT_TRUE(list_copies(folder.path(), false).at(0).written_now);
  EXPECT_FALSE(remove_copy(folder.path(), key(1).name()));
  CopyFolder other(folder.path(), kBound);
  EXPECT_LT(fill(&other, 2, 60), 12);
  EXPECT_TRUE(other.full());
  EXPECT_TRUE(fs::exists(folder / key(1).name()));
}

TEST(CopyFolder, ManyCopiesNeedFewOpenFiles) {
  TestFolder folder;
  CopyFolder cache(folder.path(), int64_t{100} << 20);
  for (int n = 0; n < 300; ++n) EXPECT_EQ(fill(&cache, n, 1), 1);
  int64_t open = 0;
  for ([[maybe_unused]] const auto& fd : fs::directory_iterator("/proc/self/fd")) ++open;
  EXPECT_LT(open, 200);
  for (int n = 0; n < 300; n += 7) EXPECT_EQ(cache.open(key(n))->units_held(), 1);
}

TEST(CopyFolder, ListsAndRemoves) {
  TestFolder folder;
  {
    CopyFolder cache(folder.path(), kBound);
    fill(&cache, 5, 3);
    fill(&cache, 6, 4);
  }
  write_bytes(folder / "notes.txt", "not ours");
  set_age(folder, 6, 5);
  const std::vector<CopyInfo> copies = list_copies(folder.path(), true);
  ASSERT_EQ(copies.size(), 2u);
  EXPECT_EQ(copies[0].key, key(6));
  EXPECT_EQ(copies[0].units_held, 4);
  EXPECT_FALSE(copies[0].written_now);
  EXPECT_GE(copies[0].bytes, 200'000);
  EXPECT_TRUE(remove_copy(folder.path(), copies[0].name));
  EXPECT_FALSE(remove_copy(folder.path(), "notes.txt"));
  EXPECT_EQ(list_copies(folder.path(), true).size(), 1u);
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
  EXPECT_TRUE(list_copies(folder / "nowhere", true).empty());
}

TEST(CopyFolder, WhatKilledProcessesLeftIsRemoved) {
  TestFolder folder;
  fs::create_directory(folder / ".new-abcdef");
  fs::create_directory(folder / ".gone-0123-77");
  fs::create_directory(folder / ".new-fresh1");
  fs::create_directory(folder / "other");
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const char* name : {".new-abcdef", ".gone-0123-77", "other"})
    fs::last_write_time(folder / name, old);
  const CopyFolder cache(folder.path(), kBound);
  EXPECT_FALSE(fs::exists(folder / ".new-abcdef"));
  EXPECT_FALSE(fs::exists(folder / ".gone-0123-77"));
  EXPECT_TRUE(fs::exists(folder / ".new-fresh1"));  // somebody may be making it
  EXPECT_TRUE(fs::exists(folder / "other"));
}

TEST(CopyFolder, AFolderThatCannotBeIsAnError) {
  TestFolder folder;
  write_bytes(folder / "file", "x");
  EXPECT_THROW(CopyFolder(folder / "file/cache", kBound), Error);
  EXPECT_THROW(CopyFolder(folder / "cache", 1000), Error);
}

}  // namespace
}  // namespace dojo
