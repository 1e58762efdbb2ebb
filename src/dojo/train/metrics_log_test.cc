#include "dojo/train/metrics_log.h"

#include <gtest/gtest.h>

#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

TEST(MetricsLog, ResumingCutsOffTheLinesAfterTheCheckpoint) {
  const TestFolder folder;
  const std::string path = folder / "metrics.jsonl";
  {
    MetricsLog log(path, 0, 0);
    for (const char* line : {"a", "bb", "ccc"}) log.append(line);
    EXPECT_EQ(log.lines(), 3);
  }
  MetricsLog log(path, 2, 0);
  EXPECT_EQ(log.lines(), 2);
  log.append("d");
  EXPECT_EQ(read_file(path), "a\nbb\nd\n");
}

TEST(MetricsLog, AHalfLineOfAKilledProcessIsCutOff) {
  const TestFolder folder;
  const std::string path = folder / "metrics.jsonl";
  write_file_atomic(path, "a\nb\nhal");
  MetricsLog log(path, 9, 0);
  EXPECT_EQ(log.lines(), 2);
  EXPECT_EQ(read_file(path), "a\nb\n");
}

TEST(MetricsLog, LinesOfLaterStepsDoNotStandInForLostOnes) {
  const TestFolder folder;
  const std::string path = folder / "metrics.jsonl";
  write_file_atomic(path, "{\"step\":10}\n{\"step\":20}\n{\"step\":30}\n");  // "step 0" is lost
  MetricsLog log(path, 3, 20);
  EXPECT_EQ(log.lines(), 2);
  EXPECT_EQ(read_file(path), "{\"step\":10}\n{\"step\":20}\n");
}

TEST(MetricsLog, ANewRunStartsEmpty) {
  const TestFolder folder;
  const std::string path = folder / "metrics.jsonl";
  write_file_atomic(path, "old\n");
  MetricsLog log(path, 0, 0);
  EXPECT_EQ(read_file(path), "");
}

}  // namespace
}  // namespace dojo
