#include "dojo/host/kernels/layer_norm.h"

#include <cmath>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

// Everything by the definition, in double.
struct Reference {
  std::vector<float> y, mean, inverse, dx;
  std::vector<double> dscale, dbias;
  Reference(int64_t rows, int64_t c, const std::vector<float>& x, const std::vector<float>& scale,
            const std::vector<float>& bias, const std::vector<float>& dy)
      : dscale(static_cast<size_t>(c)), dbias(dscale) {
    const double count = static_cast<double>(c);
    for (int64_t r = 0; r < rows; ++r) {
      const auto at = [&](int64_t i) { return static_cast<size_t>(r * c + i); };
      double mu = 0, variance = 0, m1 = 0, m2 = 0;
      for (int64_t i = 0; i < c; ++i) mu += x[at(i)] / count;
      for (int64_t i = 0; i < c; ++i) variance += std::pow(x[at(i)] - mu, 2) / count;
      const double k = 1 / std::sqrt(variance + 1e-5);
      for (int64_t i = 0; i < c; ++i) {
        const size_t p = static_cast<size_t>(i);
        const double h = (x[at(i)] - mu) * k, g = double(dy[at(i)]) * scale[p];
        y.push_back(static_cast<float>(h * scale[p] + bias[p]));
        m1 += g / count, m2 += g * h / count;
        dscale[p] += dy[at(i)] * h, dbias[p] += dy[at(i)];
      }
      for (int64_t i = 0; i < c; ++i) {
        const double h = (x[at(i)] - mu) * k;
        const double g = double(dy[at(i)]) * scale[static_cast<size_t>(i)];
        dx.push_back(static_cast<float>((g - m1 - h * m2) * k));
      }
      mean.push_back(static_cast<float>(mu)), inverse.push_back(static_cast<float>(k));
    }
  }
};

TEST(LayerNorm, ForwardAndBackwardEqualTheDefinition) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 30; ++trial) {
      const int64_t rows = 1 + random.below(100), c = 2 + random.below(trial < 20 ? 70 : 700);
      const double offset = random.chance(0.3) ? 100 : 0;  // a mean far from 0 costs no accuracy
      const auto x = random_array(random, rows * c, offset - 2, offset + 2);
      const auto dy = random_array(random, rows * c);
      const auto scale = random_array(random, c), bias = random_array(random, c);
      const Reference expected(rows, c, x, scale, bias, dy);
      auto y = nan_array(rows * c), dx = y, mean = nan_array(rows), inverse = mean;
      auto dscale = nan_array(c), dbias = dscale;
      auto scratch = nan_array(layer_norm_scratch_floats(rows, c));
      layer_norm_forward(rows, c, 1e-5f, x.data(), scale.data(), bias.data(), y.data(), mean.data(),
                         inverse.data());
      const double tolerance = offset == 0 ? 2e-5 : 2e-3;  // rounding of x itself, divided
      // Up to 700 are summed in f32, one by one where there are no vectors.
      expect_near(mean, expected.mean, 4e-6);
      expect_near(inverse, expected.inverse, tolerance);
      expect_near(y, expected.y, tolerance);
      layer_norm_backward(rows, c, x.data(), scale.data(), mean.data(), inverse.data(), dy.data(),
                          dx.data(), dscale.data(), dbias.data(), scratch.data());
      expect_near(dx, expected.dx, tolerance);
      const auto floats = [](const std::vector<double>& v) {
        return std::vector<float>(v.begin(), v.end());
      };
      expect_near(dscale, floats(expected.dscale), 10 * tolerance);
      expect_near(dbias, floats(expected.dbias), 2e-5);
      auto in_place = x, gradient = dy;
      layer_norm_forward(rows, c, 1e-5f, in_place.data(), scale.data(), bias.data(),
                         in_place.data(), mean.data(), inverse.data());
      EXPECT_EQ(in_place, y);
      layer_norm_backward(rows, c, x.data(), scale.data(), mean.data(), inverse.data(),
                          gradient.data(), gradient.data(), dscale.data(), dbias.data(),
                          scratch.data());
      EXPECT_EQ(gradient, dx);
    }
  });
}

TEST(LayerNorm, TheSumsDoNotDependOnTheNumberOfThreads) {
  Random random(2);
  const int64_t rows = 333, c = 77;
  const auto x = random_array(random, rows * c), dy = random_array(random, rows * c);
  const auto scale = random_array(random, c), mean = random_array(random, rows);
  const auto inverse = random_array(random, rows, 0.5, 2);
  std::vector<float> first;
  const int threads = num_threads();
  for (int n : {1, 2, 3}) {
    set_num_threads(n);
    auto dx = nan_array(rows * c), sums = nan_array(2 * c);
    auto scratch = nan_array(layer_norm_scratch_floats(rows, c));
    layer_norm_backward(rows, c, x.data(), scale.data(), mean.data(), inverse.data(), dy.data(),
                        dx.data(), sums.data(), sums.data() + c, scratch.data());
    if (n == 1) first = sums;
    EXPECT_EQ(sums, first);
  }
  set_num_threads(threads);
}

}  // namespace
}  // namespace dojo::kernels
