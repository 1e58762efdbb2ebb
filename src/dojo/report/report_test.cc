#include "dojo/report/report.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/report/test_report.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

using Report = ReportTest;

// To accept a new look: DOJO_UPDATE_GOLDEN=1 dojo_report_test, then read the difference.
TEST_F(Report, OfATinyRunIsTheGoldenOne) {
  copy_golden();
  const std::string page = body_of(rendered());
  if (std::getenv("DOJO_UPDATE_GOLDEN"))
    std::ofstream(golden / "report.body.html", std::ios::binary) << page;
  EXPECT_EQ(page, read_file(golden / "report.body.html"));
}

TEST_F(Report, SaysThatNothingWasLearnedAndThatTheEndOfTheSameRecordingIsEasier) {
  copy_golden();
  const std::string before = rendered();
  EXPECT_FALSE(holds(before, "Nothing was learned"));
  EXPECT_FALSE(holds(before, "easier than another drive"));
  const std::string first = R"({"kind":"eval","step":0,"mse":4,"copy_last_mse":4,"score":1})"
                            "\n";
  const std::string last = R"({"kind":"final","step":9,"best_step":0,"reason":"steps"})"
                           "\n";
  put("metrics.jsonl", first + last);
  EXPECT_TRUE(holds(rendered(), "No later state was evaluated"));
  put("metrics.jsonl", first +
                           R"({"kind":"eval","step":9,"mse":5,"copy_last_mse":4,"score":1.25})"
                           "\n" +
                           last);
  put("config.json", R"({"train":["a.mp4"],"held_out":["a.mp4"]})");
  const std::string page = rendered();
  EXPECT_TRUE(holds(page, "Nothing was learned"));
  EXPECT_TRUE(holds(page, "easier than another drive"));
}

TEST_F(Report, TheBestStateOfAnUnfinishedRunIsThatOfTheBestWeights) {
  copy_golden();
  put("metrics.jsonl", R"({"kind":"eval","step":10,"mse":4,"copy_last_mse":10,"score":0.9})"
                       "\n"
                       R"({"kind":"eval","step":20,"mse":5,"copy_last_mse":10,"score":0.8})"
                       "\n");
  EXPECT_TRUE(holds(rendered(), "best state so far, at step 20."));
}

TEST_F(Report, SaysThatNoFileWasGivenUpOnlyWhereThatIsKnown) {
  put("config.json", "{}");
  EXPECT_FALSE(holds(rendered(), "every file could be read"));
  put("quarantine.jsonl", "{\"path\":");
  EXPECT_FALSE(holds(rendered(), "every file could be read"));
  put("quarantine.jsonl", "");
  EXPECT_TRUE(holds(rendered(), "every file could be read"));
}

TEST_F(Report, ListsWhatTheRunWarnedOf) {
  copy_golden();
  EXPECT_FALSE(holds(rendered(), "warned of"));
  std::ofstream(folder / "metrics.jsonl", std::ios::app)
      << R"({"kind":"warning","step":0,"message":"not trained on, copies: <b>c.mp4"})"
         "\n";
  EXPECT_TRUE(holds(rendered(),
                    "<b>What the run warned of</b><ul><li>not trained on, copies: "
                    "&lt;b&gt;c.mp4</li></ul>"));
}

TEST_F(Report, WritesOneFileWithoutOutsideReferences) {
  copy_golden();
  write_report(folder.string());
  const std::string page = read_file(folder / "report.html");
  EXPECT_EQ(page, rendered());
  for (const char* outside : {"http:", "https:", "src=\"/", "<link", "@import", "url("})
    EXPECT_FALSE(holds(page, outside)) << outside;
  size_t images = 0;
  for (size_t at = page.find("<img "); at != std::string::npos; at = page.find("<img ", at + 1))
    ++images;
  EXPECT_EQ(images, 6u);
}

TEST_F(Report, HostileNamesStayText) {
  const std::string evil = R"(\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;)";
  put("config.json", R"({"command":["dojo",")" + evil + R"("],"train":[")" + evil +
                         R"("],"held_out":[],"task":")" + evil + R"(","seed":")" + evil +
                         R"(","dojo_version":")" + evil + R"(","threads":")" + evil +
                         R"(","options":{")" + evil + R"(":")" + evil + R"("},"model":{")" + evil +
                         R"(":1}})");
  put("metrics.jsonl",
      R"({"kind":"eval","step":5,"mse":0.03,"copy_last_mse":0.01,"by_recording":{")" + evil +
          R"(":{"mse":1}}})"
          "\n" +
          R"({"kind":"final","step":5,"reason":")" + evil + R"(","problem":")" + evil +
          R"("})"
          "\n");
  put("quarantine.jsonl", R"({"path":")" + evil + R"(","category":")" + evil + R"(","reason":")" +
                              evil +
                              R"("})"
                              "\n");
  put("samples/0.png", "\x89PNG\r\n\x1a\n");
  put("samples/samples.json",
      R"([{"recording":")" + evil +
          R"(","error_scale":1,"error_colours":["red;}</style>","#12345g"],"images":{"truth":"0.png",")" +
          evil + R"(":"0.png","last":"../../etc/passwd","flow":"/etc/passwd","error":")" + evil +
          R"("}}])");
  const std::string page = body_of(rendered());
  EXPECT_FALSE(holds(page, "<script"));
  EXPECT_FALSE(holds(page, "<img src=x"));
  EXPECT_FALSE(holds(page, "'><"));
  EXPECT_FALSE(holds(page, "red;}"));
  EXPECT_FALSE(holds(page, "root:"));
  EXPECT_TRUE(holds(page, "&#39;../../etc/passwd&#39; is not the name of a file beside it"));
  EXPECT_TRUE(holds(page, "&lt;script&gt;alert(1)"));
}

TEST_F(Report, AFolderThatIsNoRunIsRefused) {
  for (const std::string& path :
       {folder.string(), (folder / "missing").string(), std::string("/dev/null")}) {
    try {
      write_report(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kInput) << path;
      EXPECT_EQ(error.where(), path);
    }
  }
  EXPECT_FALSE(fs::exists(folder / "report.html"));
}

TEST_F(Report, ARunThatHasJustBegunSaysSo) {
  put("config.json", "{}");
  std::string page = rendered();
  EXPECT_TRUE(holds(page, "has not made a step yet"));
  EXPECT_TRUE(holds(page, "not finished"));
  put("metrics.jsonl", "");
  EXPECT_TRUE(holds(rendered(), "has not made a step yet"));
  EXPECT_EQ(
      write_report(folder.string()),
      std::vector<std::string>{"metrics.jsonl has no result yet: the run has not made a step"});
  put("metrics.jsonl", R"({"kind":"step","step":3,"loss":0.1,"mse":0.01,"copy_last_mse":0.02})"
                       "\n");
  page = rendered();
  EXPECT_TRUE(
      holds(page, "has not been evaluated on held-out recordings yet; its last line is of step 3"));
  EXPECT_TRUE(holds(page, "<svg"));
}

TEST_F(Report, ARunThatLostItsLogIsNotTakenForOneThatHasJustBegun) {
  copy_golden();
  put("last.safetensors", "");
  fs::remove(folder / "metrics.jsonl");
  const std::string page = rendered();
  EXPECT_TRUE(holds(page, "How this run went is not known"));
  EXPECT_FALSE(holds(page, "not finished"));
  EXPECT_FALSE(holds(page, "has not made a step yet"));
}

TEST_F(Report, ARunThatStoppedSaysWhereAndWhy) {
  copy_golden();
  std::string metrics = read_file(folder / "metrics.jsonl");
  metrics.replace(metrics.find("\"reason\":\"steps\""), 16,
                  R"("reason":"diverged","problem":"the loss is NaN at step 21")");
  put("metrics.jsonl", metrics);
  const std::string page = rendered();
  EXPECT_TRUE(holds(page, "stopped: diverged"));
  EXPECT_TRUE(holds(page, "The run stopped early: the loss is NaN at step 21"));
}

TEST_F(Report, AResumedRunIsNotFinishedUntilItsLastLine) {
  copy_golden();
  std::ofstream(folder / "metrics.jsonl", std::ios::app)
      << R"({"kind":"step","step":30,"loss":0.1})"
         "\n";
  EXPECT_TRUE(
      holds(rendered(), "The run is not finished: this is its best state so far, at step 20"));
}

TEST_F(Report, WritingItTellsWhatCouldNotBeRead) {
  copy_golden();
  EXPECT_EQ(write_report(folder.string()), std::vector<std::string>{});
  put("quarantine.jsonl", "[1,2]\n");
  EXPECT_EQ(write_report(folder.string()),
            std::vector<std::string>{
                "quarantine.jsonl: 1 damaged line, the first is line 1; it is left out"});
}

TEST_F(Report, ARunOfWhichNothingCanBeReadIsRefused) {
  put("config.json", "{");
  put("metrics.jsonl", "x\n");
  put("report.html", "old");
  try {
    write_report(folder.string());
    FAIL() << "there was no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput);
    EXPECT_TRUE(holds(error.message(), "config.json is damaged")) << error.what();
    EXPECT_TRUE(holds(error.message(), "metrics.jsonl: 1 damaged line")) << error.what();
  }
  EXPECT_EQ(read_file(folder / "report.html"), "old");
}

}  // namespace
}  // namespace dojo
