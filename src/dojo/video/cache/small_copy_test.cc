// Whatever happens to a copy's files and to those who write them, a unit that is read is the unit
// that was written.
#include "dojo/video/cache/small_copy.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "dojo/base/random.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

constexpr int64_t kUnits = 60;

CopyKey key() {
  return {.path = "/drives/a.mp4",
          .fingerprint = "123-abc",
          .num_frames = kUnits * 8 - 3,
          .height = 16,
          .width = 32,
          .codec = "test",
          .unit_frames = 8};
}

// The unit's bytes: different lengths, different content.
std::vector<uint8_t> unit(int64_t number, uint64_t version = 0) {
  Random random(version, stream_id("unit"), static_cast<uint64_t>(number));
  std::vector<uint8_t> bytes(static_cast<size_t>(200 + random.below(5000)));
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random.below(256));
  return bytes;
}

std::unique_ptr<SmallCopy> open(const TestFolder& folder) {
  std::string problem;
  std::unique_ptr<SmallCopy> copy = SmallCopy::open(folder.path(), key(), &problem);
  EXPECT_TRUE(copy) << problem;
  return copy;
}

std::string file(const TestFolder& folder, const char* name) {
  return folder / (key().name() + "/" + name);
}

// Reads all units that are held. Each must be right; returns how many there are.
int64_t read_all(SmallCopy* copy) {
  int64_t held = 0;
  for (int64_t u = 0; u < kUnits; ++u) {
    std::vector<uint8_t> bytes(static_cast<size_t>(copy->unit_bytes(u)));
    if (bytes.empty() || !copy->read(u, bytes)) continue;
    EXPECT_EQ(bytes, unit(u)) << u;
    ++held;
  }
  EXPECT_EQ(copy->units_held(), held);
  return held;
}

void fill(SmallCopy* copy) {
  for (int64_t u = 0; u < kUnits; ++u)
    if (copy->unit_bytes(u) == 0) {
      ASSERT_TRUE(copy->append(u, unit(u))) << copy->problem();
    }
}

TEST(SmallCopy, GivesBackWhatItWasGivenAlsoLater) {
  TestFolder folder;
  auto copy = open(folder);
  EXPECT_TRUE(copy->writable());
  EXPECT_EQ(copy->units_held(), 0);
  for (int64_t u : {7, 3, 0, 59}) ASSERT_TRUE(copy->append(u, unit(u)));
  EXPECT_EQ(read_all(copy.get()), 4);
  EXPECT_EQ(copy->unit_bytes(5), 0);
  copy.reset();
  copy = open(folder);
  EXPECT_EQ(read_all(copy.get()), 4);
  fill(copy.get());
  EXPECT_EQ(read_all(copy.get()), kUnits);
  EXPECT_EQ(copy->key(), key());
  EXPECT_EQ(copy->key().frames_of(59), 5);
}

TEST(SmallCopy, OfTwoWritesTheLaterOneCounts) {
  TestFolder folder;
  auto copy = open(folder);
  ASSERT_TRUE(copy->append(4, unit(4, 1)));
  ASSERT_TRUE(copy->append(4, unit(4)));
  EXPECT_EQ(read_all(copy.get()), 1);
  copy.reset();
  EXPECT_EQ(read_all(open(folder).get()), 1);
}

TEST(SmallCopy, EveryDifferenceOfTheSourceIsAnotherCopy) {
  TestFolder folder;
  fill(open(folder).get());
  std::vector<CopyKey> others(8, key());
  others[0].path = "/drives/b.mp4";
  others[1].fingerprint = "124-abc";
  others[2].num_frames += 1;
  others[3].height = 18;
  others[4].width = 34;
  others[5].codec = "raw";
  others[6].unit_frames = 4;
  others[7].content_version += 1;
  for (const CopyKey& other : others) {
    std::string problem;
    const auto copy = SmallCopy::open(folder.path(), other, &problem);
    ASSERT_TRUE(copy) << problem;
    EXPECT_EQ(copy->units_held(), 0);
  }
  // Nor is a copy taken for another one because its folder has that one's name.
  std::filesystem::rename(folder / key().name(), folder / "moved");
  std::filesystem::rename(folder / others[0].name(), folder / key().name());
  std::string problem;
  EXPECT_FALSE(SmallCopy::open(folder.path(), key(), &problem));
  EXPECT_NE(problem.find("something else"), std::string::npos);
}

TEST(SmallCopy, ImpossibleKeysAreRefused) {
  TestFolder folder;
  CopyKey none = key(), long_path = key(), endless = key();
  none.num_frames = 0;
  long_path.path.assign(100000, 'x');
  endless.num_frames = int64_t{1} << 40;
  for (const CopyKey& k : {none, long_path, endless}) {
    std::string problem;
    EXPECT_FALSE(SmallCopy::open(folder.path(), k, &problem));
    EXPECT_FALSE(problem.empty());
  }
  std::string problem;
  EXPECT_FALSE(SmallCopy::open("/proc/nowhere", key(), &problem));
  EXPECT_FALSE(problem.empty());
}

TEST(SmallCopy, FilesCutAnywhereLoseUnitsAndNothingElse) {
  TestFolder folder;
  fill(open(folder).get());
  const std::string data = read_bytes(file(folder, "frames")),
                    index = read_bytes(file(folder, "index"));
  Random random(1, stream_id("cut"));
  for (int i = 0; i < 120; ++i) {
    const size_t data_end =
        static_cast<size_t>(random.below(static_cast<int64_t>(data.size()) + 1));
    const size_t index_end =
        i % 2 ? index.size()
              : static_cast<size_t>(random.below(static_cast<int64_t>(index.size())));
    write_bytes(file(folder, "frames"), data.substr(0, data_end));
    write_bytes(file(folder, "index"), index.substr(0, index_end));
    auto copy = open(folder);
    EXPECT_LE(read_all(copy.get()), static_cast<int64_t>(index_end / 32));
    fill(copy.get());  // and it goes on from there
    EXPECT_EQ(read_all(copy.get()), kUnits);
    copy.reset();
    EXPECT_EQ(read_all(open(folder).get()), kUnits);
  }
}

TEST(SmallCopy, NoFlippedBitIsEverHandedOut) {
  TestFolder folder;
  fill(open(folder).get());
  const std::string data = read_bytes(file(folder, "frames")),
                    index = read_bytes(file(folder, "index"));
  Random random(2, stream_id("flip"));
  int64_t noticed = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = i % 2 ? index : data;
    const size_t at = static_cast<size_t>(random.below(static_cast<int64_t>(bytes.size())));
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
    write_bytes(file(folder, i % 2 ? "index" : "frames"), bytes);
    auto copy = open(folder);
    const int64_t held = read_all(copy.get());
    noticed += held < kUnits;
    fill(copy.get());
    EXPECT_EQ(read_all(copy.get()), kUnits);
    copy.reset();
    write_bytes(file(folder, "frames"), data);
    write_bytes(file(folder, "index"), index);
  }
  EXPECT_GT(noticed, 280);  // the others hit the gaps between units
}

TEST(SmallCopy, AFileThatShrinksWhileItIsReadIsAMissingUnit) {
  TestFolder folder;
  auto copy = open(folder);
  fill(copy.get());
  std::filesystem::resize_file(file(folder, "frames"), 5000);
  EXPECT_LT(read_all(copy.get()), 5);
  EXPECT_GT(copy->damaged_units(), 50);
}

TEST(SmallCopy, AWriterKilledAtAnyMomentLeavesAGoodCopy) {
  TestFolder folder;
  int64_t most = 0;
  for (int round = 0; round < 40; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      std::string problem;
      for (;;) {
        const auto copy = SmallCopy::open(folder.path(), key(), &problem);
        if (!copy || !copy->writable()) _exit(1);
        for (int64_t u = 0; u < kUnits; ++u)
          copy->append((u * 7 + round) % kUnits, unit((u * 7 + round) % kUnits));
        std::filesystem::remove_all(folder / key().name());  // so that making it is hit too
      }
    }
    usleep(static_cast<useconds_t>(500 + 977 * (round % 13)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    auto copy = open(folder);
    ASSERT_TRUE(copy);
    EXPECT_TRUE(copy->writable());
    most = std::max(most, read_all(copy.get()));
  }
  EXPECT_GT(most, 5);
}

TEST(SmallCopy, AFullDiskAtAnyByteEndsTheGrowthAndHarmsNothing) {
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  int64_t seen_full = 0;
  for (rlim_t limit = 1; limit < 40000; limit += 641) {
    TestFolder folder;
    const rlimit small{limit, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    std::string problem;
    auto copy = SmallCopy::open(folder.path(), key(), &problem);
    int64_t held = 0;
    if (copy) {
      while (held < kUnits && copy->append(held, unit(held))) ++held;
      EXPECT_FALSE(copy->writable());
      EXPECT_NE(copy->problem().find("cannot grow"), std::string::npos);
      EXPECT_EQ(read_all(copy.get()), held);
      ++seen_full;
    } else {
      EXPECT_NE(problem.find("header"), std::string::npos);
    }
    setrlimit(RLIMIT_FSIZE, &before);
    copy.reset();
    copy = open(folder);  // there is room again
    EXPECT_EQ(read_all(copy.get()), held);
    fill(copy.get());
    EXPECT_EQ(read_all(copy.get()), kUnits);
  }
  std::signal(SIGXFSZ, old);
  EXPECT_GT(seen_full, 50);
}

TEST(SmallCopy, OneWritesTheOthersReadWhatItAdds) {
  TestFolder folder;
  auto writer = open(folder);
  int to_child[2], to_parent[2];
  ASSERT_EQ(pipe(to_child), 0);
  ASSERT_EQ(pipe(to_parent), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(to_child[1]);
    std::string problem;
    const auto reader = SmallCopy::open(folder.path(), key(), &problem);
    bool good = reader && !reader->writable() && !reader->append(1, unit(1));
    for (int64_t u = 0; good && u < kUnits; ++u) {
      char c = 'n';
      good = reader->unit_bytes(u) == 0 && write(to_parent[1], &c, 1) == 1 &&
             ::read(to_child[0], &c, 1) == 1;
      std::vector<uint8_t> bytes(good ? static_cast<size_t>(reader->unit_bytes(u)) : 0);
      good = good && bytes.size() > 0 && reader->read(u, bytes) && bytes == unit(u);
    }
    _exit(good ? 0 : 1);
  }
  close(to_parent[1]);
  for (int64_t u = 0; u < kUnits; ++u) {
    char c;
    if (::read(to_parent[0], &c, 1) != 1) break;
    ASSERT_TRUE(writer->append(u, unit(u)));
    ASSERT_EQ(write(to_child[1], &c, 1), 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  for (int fd : {to_child[0], to_child[1], to_parent[0]}) close(fd);
  writer.reset();
  EXPECT_TRUE(open(folder)->writable());
}

TEST(SmallCopy, DamagedHeadersAreReplacedButNotUnderAWriter) {
  TestFolder folder;
  fill(open(folder).get());
  const std::string data = read_bytes(file(folder, "frames"));
  for (size_t at : {0, 9, 13, 17, 30, 60}) {
    std::string bytes = data;
    bytes[at] ^= 1;
    write_bytes(file(folder, "frames"), bytes);
    auto copy = open(folder);
    ASSERT_TRUE(copy) << at;
    EXPECT_EQ(copy->units_held(), 0);
    fill(copy.get());
    EXPECT_EQ(read_all(copy.get()), kUnits);
  }
  auto writer = open(folder);
  std::string bytes = data;
  bytes[30] ^= 1;
  {
    std::fstream out(file(folder, "frames"), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(30);
    out.put(bytes[30]);
  }
  std::string problem;
  EXPECT_FALSE(SmallCopy::open(folder.path(), key(), &problem));
  EXPECT_EQ(read_all(writer.get()), kUnits);
}

}  // namespace
}  // namespace dojo
