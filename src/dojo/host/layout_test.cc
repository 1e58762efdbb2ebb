#include "dojo/host/layout.h"

#include <gtest/gtest.h>

#include "dojo/graph/text.h"

namespace dojo::host {
namespace {

// "x=channels-last w=row-major ..." of all values in order, constants and scalars included.
std::string layouts_of(const std::string& body, const LayoutOptions& options = {}) {
  const Graph graph = parse_graph("graph \"g\" {\n" + body + "}\n");
  const std::vector<Layout> layouts = assign_layouts(graph, options);
  std::string text;
  for (size_t v = 0; v < layouts.size(); ++v)
    text += graph.values[v].name + "=" + to_string(layouts[v]) + "\n";
  return text;
}

TEST(Layout, ImagesOfAConvolutionAndItsElementwiseNeighboursAreChannelsLast) {
  EXPECT_EQ(layouts_of("data %x: f32[2,3,8,8]\n"
                       "data %w: f32[4,3,1,1]\n"
                       "%s: f32[2,3,8,8] = Neg(%x)\n"
                       "%c: f32[2,4,8,8] = Conv(%s, %w)\n"
                       "%y: f32[2,4,8,8] = Relu(%c)\n"
                       "output y %y\n"),
            "x=channels-last\nw=row-major\ns=channels-last\nc=channels-last\ny=channels-last\n");
}

TEST(Layout, WithoutAnImageOpAllIsRowMajor) {
  EXPECT_EQ(layouts_of("data %x: f32[2,3,8,8]\n"
                       "%y: f32[2,3,8,8] = Relu(%x)\n"
                       "output y %y\n"),
            "x=row-major\ny=row-major\n");
}

TEST(Layout, AGridIsRowMajorWhileTheImagesAreChannelsLast) {
  EXPECT_EQ(layouts_of("data %x: f32[1,3,8,8]\n"
                       "data %grid: f32[1,4,4,2]\n"
                       "%y: f32[1,3,4,4] = GridSample(%x, %grid)\n"
                       "output y %y\n"),
            "x=channels-last\ngrid=row-major\ny=channels-last\n");
}

const std::string kWeightStep =
    "data %x: f32[2,16,8,8]\n"
    "data %dy: f32[2,16,8,8]\n"
    "parameter %w: f32[16,16,1,1] = normal(1)\n"
    "state %m: f32[16,16,1,1] = constant(0)\n"
    "data %lr: f32[]\n"
    "%dw: f32[16,16,1,1] = ConvWeightGrad(%x, %dy; kernel_shape=[1,1])\n"
    "%w2: f32[16,16,1,1], %m2: f32[16,16,1,1] = Momentum(%w, %m, %dw, %lr)\n";

TEST(Layout, AWeightItsMomentsAndItsGradientStayInTheOrderOfTheGradient) {
  EXPECT_EQ(layouts_of(kWeightStep + "update %w = %w2\nupdate %m = %m2\n"),
            "x=channels-last\ndy=channels-last\nw=packed for node 0\nm=packed for node 0\n"
            "lr=row-major\ndw=packed for node 0\nw2=packed for node 0\nm2=packed for node 0\n");
}

TEST(Layout, AWeightThatAnotherOpReadsIsNotPacked) {
  const std::string text = layouts_of(kWeightStep +
                                      "%e: f32[16,16,1,1] = Exp(%w)\n"
                                      "output e %e\nupdate %w = %w2\nupdate %m = %m2\n");
  EXPECT_EQ(text.find("packed"), std::string::npos) << text;
}

TEST(Layout, OptionsTurnItOff) {
  const std::string text = layouts_of(kWeightStep + "update %w = %w2\nupdate %m = %m2\n",
                                      {.channels_last = false, .packed_weights = false});
  EXPECT_EQ(text.find("packed"), std::string::npos) << text;
  EXPECT_EQ(text.find("channels-last"), std::string::npos) << text;
}

TEST(Layout, PhysicalShapesAndAxes) {
  EXPECT_EQ(physical({2, 3, 5, 7}, Layout::Kind::kChannelsLast), (Shape{2, 5, 7, 3}));
  EXPECT_EQ(physical_axis(1, 4, Layout::Kind::kChannelsLast), 3u);
  EXPECT_EQ(physical_axis(2, 4, Layout::Kind::kChannelsLast), 1u);
  EXPECT_EQ(physical_axis(2, 4, Layout::Kind::kRowMajor), 2u);
  using enum Layout::Kind;
  EXPECT_TRUE(same_bytes({2, 1, 5, 7}, kRowMajor, kChannelsLast));
  EXPECT_TRUE(same_bytes({2, 3, 1, 1}, kRowMajor, kChannelsLast));
  EXPECT_FALSE(same_bytes({2, 3, 1, 7}, kRowMajor, kChannelsLast));
}

}  // namespace
}  // namespace dojo::host
