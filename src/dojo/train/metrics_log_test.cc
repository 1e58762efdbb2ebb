#include "dojo/train/metrics_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "dojo/base/file.h"

namespace dojo {
namespace {

std::string fresh_path() {
  const auto path =
      std::filesystem::temp_directory_path() /
      ("metrics_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
       std::to_string(getpid()) + ".jsonl");
  std::filesystem::remove(path);
  return path;
}

TEST(MetricsLog, ResumingCutsOffTheLinesAfterTheCheckpoint) {
  const std::string path = fresh_path();
  {
    MetricsLog log(path, 0, 0);
    for (const char* line : {"a", "bb", "ccc"}) log.append(line);
    EXPECT_EQ(log.lines(), 3);
  }
  MetricsLog log(path, 2, 0);
  EXPECT_EQ(log.lines(), 2);
  log.append("d");
  EXPECT_EQ(read_file(path), "a\nbb\nd\n");
  std::filesystem::remove(path);
}

TEST(MetricsLog, AHalfLineOfAKilledProcessIsCutOff) {
  const std::string path = fresh_path();
  write_file_atomic(path, "a\nb\nhal");
  MetricsLog log(path, 9, 0);
  EXPECT_EQ(log.lines(), 2);
  EXPECT_EQ(read_file(path), "a\nb\n");
  std::filesystem::remove(path);
}

TEST(MetricsLog, LinesOfLaterStepsDoNotStandInForLostOnes) {
  const std::string path = fresh_path();
  write_file_atomic(path, "{\"step\":10}\n{\"step\":20}\n{\"step\":30}\n");  // "step 0" is lost
  MetricsLog log(path, 3, 20);
  EXPECT_EQ(log.lines(), 2);
  EXPECT_EQ(read_file(path), "{\"step\":10}\n{\"step\":20}\n");
  std::filesystem::remove(path);
}

TEST(MetricsLog, ANewRunStartsEmpty) {
  const std::string path = fresh_path();
  write_file_atomic(path, "old\n");
  MetricsLog log(path, 0, 0);
  EXPECT_EQ(read_file(path), "");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace dojo
