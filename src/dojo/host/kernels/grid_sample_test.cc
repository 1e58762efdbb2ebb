#include <algorithm>
#include <cmath>

#include "dojo/host/kernels/sample.h"
#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

struct Coordinate {
  double at, slope;
};

Coordinate coordinate(const GridSample& s, double g, int64_t size) {
  const double n = static_cast<double>(size), factor = (s.align_corners ? n - 1 : n) / 2;
  double at = s.align_corners ? (g + 1) * factor : (g + 1) * factor - 0.5;
  if (s.padding == Padding::kZeros) return {at, factor};
  if (at <= 0) return {0, 0};
  if (at >= n - 1) return {n - 1, 0};
  return {at, factor};
}

// Everything by the definition, in double: y, dx, dgrid.
struct Reference {
  std::vector<double> y, dx, dgrid;
  Reference(const GridSample& s, const std::vector<float>& x, const std::vector<float>& grid,
            const std::vector<float>& dy)
      : y(dy.size(), NAN), dx(x.size(), NAN), dgrid(grid.size()) {
    for (int64_t i = 0; i < s.n * s.h * s.w; ++i) std::fill_n(dx.begin() + i * s.x_pitch, s.c, 0.0);
    for (int64_t p = 0; p < s.n * s.out_h * s.out_w; ++p) {
      const auto [ax, slope_x] = coordinate(s, grid[static_cast<size_t>(2 * p)], s.w);
      const auto [ay, slope_y] = coordinate(s, grid[static_cast<size_t>(2 * p + 1)], s.h);
      const int64_t x0 = static_cast<int64_t>(std::floor(ax)),
                    y0 = static_cast<int64_t>(std::floor(ay));
      const double fx = ax - std::floor(ax), fy = ay - std::floor(ay);
      for (int64_t c = 0; c < s.c; ++c) {
        double value = 0, by_x = 0, by_y = 0;
        const size_t out = static_cast<size_t>(p * s.y_pitch + c);
        for (int64_t k = 0; k < 4; ++k) {
          const int64_t ix = x0 + k % 2, iy = y0 + k / 2;
          if (ix < 0 || ix >= s.w || iy < 0 || iy >= s.h) continue;
          const size_t at = static_cast<size_t>(
              ((p / (s.out_h * s.out_w) * s.h + iy) * s.w + ix) * s.x_pitch + c);
          const double wx = k % 2 == 1 ? fx : 1 - fx, wy = k / 2 == 1 ? fy : 1 - fy;
          value += wx * wy * x[at];
          by_x += (k % 2 == 1 ? 1 : -1) * wy * x[at] * slope_x;
          by_y += (k / 2 == 1 ? 1 : -1) * wx * x[at] * slope_y;
          dx[at] += wx * wy * dy[out];
        }
        y[out] = value;
        dgrid[static_cast<size_t>(2 * p)] += by_x * dy[out];
        dgrid[static_cast<size_t>(2 * p + 1)] += by_y * dy[out];
      }
    }
  }
};

TEST(GridSample, ValueAndGradientsEqualTheDefinition) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 60; ++trial) {
      GridSample s{.n = 1 + random.below(3),
                   .h = 1 + random.below(12),
                   .w = 1 + random.below(12),
                   .c = trial % 3 == 0 ? 3 : 1 + random.below(40),
                   .out_h = 1 + random.below(12),
                   .out_w = 1 + random.below(80),
                   .padding = random.chance(0.5) ? Padding::kZeros : Padding::kBorder,
                   .align_corners = random.chance(0.5)};
      s.x_pitch = s.c + random.below(3), s.y_pitch = s.c + random.below(3);
      const auto x = random_array(random, s.n * s.h * s.w * s.x_pitch);
      auto grid = random_array(random, s.n * s.out_h * s.out_w * 2, -1.4, 1.4);
      for (size_t i = 0; i < grid.size(); i += 13) grid[i] = random.chance(0.5) ? 1e20f : -1e20f;
      for (size_t i = 0; i < grid.size(); i += 11) grid[i] = 5.3f;
      const auto dy = random_array(random, s.n * s.out_h * s.out_w * s.y_pitch);
      // A coordinate that rounds to the other side of a pixel in f32 has another gradient: keep
      // away from whole pixels.
      for (size_t i = 0; i < grid.size(); ++i) {
        const int64_t size = i % 2 == 0 ? s.w : s.h;
        GridSample raw = s;
        raw.padding = Padding::kZeros;
        const double at = coordinate(raw, grid[i], size).at;
        if (std::fabs(at) < 100 && std::fabs(at - std::round(at)) < 1e-4) grid[i] += 0.01f;
      }
      const Reference r(s, x, grid, dy);
      auto y = nan_array(static_cast<int64_t>(dy.size())),
           dx = nan_array(static_cast<int64_t>(x.size()));
      auto dgrid = nan_array(static_cast<int64_t>(grid.size()));
      grid_sample(s, x.data(), grid.data(), y.data());
      grid_sample_backward(s, x.data(), grid.data(), dy.data(), dx.data(), dgrid.data());
      SCOPED_TRACE(testing::Message()
                   << "h " << s.h << " w " << s.w << " c " << s.c << " align " << s.align_corners
                   << " border " << (s.padding == Padding::kBorder));
      expect_near(y, {r.y.begin(), r.y.end()}, 2e-5);
      expect_near(dx, {r.dx.begin(), r.dx.end()}, 2e-4);
      expect_near(dgrid, {r.dgrid.begin(), r.dgrid.end()}, 2e-3);
    }
  });
}

TEST(GridSample, TheIdentityGridGivesTheImage) {
  on_every_target([] {
    Random random(2);
    const float identity[] = {1, 0, 0, 0, 1, 0};
    for (bool align_corners : {false, true}) {
      const GridSample s{.n = 1,
                         .h = 9,
                         .w = 14,
                         .c = 3,
                         .out_h = 9,
                         .out_w = 14,
                         .padding = Padding::kBorder,
                         .align_corners = align_corners};
      const auto x = random_array(random, 9 * 14 * 3);
      auto grid = nan_array(9 * 14 * 2), y = nan_array(9 * 14 * 3);
      affine_grid(1, 9, 14, align_corners, identity, grid.data());
      grid_sample(s, x.data(), grid.data(), y.data());
      expect_near(y, x, 1e-5);
    }
  });
}

TEST(GridSample, ANanInTheGridGivesNanAndReadsNothingOutside) {
  on_every_target([] {
    Random random(3);
    for (Padding padding : {Padding::kZeros, Padding::kBorder}) {
      const GridSample s{
          .n = 1, .h = 2, .w = 2, .c = 3, .out_h = 1, .out_w = 2, .padding = padding};
      const auto x = random_array(random, 12);
      const float grid[] = {NAN, 0, 0.1f, 0.2f};
      auto y = nan_array(6);
      grid_sample(s, x.data(), grid, y.data());
      for (size_t i = 0; i < 6; ++i) EXPECT_EQ(std::isnan(y[i]), i < 3);
    }
  });
}

TEST(GridSample, AnInfiniteEdgePixelStaysInsideTheImage) {
  on_every_target([] {
    for (int64_t c : {1, 3, 40}) {
      const GridSample s{.n = 1, .h = 2, .w = 2, .c = c, .out_h = 1, .out_w = 3};
      const std::vector<float> x(static_cast<size_t>(4 * c), INFINITY), dy(x.size(), 1.0f);
      // Far outside; half outside, beside one pixel; a place that is no number.
      const float grid[] = {-3, 0, -1.0f - 0.5f / 2, -0.5f, NAN, -0.5f};
      auto y = nan_array(3 * c), dx = nan_array(4 * c), dgrid = nan_array(6);
      grid_sample(s, x.data(), grid, y.data());
      grid_sample_backward(s, x.data(), grid, dy.data(), dx.data(), dgrid.data());
      EXPECT_EQ(y[0], 0.0f);
      EXPECT_EQ(y[static_cast<size_t>(c - 1)], 0.0f);
      EXPECT_EQ(dgrid[0], 0.0f);
      EXPECT_EQ(dgrid[1], 0.0f);
    }
  });
}

TEST(AffineGrid, GradientIsTheTranspose) {
  Random random(4);
  const int64_t n = 2, h = 5, w = 7;
  for (bool align_corners : {false, true}) {
    const auto theta = random_array(random, n * 6), dgrid = random_array(random, n * h * w * 2);
    auto grid = nan_array(n * h * w * 2), dtheta = nan_array(n * 6);
    affine_grid(n, h, w, align_corners, theta.data(), grid.data());
    affine_grid_backward(n, h, w, align_corners, dgrid.data(), dtheta.data());
    double left = 0, right = 0;  // the map is linear: <dgrid, grid(theta)> = <dtheta, theta>
    for (size_t i = 0; i < grid.size(); ++i) left += grid[i] * dgrid[i];
    for (size_t i = 0; i < theta.size(); ++i) right += theta[i] * dtheta[i];
    EXPECT_NEAR(left, right, 1e-4);
  }
  const float identity[] = {1, 0, 0, 0, 1, 0};
  float corners[8];
  affine_grid(1, 2, 2, false, identity, corners);
  EXPECT_FLOAT_EQ(corners[0], -0.5f);
  affine_grid(1, 2, 2, true, identity, corners);
  EXPECT_FLOAT_EQ(corners[6], 1.0f);
}

}  // namespace
}  // namespace dojo::kernels
