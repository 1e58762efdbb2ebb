#include "dojo/train/optical_flow.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dojo {
namespace {

// A smooth pattern, so that it can be moved by parts of a pixel.
float pattern(double x, double y) {
  return static_cast<float>(0.5 + 0.2 * std::sin(0.31 * x + 0.1 * y) +
                            0.2 * std::sin(0.05 * x - 0.27 * y) +
                            0.1 * std::sin(0.11 * x + 0.13 * y));
}

std::vector<float> moved(int64_t height, int64_t width, double dx, double dy, int64_t channels) {
  std::vector<float> out;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c)
        out.push_back(pattern(static_cast<double>(x) + dx + 40.0 * static_cast<double>(c),
                              static_cast<double>(y) + dy));
  return out;
}

double mean_square_error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::pow(a[i] - b[i], 2);
  return sum / static_cast<double>(a.size());
}

TEST(OpticalFlow, FindsAShiftOfSeveralPixels) {
  const int64_t h = 64, w = 96;
  const auto flow = optical_flow(moved(h, w, 0, 0, 1), moved(h, w, -4.5, 2.25, 1), h, w);
  for (int64_t y = 16; y < h - 16; ++y)
    for (int64_t x = 16; x < w - 16; ++x) {
      const size_t i = static_cast<size_t>(y * w + x);
      ASSERT_NEAR(flow[2 * i], 4.5, 0.25) << x << "," << y;
      ASSERT_NEAR(flow[2 * i + 1], -2.25, 0.25) << x << "," << y;
    }
}

TEST(OpticalFlow, IsZeroBetweenEqualAndBetweenFlatFrames) {
  for (float v : optical_flow(moved(32, 40, 0, 0, 1), moved(32, 40, 0, 0, 1), 32, 40))
    ASSERT_EQ(v, 0);
  const std::vector<float> dark(32 * 40, 0.1f), bright(32 * 40, 0.9f);
  for (float v : optical_flow(dark, bright, 32, 40)) ASSERT_EQ(v, 0);
}

TEST(FlowExtrapolate, ContinuesTheMotionFarBetterThanCopyingTheLastFrame) {
  const int64_t h = 64, w = 96;
  const auto previous = moved(h, w, 0, 0, 3), last = moved(h, w, 3, 1, 3),
             truth = moved(h, w, 6, 2, 3);
  const double copy = mean_square_error(last, truth);
  EXPECT_LT(mean_square_error(flow_extrapolate(previous, last, h, w), truth), 0.1 * copy);
}

TEST(FlowExtrapolate, WorksOnTinyFrames) {
  EXPECT_EQ(flow_extrapolate(moved(2, 3, 0, 0, 3), moved(2, 3, 1, 0, 3), 2, 3).size(), 18u);
}

}  // namespace
}  // namespace dojo
