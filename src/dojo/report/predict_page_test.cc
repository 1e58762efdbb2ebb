#include "dojo/report/predict_page.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "dojo/report/test_report.h"

namespace dojo {
namespace {

using PredictPage = ReportTest;

TEST_F(PredictPage, SaysTheResultInPlainWordsWithBothFactors) {
  copy_golden();
  const std::string page = rendered();
  EXPECT_TRUE(holds(page, "0.400 ×</b> that of copying the last frame (2.5 times smaller)"));
  EXPECT_TRUE(holds(page, "0.800 ×</b> that of classical optical flow (20 % smaller)"));
}

TEST_F(PredictPage, ANetworkThatIsWorseIsSaidToBeWorse) {
  put("metrics.jsonl",
      R"({"kind":"eval","step":5,"mse":0.03,"copy_last_mse":0.01,"flow_mse":0.025})"
      "\n");
  const std::string page = rendered();
  EXPECT_TRUE(
      holds(page, "<b class=\"bad\">3.000 ×</b> that of copying the last frame (3 times larger)"));
  EXPECT_TRUE(holds(page, "(20 % larger)"));
}

TEST_F(PredictPage, ManyClipsAreFolded) {
  std::string list;
  for (int i = 0; i < 6; ++i)
    list +=
        (i ? "," : "") + fmt::format(R"({{"recording":"clip{}","images":{{"truth":"0.png"}}}})", i);
  put("config.json", "{}");
  put("samples/0.png", "\x89PNG\r\n\x1a\n");
  put("samples/samples.json", "[" + list + "]");
  const std::string page = rendered();
  const size_t fold = page.find("<summary>2 more</summary>");
  ASSERT_NE(fold, std::string::npos);
  EXPECT_LT(page.find("clip3"), fold);
  EXPECT_GT(page.find("clip4"), fold);
}

}  // namespace
}  // namespace dojo
