#include "dojo/host/kernels/norm.h"

#include <cmath>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

double activate(Activation a, double h) {
  switch (a) {
    case Activation::kNone:
      return h;
    case Activation::kRelu:
      return h > 0 ? h : 0;
    case Activation::kGelu:
      return 0.5 * h * std::erfc(-h / std::sqrt(2.0));
    case Activation::kGeluTanh:
      return 0.5 * h * (1 + std::tanh(std::sqrt(2 / M_PI) * (h + 0.044715 * h * h * h)));
  }
  return 0;
}

double slope(Activation a, double h) {
  return (activate(a, h + 1e-6) - activate(a, h - 1e-6)) / 2e-6;
}

struct Case {
  Norm norm;
  std::vector<float> x, scale, bias, dy;
};

Case random_case(Random& random) {
  Case k;
  k.norm.n = 1 + random.below(3);
  k.norm.groups = 1 + random.below(8);
  k.norm.c = k.norm.groups * (1 + random.below(6));
  k.norm.rows = 1 + random.below(random.chance(0.3) ? 1500 : 40);
  if (k.norm.rows * k.norm.c / k.norm.groups < 4) k.norm.rows += 4;
  k.norm.activation = static_cast<Activation>(random.below(4));
  const int64_t size = k.norm.n * k.norm.rows * k.norm.c;
  const double offset = random.chance(0.3) ? 100 : 0;  // a mean far from 0 must not cost accuracy
  k.x = random_array(random, size, -1 + offset, 1 + offset);
  k.dy = random_array(random, size);
  k.scale = random_array(random, k.norm.c), k.bias = random_array(random, k.norm.c);
  return k;
}

// Everything by the definition, in double.
struct Reference {
  std::vector<float> y, mean, variance, dx, dscale, dbias;
  explicit Reference(const Case& k) : y(k.x.size()), dx(k.x.size()) {
    const Norm& s = k.norm;
    const int64_t per_group = s.c / s.groups;
    std::vector<double> scale_sum(static_cast<size_t>(s.c)), bias_sum(static_cast<size_t>(s.c));
    for (int64_t n = 0; n < s.n; ++n) {
      for (int64_t g = 0; g < s.groups; ++g) {
        std::vector<int64_t> places;
        for (int64_t r = 0; r < s.rows; ++r) {
          for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch)
            places.push_back((n * s.rows + r) * s.c + ch);
        }
        const double count = static_cast<double>(places.size());
        double mu = 0, var = 0, m1 = 0, m2 = 0;
        for (int64_t p : places) mu += k.x[static_cast<size_t>(p)] / count;
        for (int64_t p : places) var += std::pow(k.x[static_cast<size_t>(p)] - mu, 2) / count;
        mean.push_back(static_cast<float>(mu)), variance.push_back(static_cast<float>(var));
        const double inverse = 1 / std::sqrt(var + s.epsilon);
        std::vector<double> hat, grad;
        for (int64_t p : places) {
          const size_t ch = static_cast<size_t>(p % s.c);
          const double z = (k.x[static_cast<size_t>(p)] - mu) * inverse,
                       h = z * k.scale[ch] + k.bias[ch];
          y[static_cast<size_t>(p)] = static_cast<float>(activate(s.activation, h));
          const double g_out = k.dy[static_cast<size_t>(p)] * slope(s.activation, h);
          scale_sum[ch] += g_out * z, bias_sum[ch] += g_out;
          hat.push_back(z), grad.push_back(g_out * k.scale[ch]);
          m1 += grad.back() / count, m2 += grad.back() * z / count;
        }
        for (size_t i = 0; i < places.size(); ++i) {
          dx[static_cast<size_t>(places[i])] =
              static_cast<float>(inverse * (grad[i] - m1 - hat[i] * m2));
        }
      }
    }
    for (double v : scale_sum) dscale.push_back(static_cast<float>(v));
    for (double v : bias_sum) dbias.push_back(static_cast<float>(v));
  }
};

TEST(Norm, ForwardAndBackwardEqualTheDefinition) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 25; ++trial) {
      const Case k = random_case(random);
      const Norm& s = k.norm;
      SCOPED_TRACE(testing::Message()
                   << "n " << s.n << " rows " << s.rows << " c " << s.c << " groups " << s.groups
                   << " activation " << static_cast<int>(s.activation));
      const Reference r(k);
      const int64_t size = static_cast<int64_t>(k.x.size());
      auto y = nan_array(size), dx = y, mean = nan_array(s.n * s.groups), variance = mean,
           dscale = nan_array(s.c), dbias = dscale;
      norm_forward(s, k.x.data(), k.scale.data(), k.bias.data(), y.data(), mean.data(),
                   variance.data());
      expect_near(mean, r.mean, 1e-6);
      expect_near(variance, r.variance, 1e-5);
      expect_near(y, r.y, 1e-4);
      auto again = nan_array(size);
      norm_apply(s, k.x.data(), k.scale.data(), k.bias.data(), mean.data(), variance.data(),
                 again.data());
      EXPECT_EQ(again, y);
      if (s.activation == Activation::kRelu) continue;  // its kink: next test
      norm_backward(s, k.x.data(), k.scale.data(), k.bias.data(), mean.data(), variance.data(),
                    k.dy.data(), dx.data(), dscale.data(), dbias.data());
      const double tolerance = 2e-4 * std::sqrt(static_cast<double>(s.rows));
      expect_near(dscale, r.dscale, tolerance);
      expect_near(dbias, r.dbias, tolerance);
      expect_near(dx, r.dx, 2e-3);
      auto in_place = k.dy;
      norm_backward(s, k.x.data(), k.scale.data(), k.bias.data(), mean.data(), variance.data(),
                    in_place.data(), in_place.data(), nullptr, nullptr);
      EXPECT_EQ(in_place, dx);
    }
  });
}

TEST(Norm, ReluStopsTheGradientWhereTheResultIsZero) {
  on_every_target([] {
    Random random(2);
    Case k = random_case(random);
    k.norm = {.n = 2, .rows = 33, .c = 6, .groups = 3, .activation = Activation::kRelu};
    k.x = random_array(random, 2 * 33 * 6), k.dy = random_array(random, 2 * 33 * 6);
    k.scale = random_array(random, 6), k.bias = random_array(random, 6);
    auto y = nan_array(2 * 33 * 6), dx = y, expected = y, mean = nan_array(6), variance = mean;
    norm_forward(k.norm, k.x.data(), k.scale.data(), k.bias.data(), y.data(), mean.data(),
                 variance.data());
    norm_backward(k.norm, k.x.data(), k.scale.data(), k.bias.data(), mean.data(), variance.data(),
                  k.dy.data(), dx.data(), nullptr, nullptr);
    auto masked = k.dy;
    for (size_t i = 0; i < masked.size(); ++i) masked[i] = y[i] > 0 ? masked[i] : 0;
    Norm plain = k.norm;
    plain.activation = Activation::kNone;
    norm_backward(plain, k.x.data(), k.scale.data(), k.bias.data(), mean.data(), variance.data(),
                  masked.data(), expected.data(), nullptr, nullptr);
    expect_near(dx, expected, 1e-6);
  });
}

TEST(Norm, StatisticsHaveTheSameBitsForEveryNumberOfThreads) {
  Random random(3);
  const Norm s{.n = 1, .rows = 5000, .c = 16, .groups = 16};
  const auto x = random_array(random, s.rows * s.c), one = random_array(random, s.c);
  std::vector<float> first;
  const int threads = num_threads();
  for (int n : {1, 2, 3}) {
    set_num_threads(n);
    auto y = nan_array(s.rows * s.c), mean = nan_array(16), variance = mean;
    norm_forward(s, x.data(), one.data(), one.data(), y.data(), mean.data(), variance.data());
    if (first.empty()) first = y;
    EXPECT_EQ(y, first);
  }
  set_num_threads(threads);
}

TEST(Norm, ANanStaysInItsGroup) {
  on_every_target([] {
    Random random(4);
    const Norm s{.n = 2, .rows = 10, .c = 4, .groups = 2};
    auto x = random_array(random, 80);
    const auto one = random_array(random, 4);
    x[5] = NAN;  // image 0, channel 1, group 0
    auto y = nan_array(80), mean = nan_array(4), variance = mean;
    norm_forward(s, x.data(), one.data(), one.data(), y.data(), mean.data(), variance.data());
    for (size_t i = 0; i < 80; ++i) EXPECT_EQ(std::isnan(y[i]), i < 40 && i % 4 < 2) << i;
  });
}

}  // namespace
}  // namespace dojo::kernels
