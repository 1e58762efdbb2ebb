#include "dojo/report/chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace dojo {
namespace {

TEST(Chart, LeavesOutWhatIsNotFiniteAndIsEmptyWithoutPoints) {
  EXPECT_EQ(report::draw({"t", "x", "y", {{"s", "plain", {{1, NAN}, {NAN, 2}}}}, true}), "");
  const std::string one =
      report::draw({"t", "x", "y", {{"s", "plain", {{1, 3}, {2, INFINITY}}}}, true});
  EXPECT_NE(one.find("<circle"), std::string::npos);
  EXPECT_EQ(one.find("nan"), std::string::npos);
}

TEST(Chart, UsesALogarithmicAxisOnlyWhereItCan) {
  const auto chart = [](double low, double high) {
    return report::draw({"t", "x", "y", {{"s", "plain", {{0, low}, {1, high}}}}, true});
  };
  EXPECT_NE(chart(0.001, 0.1).find("log scale"), std::string::npos);
  EXPECT_EQ(chart(0.09, 0.1).find("log scale"), std::string::npos);
  EXPECT_EQ(chart(0, 0.1).find("log scale"), std::string::npos);
}

// The place of a text that has this content, or -1.
double x_of(const std::string& svg, const std::string& content) {
  const size_t end = svg.find("\">" + content + "</text>"), begin = svg.rfind(" x=\"", end);
  return end == svg.npos ? -1 : std::stod(svg.substr(begin + 4));
}

TEST(Chart, LongNumbersOnTheAxisLeaveRoomForItsTitle) {
  const auto chart = [](double low, double high) {
    return report::draw({"t", "x", "y", {{"s", "plain", {{0, low}, {1, high}}}}, true});
  };
  const std::string short_ticks = chart(1, 100), long_ticks = chart(0.0001, 0.01);
  ASSERT_GT(x_of(short_ticks, "10"), 0);
  // A character of a number is at most 7.5 wide; the title's line ends at 18.
  EXPECT_GE(x_of(short_ticks, "100") - 7.5 * 3, 18);
  EXPECT_GE(x_of(long_ticks, "0.0001") - 7.5 * 6, 18);
}

TEST(Chart, LongSeriesAreThinnedToMeans) {
  report::Series series{"s", "plain", {}};
  for (int i = 0; i < 100000; ++i) series.points.push_back({static_cast<double>(i), 5.0});
  const std::string svg = report::draw({"t", "x", "y", {series}, false});
  EXPECT_LT(svg.size(), 20000u);
}

TEST(Chart, ALabelThatAnotherWouldCoverIsLeftOut) {
  report::Series dots{"s", "plain", {{1, 1, "first"}, {1.01, 1, "second"}, {90, 5, "third"}}, true};
  const std::string svg = report::draw({.title = "t",
                                        .x_label = "x",
                                        .y_label = "y",
                                        .series = {dots},
                                        .log_y = true,
                                        .log_x = true});
  EXPECT_NE(svg.find(">first</text>"), svg.npos);
  EXPECT_EQ(svg.find(">second</text>"), svg.npos);
  EXPECT_NE(svg.find(">third</text>"), svg.npos);
  EXPECT_NE(svg.find(">10</text>"), svg.npos);
}

}  // namespace
}  // namespace dojo
