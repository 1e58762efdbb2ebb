#include "dojo/report/repeat_page.h"

#include <gtest/gtest.h>

#include <string>

#include "dojo/report/test_report.h"

namespace dojo {
namespace {

using RepeatPage = ReportTest;

TEST_F(RepeatPage, IsTheCommandOfTheRun) {
  copy_golden();
  EXPECT_TRUE(holds(rendered(), "<pre>./dojo train clips</pre>"));
}

TEST_F(RepeatPage, TheCommandToRepeatLeavesOutTheFolderThatIsTaken) {
  const auto command_of = [&](const std::string& words) {
    put("config.json", R"({"command":["dojo","train",)" + words + "]}");
    const std::string page = rendered();
    const size_t begin = page.find("<pre>") + 5;
    return page.substr(begin, page.find("</pre>") - begin);
  };
  EXPECT_EQ(command_of(R"("my clips","--out","a","--seed","2")"),
            "./dojo train &#39;my clips&#39; --seed 2");
  EXPECT_EQ(command_of(R"("--out=a","--steps","3")"), "./dojo train --steps 3");
  EXPECT_EQ(command_of(R"("--held-out","a")"), "./dojo train --held-out a");
}

TEST_F(RepeatPage, PromisesTheSameBytesOnlyWhereTheCommandGivesThem) {
  const auto page = [&](const std::string& config) {
    copy_golden();
    put("config.json", config);
    return rendered();
  };
  const char* kPromise = "the same checkpoints byte for byte";
  EXPECT_TRUE(holds(page(R"({"options":{"steps":9,"minutes":0}})"), kPromise));
  const std::string by_clock = page(R"({"options":{"steps":0,"minutes":5}})");
  EXPECT_FALSE(holds(by_clock, kPromise));
  EXPECT_TRUE(holds(by_clock, "ended by the clock"));
  const std::string moved = page(R"({"end_was_moved":true,"options":{"steps":9,"minutes":0}})");
  EXPECT_FALSE(holds(moved, kPromise));
  EXPECT_TRUE(holds(moved, "was moved when it was resumed"));
}

}  // namespace
}  // namespace dojo
