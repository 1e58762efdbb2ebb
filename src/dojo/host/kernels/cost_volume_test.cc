#include "dojo/host/kernels/cost_volume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "dojo/base/random.h"

namespace dojo::kernels {
namespace {

std::vector<float> noise(int64_t n, Random& random) {
  std::vector<float> v(static_cast<size_t>(n));
  for (float& x : v) x = static_cast<float>(random.uniform(-1, 1));
  return v;
}

// The meaning, one pair at a time, in double.
struct Oracle {
  std::vector<double> y, da, db;
  Oracle(const CostVolume& v, const std::vector<float>& a, const std::vector<float>& b,
         const std::vector<float>& dy)
      : y(dy.size()), da(a.size()), db(b.size()) {
    const int64_t side = 2 * v.radius + 1;
    for (int64_t n = 0; n < v.n; ++n)
      for (int64_t h = 0; h < v.h; ++h)
        for (int64_t w = 0; w < v.w; ++w)
          for (int64_t s = 0; s < side * side; ++s)
            for (int64_t c = 0; c < v.c; ++c) {
              const int64_t row = std::clamp<int64_t>(h + s / side - v.radius, 0, v.h - 1);
              const int64_t column = std::clamp<int64_t>(w + s % side - v.radius, 0, v.w - 1);
              const size_t ia = static_cast<size_t>(((n * v.h + h) * v.w + w) * v.c + c);
              const size_t ib = static_cast<size_t>(((n * v.h + row) * v.w + column) * v.c + c);
              const size_t iy = static_cast<size_t>(((n * v.h + h) * v.w + w) * v.y_pitch + s);
              const double d = double(a[ia]) - b[ib], g = (d > 0   ? 1
                                                           : d < 0 ? -1
                                                                   : 0) *
                                                          double(dy[iy]) / double(v.c);
              y[iy] += std::abs(d) / double(v.c);
              da[ia] += g;
              db[ib] -= g;
            }
  }
};

TEST(CostVolume, ForwardAndBackwardEqualTheObviousLoops) {
  Random random(1);
  for (int round = 0; round < 30; ++round) {
    CostVolume v{.n = 1 + random.below(3),
                 .h = 1 + random.below(7),
                 .w = 1 + random.below(20),
                 .c = 1 + random.below(4),
                 .radius = random.below(3)};
    const int64_t shifts = (2 * v.radius + 1) * (2 * v.radius + 1), pixels = v.n * v.h * v.w;
    v.y_pitch = shifts + random.below(3);
    const auto a = noise(pixels * v.c, random), b = noise(pixels * v.c, random),
               dy = noise(pixels * v.y_pitch, random);
    const Oracle oracle(v, a, b, dy);
    std::vector<float> y(dy.size()), da(a.size()), db(b.size()),
        scratch(static_cast<size_t>(scratch_floats(v)));
    cost_volume(v, a.data(), b.data(), y.data(), scratch.data());
    cost_volume_backward(v, dy.data(), a.data(), b.data(), da.data(), db.data(), scratch.data());
    for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], oracle.y[i], 1e-5);
    for (size_t i = 0; i < da.size(); ++i) ASSERT_NEAR(da[i], oracle.da[i], 2e-5);
    for (size_t i = 0; i < db.size(); ++i) ASSERT_NEAR(db[i], oracle.db[i], 1e-4);
  }
}

}  // namespace
}  // namespace dojo::kernels
