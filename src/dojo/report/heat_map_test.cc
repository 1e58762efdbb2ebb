#include "dojo/report/heat_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace dojo::report {
namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

HeatPlane small() {
  return {.across = 2,
          .down = 1,
          .width = 2,
          .height = 1,
          .place = "node",
          .nothing = "none",
          .disabled = {0, 1}};
}

TEST(HeatMap, HasALevelForEachPlaceAndWhatTheLargestIs) {
  HeatPlane plane = small();
  plane.across = 3;
  plane.disabled = {0, 0, 0};
  const std::string html = draw({{"busy", "How busy.", "%", {0, 20, 40}}}, plane);
  EXPECT_TRUE(holds(html, "data-levels=\"AH35\"")) << html;  // 0, 125 of 249, 249
  EXPECT_TRUE(holds(html, "data-most=\"40\" data-unit=\"%\""));
  EXPECT_TRUE(holds(html, "> 40.0 %<"));
  EXPECT_TRUE(holds(html, "How busy."));
  EXPECT_FALSE(holds(html, "class=\"dead\""));
}

TEST(HeatMap, TellsDisabledNodesFromThoseWithoutANumber) {
  const std::string html = draw({{"busy", "", "%", {NAN, NAN}}}, small());
  EXPECT_TRUE(holds(html, "data-levels=\"//4=\"")) << html;  // 255, 254
  EXPECT_TRUE(holds(html, "<path class=\"dead\" d=\"M1 0h1v1h-1z\"/>"));
  EXPECT_TRUE(holds(html, "data-most=\"0\""));
}

TEST(HeatMap, TheFirstOfSeveralIsChosen) {
  const std::string html = draw({{"a<b", "", "", {1, 1}}, {"second", "", "", {1, 1}}}, small());
  EXPECT_TRUE(holds(html, "id=\"nodes-0\" checked><label for=\"nodes-0\">a&lt;b</label>"));
  EXPECT_TRUE(holds(html, "id=\"nodes-1\"><label for=\"nodes-1\">second</label>"));
  EXPECT_EQ(draw({}, small()), "");
}

TEST(HeatMap, LinksHaveFourValuesAPlace) {
  HeatPlane plane = small();
  plane.of_links = true;
  plane.columns = {1};
  const std::string html = draw({{"busy", "", "", {1, 0, NAN, 0, NAN, NAN, NAN, NAN}}}, plane);
  EXPECT_TRUE(holds(html, "data-levels=\"+QD/AP7+/v4=\"")) << html;  // 249 0 255 0, 254 x 4
  EXPECT_TRUE(holds(html, "data-each=\"4\""));
  EXPECT_TRUE(holds(html, "<path class=\"part\" d=\"M1 0v1\"/>"));
  EXPECT_TRUE(holds(html, "name=\"links\""));
}

}  // namespace
}  // namespace dojo::report
