#include "dojo/report/mae_page.h"

#include <gtest/gtest.h>

#include <string>

#include "dojo/report/report.h"
#include "dojo/report/test_report.h"

namespace dojo {
namespace {

using MaePage = ReportTest;

TEST_F(MaePage, OfTheTaskMaeTellsTheLossBesideEachPatchsMeanAndShowsWhatWasFilledIn) {
  put("config.json", R"({"task":"mae","train":["x.mp4"],"held_out":["d/a.mp4"]})");
  put("metrics.jsonl",
      R"({"kind":"step","step":10,"loss":0.9,"patch_mean_mse":0.998,"lr":0.001})"
      "\n"
      R"({"kind":"eval","step":10,"score":0.4,"mse":0.4,"patch_mean_mse":0.8,"clips":3,)"
      R"("by_recording":{"d/a.mp4":{"mse":0.6,"patch_mean_mse":0.8,"clips":3}}})"
      "\n");
  put("samples/0.png", "\x89PNG\r\n\x1a\n");
  put("samples/samples.json",
      R"([{"recording":"d/a.mp4","frame":40,"mse":0.2,"patch_mean_mse":0.8,)"
      R"("images":{"truth":"0.png","masked":"0.png","prediction":"0.png"}}])");
  const ReportPage report = render_report(folder.string());
  EXPECT_TRUE(report.problems.empty());
  const std::string& page = report.html;
  for (const char* words :
       {"<b class=\"good\">0.500 ×</b> that of predicting each hidden patch’s mean (2 times "
        "smaller)",
        "<td class=\"good\">0.750</td>", "d/a.mp4, from frame 40", "What the network saw",
        "Filled in, 0.250 × each patch’s mean", "Training loss over that of the mean",
        "each patch’s mean</span>", "the encoder"})
    EXPECT_TRUE(holds(page, words)) << words;
  EXPECT_FALSE(holds(page, "copying the last frame"));
  EXPECT_FALSE(holds(page, "Prediction<"));
}

}  // namespace
}  // namespace dojo
