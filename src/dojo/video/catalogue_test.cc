#include "dojo/video/catalogue.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/sqlite.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

Catalogue::Entry entry(int64_t frames) {
  FrameIndex index{.codec = "h264",
                   .width = 64,
                   .height = 48,
                   .stored_width = 64,
                   .stored_height = 48,
                   .keys = {{0, 0, 0, 0}}};
  for (int64_t i = 0; i < frames; ++i) index.pts.push_back(i);
  Catalogue::Entry e;
  e.fingerprint = {.size = 5, .mtime_ns = 6, .hash = ~uint64_t{0}};
  e.index = std::make_shared<const FrameIndex>(std::move(index));
  return e;
}

int64_t frames_of(const std::optional<Catalogue::Entry>& e) {
  return e && e->index ? e->index->num_frames() : -1;
}

TEST(Catalogue, RemembersWhatItWasTold) {
  const TestFolder folder;
  const std::string path = folder / "deep/er/catalogue.sqlite", odd = "/caf\xE9\n'x.mp4";
  {
    Catalogue catalogue(path);
    EXPECT_FALSE(catalogue.find(odd));
    catalogue.store(odd, entry(3));
    catalogue.store(odd, entry(4));
    Catalogue::Entry bad;
    bad.problem = Quarantined{"x", "input", "no \xE9 video"};
    catalogue.store("/bad.mp4", bad);
  }
  Catalogue catalogue(path);
  const auto known = catalogue.find(odd);
  EXPECT_EQ(frames_of(known), 4);
  EXPECT_EQ(known->fingerprint, entry(4).fingerprint);
  EXPECT_FALSE(known->problem);
  const auto bad = catalogue.find("/bad.mp4");
  ASSERT_TRUE(bad && bad->problem && !bad->index);
  EXPECT_EQ(bad->problem->reason, "no \xE9 video");
  EXPECT_TRUE(bad->problem->whole_file);
  EXPECT_GT(bad->problem->noted_at, 1'700'000'000);
  catalogue.note(odd, {"", "io", "it crashed", false});
  EXPECT_EQ(catalogue.find(odd)->problem->reason, "it crashed");
  EXPECT_FALSE(catalogue.find(odd)->problem->whole_file);
  EXPECT_EQ(frames_of(catalogue.find(odd)), 4);
  catalogue.note("/never/seen.mp4", {"", "io", "it crashed"});
  EXPECT_FALSE(catalogue.find("/never/seen.mp4"));
  EXPECT_TRUE(catalogue.take_messages().empty());
}

TEST(Catalogue, ForgetsFilesAndGivesTheirRoomBack) {
  const TestFolder folder;
  const std::string path = folder / "c.sqlite";
  std::vector<std::string> some;
  {
    Catalogue catalogue(path);
    for (int i = 0; i < 100; ++i) {
      catalogue.store("/" + std::to_string(i), entry(2000));
      if (i >= 10) some.push_back("/" + std::to_string(i));
    }
    catalogue.store("/caf\xE9", entry(3));
    EXPECT_EQ(catalogue.files().size(), 101u);
  }
  const auto before = std::filesystem::file_size(path);
  {
    Catalogue catalogue(path);
    EXPECT_EQ(catalogue.forget(some), 90);
    EXPECT_EQ(frames_of(catalogue.find("/9")), 2000);
    EXPECT_EQ(frames_of(catalogue.find("/10")), -1);
    catalogue.store("/new", entry(4));
    const std::vector<std::string> left = catalogue.files();
    EXPECT_EQ(left.size(), 12u);
    EXPECT_EQ(left.back(), "/new");
    EXPECT_EQ(left[left.size() - 2], "/caf\xE9");
    EXPECT_TRUE(catalogue.take_messages().empty());
  }
  EXPECT_LT(std::filesystem::file_size(path), before / 4);
}

TEST(Catalogue, WhatIsNoCatalogueIsMovedAsideAndSaid) {
  const TestFolder folder;
  const std::string path = folder / "c.sqlite";
  const auto expect_rebuilt = [&](int number) {
    Catalogue catalogue(path);
    const auto messages = catalogue.take_messages();
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_NE(messages[0].find(path + ".damaged"), std::string::npos) << messages[0];
    catalogue.store("/a", entry(number));
    EXPECT_EQ(frames_of(catalogue.find("/a")), number);
  };
  write_bytes(path, "years of work");
  expect_rebuilt(1);
  EXPECT_EQ(read_bytes(path + ".damaged"), "years of work");
  std::filesystem::remove(path);
  sqlite::Database(path).run("CREATE TABLE mine (x); INSERT INTO mine VALUES (7)");
  expect_rebuilt(2);
  EXPECT_EQ(sqlite::Database(path + ".damaged-2").number("SELECT x FROM mine"), 7);
  sqlite::Database(path).run("PRAGMA user_version = 99");
  expect_rebuilt(3);
  sqlite::Database(path).run("DROP TABLE file");
  expect_rebuilt(4);
  const std::string whole = read_bytes(path);
  write_bytes(path, whole.substr(0, whole.size() / 2 - 100));
  std::filesystem::remove(path + "-wal");
  Catalogue cut(path);  // noticed now or when it is read
  cut.store("/b", entry(5));
  EXPECT_TRUE(frames_of(cut.find("/a")) == 4 || frames_of(cut.find("/a")) == -1);
}

TEST(Catalogue, AFileThatIsNotNamedAsOneIsLeftAlone) {
  const TestFolder folder;
  write_bytes(folder / "drive.mp4", "a film");
  sqlite::Database(folder / "other.db").run("CREATE TABLE mine (x)");
  for (const char* name : {"drive.mp4", "other.db"}) {
    const std::string before = read_bytes(folder / name);
    try {
      Catalogue{folder / name};
      ADD_FAILURE() << name;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kConfig);
      EXPECT_EQ(e.where(), folder / name);
    }
    EXPECT_EQ(read_bytes(folder / name), before);
  }
  const auto files = std::filesystem::directory_iterator(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 2);
  Catalogue(folder / "new").store("/a", entry(1));
  EXPECT_EQ(frames_of(Catalogue(folder / "new").find("/a")), 1);
}

TEST(Catalogue, FlippedBitsNeverGiveAWrongAnswer) {
  const TestFolder folder;
  const std::string good = folder / "good.sqlite", path = folder / "c.sqlite";
  {
    Catalogue catalogue(good);
    for (int i = 0; i < 40; ++i) catalogue.store("/" + std::to_string(i), entry(500 + i));
  }
  ASSERT_FALSE(std::filesystem::exists(good + "-wal"));  // it is all in one file
  const std::string bytes = read_bytes(good);
  Random random(1);
  int lost = 0;
  for (int variant = 0; variant < 60; ++variant) {
    std::string bad = bytes;
    for (int k = 0; k < 30; ++k)
      bad[static_cast<size_t>(random.below(variant % 3 ? std::ssize(bad) : 4096))] ^=
          static_cast<char>(1 << random.below(8));
    for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(path + part);
    write_bytes(path, bad);
    Catalogue catalogue(path);
    for (int i = 0; i < 40; ++i) {
      const int64_t frames = frames_of(catalogue.find("/" + std::to_string(i)));
      EXPECT_TRUE(frames == 500 + i || frames == -1) << frames;
      lost += frames == -1;
    }
    catalogue.store("/new", entry(9));
    catalogue.store("/new", entry(9));  // the first may have met the damage
    EXPECT_EQ(frames_of(catalogue.find("/new")), 9) << variant;
  }
  EXPECT_GT(lost, 100);
}

TEST(Catalogue, WithoutAFolderThatCanBeWrittenItLivesInMemoryAndSaysSo) {
  const TestFolder folder;
  write_bytes(folder / "file", "");
  Catalogue catalogue(folder / "file/opendojo/catalogue.sqlite");
  catalogue.store("/a", entry(3));
  EXPECT_EQ(frames_of(catalogue.find("/a")), 3);
  const auto messages = catalogue.take_messages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_NE(messages[0].find("cannot be used"), std::string::npos);
  EXPECT_TRUE(catalogue.take_messages().empty());
  Catalogue nowhere("");
  nowhere.store("/a", entry(3));
  EXPECT_EQ(frames_of(nowhere.find("/a")), 3);
  EXPECT_THROW(Catalogue(folder.path()), Error);
}

TEST(Catalogue, ManyProcessesMayUseItAtOnce) {
  const TestFolder folder;
  const std::string path = folder / "c.sqlite";
  for (const bool damaged : {false, true}) {
    if (damaged) write_bytes(path, "no database");
    std::vector<pid_t> children;
    for (int child = 0; child < 4; ++child) {
      const pid_t pid = fork();
      ASSERT_GE(pid, 0);
      if (pid == 0) {
        Catalogue catalogue(path);
        bool good = true;
        for (int i = 0; i < 200; ++i) {
          const std::string own = "/" + std::to_string(child) + "/" + std::to_string(i);
          catalogue.store(own, entry(i + 1));
          catalogue.store("/shared", entry(1 + i % 7));
          good &= frames_of(catalogue.find(own)) == i + 1;
          good &= frames_of(catalogue.find("/shared")) >= 1;
        }
        _exit(good ? 0 : 1);
      }
      children.push_back(pid);
    }
    for (pid_t pid : children) {
      int status = 0;
      ASSERT_EQ(waitpid(pid, &status, 0), pid);
      EXPECT_EQ(status, 0);
    }
    Catalogue catalogue(path);
    int known = 0;
    for (int child = 0; child < 4; ++child)
      for (int i = 0; i < 200; ++i)
        known += frames_of(catalogue.find("/" + std::to_string(child) + "/" + std::to_string(i))) ==
                 i + 1;
    EXPECT_EQ(known, 800);
    EXPECT_EQ(std::filesystem::exists(path + ".damaged"), damaged);
    EXPECT_FALSE(std::filesystem::exists(path + ".damaged-2"));
    std::filesystem::remove(path);
    for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(path + part);
  }
}

TEST(Catalogue, LivesInTheUsersCacheFolder) {
  const char* was = std::getenv("XDG_CACHE_HOME");
  const std::string before = was ? was : "";
  setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(Catalogue::default_path(), "/somewhere/opendojo/catalogue.sqlite");
  if (was)
    setenv("XDG_CACHE_HOME", before.c_str(), 1);
  else
    unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace dojo
