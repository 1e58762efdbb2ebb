#include "dojo/report/time_page.h"

#include <gtest/gtest.h>

#include <string>

#include "dojo/report/test_report.h"

namespace dojo {
namespace {

using TimePage = ReportTest;

TEST_F(TimePage, TellsTheShareOfWaiting) {
  copy_golden();
  EXPECT_TRUE(holds(rendered(), "<b>2.8 %</b>"));  // 0.2 of 7.2 s
}

TEST_F(TimePage, SaysWhyTheTrainingWaited) {
  copy_golden();
  put("metrics.jsonl",
      R"({"kind":"final","step":9,"time":{"elapsed_seconds":20,"wait_seconds":4,"compute_seconds":16,)"
      R"("waited_for":{"indexing":1,"decoding":3,"copies":0,"assembling":"x"}}})");
  const std::string page = rendered();
  const size_t decoding = page.find("3.0 s for decoding"), files = page.find("1.0 s for files");
  EXPECT_NE(decoding, std::string::npos);
  EXPECT_NE(files, std::string::npos);
  EXPECT_LT(decoding, files) << "the longest first";
  EXPECT_FALSE(holds(page, "for small copies"));
}

}  // namespace
}  // namespace dojo
