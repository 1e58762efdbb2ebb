#include <algorithm>
#include <cmath>

#include "dojo/host/kernels/sample.h"
#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

double source(Coordinates coordinates, int64_t i, int64_t in, int64_t out) {
  const double scale = static_cast<double>(out) / static_cast<double>(in),
               at = static_cast<double>(i);
  const double place = coordinates == Coordinates::kHalfPixel    ? (at + 0.5) / scale - 0.5
                       : coordinates == Coordinates::kAsymmetric ? at / scale
                       : out == 1                                ? 0
                                  : at * static_cast<double>(in - 1) / static_cast<double>(out - 1);
  return std::clamp(place, 0.0, static_cast<double>(in - 1));
}

TEST(ResizeLinear, ValueAndGradientEqualTheDefinition) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 60; ++trial) {
      const int64_t n = 1 + random.below(3), h = 1 + random.below(10), w = 1 + random.below(10),
                    c = 1 + random.below(9);
      const bool twice = trial % 3 == 0;
      const int64_t oh = twice ? 2 * h : 1 + random.below(20),
                    ow = twice ? 2 * w : 1 + random.below(20);
      const auto coordinates = static_cast<Coordinates>(trial % 4 % 3);
      const float factor = trial % 2 == 0 ? 1 : 2;
      const auto x = random_array(random, n * h * w * c),
                 dy = random_array(random, n * oh * ow * c);
      std::vector<double> ey(dy.size(), 0.0), ex(x.size(), 0.0);
      for (int64_t o = 0; o < n * oh * ow * c; ++o) {
        const int64_t ch = o % c, ox = o / c % ow, oy = o / c / ow % oh, image = o / c / ow / oh;
        const double ax = source(coordinates, ox, w, ow), ay = source(coordinates, oy, h, oh);
        for (int64_t k = 0; k < 4; ++k) {
          const double fx = ax - std::floor(ax), fy = ay - std::floor(ay);
          const double weight = (k % 2 == 1 ? fx : 1 - fx) * (k / 2 == 1 ? fy : 1 - fy) * factor;
          const int64_t ix = std::min(static_cast<int64_t>(ax) + k % 2, w - 1),
                        iy = std::min(static_cast<int64_t>(ay) + k / 2, h - 1);
          const size_t at = static_cast<size_t>(((image * h + iy) * w + ix) * c + ch);
          ey[static_cast<size_t>(o)] += weight * x[at];
          ex[at] += weight * dy[static_cast<size_t>(o)];
        }
      }
      const ResizeLinear resize(n, h, w, c, oh, ow, coordinates);
      auto y = nan_array(n * oh * ow * c), dx = nan_array(n * h * w * c);
      resize.forward(x.data(), y.data(), factor);
      resize.backward(dy.data(), dx.data(), factor);
      expect_near(y, {ey.begin(), ey.end()}, 1e-5);
      expect_near(dx, {ex.begin(), ex.end()}, 1e-4);
    }
  });
}

}  // namespace
}  // namespace dojo::kernels
