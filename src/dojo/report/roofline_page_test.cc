#include "dojo/report/roofline_page.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dojo/report/report.h"
#include "dojo/report/test_report.h"

namespace dojo {
namespace {

using RooflinePage = ReportTest;

constexpr const char* kProfile =
    R"({"otherData":{"runs":12,"flop_per_second":2e11,)"
    R"("bytes_per_second":2e10,"kinds":[)"
    R"({"name":"Add","kernels":3,"seconds":0.001,"flop":1e6,"bytes":1.2e7,"least_seconds":6e-4},)"
    R"({"name":"<Conv>","kernels":20,"seconds":0.004,"flop":6e8,"bytes":1e7,"least_seconds":0.003},)"
    R"({"name":"reorder","kernels":1,"seconds":0.005,"flop":0,"bytes":4e7,"least_seconds":2e-3},)"
    R"({"name":"never","kernels":1,"seconds":0,"flop":0,"bytes":4,"least_seconds":0}]},)"
    R"("traceEvents":[]})";

TEST_F(RooflinePage, AProfileIsARooflineAndATableOfTheKindsTheSlowestFirst) {
  copy_golden();
  EXPECT_FALSE(holds(rendered(), "time of a step"));
  put("profile.json", kProfile);
  const auto [page, problems] = render_report(folder.string());
  EXPECT_EQ(problems, std::vector<std::string>{});
  EXPECT_TRUE(holds(page, "A step spent 10.0 ms in kernels, in the mean of 12 steps"));
  EXPECT_TRUE(holds(page, "200 GFLOP/s and 20.0 GB/s"));
  EXPECT_TRUE(holds(page, "allow 5.60 ms, <b>56 %</b> of that"));
  EXPECT_TRUE(holds(page,
                    "&lt;Conv&gt;</td><td>20</td><td>4.00</td><td>40.0 %</td><td>150</td><td>2.50"
                    "</td><td>0.75</td>"));
  EXPECT_LT(page.find(">reorder</td>"), page.find("&lt;Conv&gt;</td>"));
  EXPECT_FALSE(holds(page, "never"));
  EXPECT_TRUE(holds(page, "limit of the machine"));
  EXPECT_TRUE(holds(page, ">&lt;Conv&gt;</text>"));
}

TEST_F(RooflinePage, AProfileThatIsDamagedIsAProblemAndNoMore) {
  for (const char* bad :
       {"", "{}", R"({"otherData":3})", R"({"otherData":{"kinds":[]}})",
        R"({"otherData":{"flop_per_second":1,"bytes_per_second":1,"kinds":[]}})",
        R"({"otherData":{"flop_per_second":1,"bytes_per_second":0,"kinds":[{"seconds":1}]}})",
        R"({"otherData":{"flop_per_second":"x","bytes_per_second":2,"kinds":{"a":1}}})"}) {
    copy_golden();
    put("profile.json", bad);
    const auto [page, problems] = render_report(folder.string());
    ASSERT_EQ(problems.size(), 1u) << bad;
    EXPECT_TRUE(holds(problems[0], "profile.json is damaged")) << problems[0];
    EXPECT_FALSE(holds(page, "time of a step"));
  }
  put("profile.json", R"({"otherData":{"flop_per_second":1,"bytes_per_second":1,)"
                      R"("kinds":[{"seconds":1,"flop":1e308,"bytes":1e-300},{"seconds":1e300}]}})");
  EXPECT_TRUE(holds(rendered(), "time of a step"));
}

}  // namespace
}  // namespace dojo
