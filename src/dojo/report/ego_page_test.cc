#include "dojo/report/ego_page.h"

#include <gtest/gtest.h>

#include <string>

#include "dojo/report/report.h"
#include "dojo/report/test_report.h"

namespace dojo {
namespace {

using EgoPage = ReportTest;

const char* kEgoEval =
    R"({"kind":"eval","step":STEP,"score":SCORE,"speed_mps":{"mae":0.5,"rmse":0.9,"mean_mae":2,)"
    R"("mean_rmse":3,"clips":40},"yaw_rate_radps":{"mae":0.05,"rmse":0.06,"mean_mae":0.04,)"
    R"("mean_rmse":0.05,"clips":38},"clips":40,"by_recording":{"d/a-front.mp4":{"speed_mps":)"
    R"({"mae":0.25,"rmse":0.9,"mean_mae":2,"mean_rmse":3,"clips":20},"clips":20}},"by_camera":)"
    R"({"front":{"speed_mps":{"mae":0.25,"rmse":0.9,"mean_mae":2,"mean_rmse":3,"clips":20}}}})"
    "\n";

std::string ego_eval(const std::string& step, const std::string& score) {
  std::string line = kEgoEval;
  line.replace(line.find("STEP"), 4, step);
  line.replace(line.find("SCORE"), 5, score);
  return line;
}

TEST_F(EgoPage, OfTheTaskEgoTellsEachSignalBesideTheMean) {
  put("config.json", R"({"task":"ego","train":["x.mp4"],"held_out":["d/a-front.mp4"]})");
  put("metrics.jsonl", ego_eval("0", "1.0") +
                           R"({"kind":"step","step":10,"loss":0.2,"mean_loss":0.4})"
                           "\n" +
                           ego_eval("10", "0.75"));
  put("samples/ego.json",
      R"([{"recording":"d/b-back.mp4","camera":"back","seconds":[1,2],"speed_mps":{"truth":[4,5],)"
      R"("network":[4.5,4.5]}},{"recording":"d/a-front.mp4","camera":"front","seconds":[1,2],)"
      R"("speed_mps":{"truth":[4,null],"network":[3,6]},"yaw_rate_radps":{"truth":[0.1,0.2],)"
      R"("network":[0.1]}}])");
  const ReportPage report = render_report(folder.string());
  EXPECT_TRUE(report.problems.empty());
  const std::string& page = report.html;
  for (const char* words :
       {"speed to within 0.500 m/s on average, <b class=\"good\">0.250 ×</b>",
        "yaw rate to within 2.86 degrees/s on average, <b class=\"bad\">1.250 ×</b>", "at step 10",
        "<b class=\"bad\">Not learned:</b> yaw rate, no better than predicting the mean or than "
        "the untrained network.",
        "By camera", "Held-out clips: speed", "Held-out error over predicting the mean"})
    EXPECT_TRUE(holds(page, words)) << words;
  EXPECT_FALSE(holds(page, "copying the last frame"));
  EXPECT_LT(page.find("below\">d/a-front.mp4"), page.find("below\">d/b-back.mp4"));  // front first
  // Three clips have both numbers: as many dots in the cloud of the speed.
  const size_t cloud = page.find("Held-out clips: speed");
  const std::string chart = page.substr(cloud, page.find("</figure>", cloud) - cloud);
  size_t dots = 0;
  for (size_t at = chart.find("dot-network"); at != std::string::npos;
       at = chart.find("dot-network", at + 1))
    ++dots;
  EXPECT_EQ(dots, 3u);
}

TEST_F(EgoPage, AnswersThatAreDamagedAreAProblemAndNoMore) {
  put("config.json", R"({"task":"ego"})");
  put("metrics.jsonl", ego_eval("0", "1.0"));
  for (const char* bad : {"{", "{}", "[1]", R"([{"recording":7}])", R"([{"seconds":3}])",
                          R"([{"seconds":[1],"speed_mps":{"truth":"x"}}])"}) {
    put("samples/ego.json", bad);
    EXPECT_NO_THROW(render_report(folder.string())) << bad;
  }
}

}  // namespace
}  // namespace dojo
