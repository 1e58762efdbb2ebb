#include "dojo/host/kernels/softmax.h"

#include <algorithm>
#include <cmath>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

// Log-softmax by its definition, in double.
std::vector<double> reference(int64_t rows, int64_t c, const std::vector<float>& x) {
  std::vector<double> y;
  for (int64_t r = 0; r < rows; ++r) {
    const auto row = x.begin() + r * c;
    const double biggest = *std::max_element(row, row + c);
    double sum = 0;
    for (int64_t i = 0; i < c; ++i) sum += std::exp(row[i] - biggest);
    for (int64_t i = 0; i < c; ++i) y.push_back(row[i] - biggest - std::log(sum));
  }
  return y;
}

TEST(Softmax, ForwardAndBackwardEqualTheDefinition) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 20; ++trial) {
      const int64_t rows = 1 + random.below(300), c = 1 + random.below(50);
      const auto x = random_array(random, rows * c, -30, 30), dy = random_array(random, rows * c);
      const auto log_p = reference(rows, c, x);
      std::vector<float> p, l(log_p.begin(), log_p.end()), dp, dl;
      for (double v : log_p) p.push_back(static_cast<float>(std::exp(v)));
      for (int64_t i = 0; i < rows * c; ++i) {
        double dot = 0, sum = 0;
        for (int64_t k = i / c * c; k < (i / c + 1) * c; ++k) {
          dot += std::exp(log_p[static_cast<size_t>(k)]) * dy[static_cast<size_t>(k)];
          sum += dy[static_cast<size_t>(k)];
        }
        const size_t at = static_cast<size_t>(i);
        dp.push_back(static_cast<float>(std::exp(log_p[at]) * (dy[at] - dot)));
        dl.push_back(static_cast<float>(dy[at] - std::exp(log_p[at]) * sum));
      }
      auto y = nan_array(rows * c), dx = y;
      softmax(rows, c, x.data(), y.data());
      expect_near(y, p, 1e-6);
      softmax_backward(rows, c, y.data(), dy.data(), dx.data());
      expect_near(dx, dp, 1e-5);
      log_softmax(rows, c, x.data(), y.data());
      expect_near(y, l, 1e-6);
      log_softmax_backward(rows, c, y.data(), dy.data(), dx.data());
      expect_near(dx, dl, 1e-5);
    }
  });
}

TEST(Softmax, CrossEntropyIsTheMeanOverRowsWithALabel) {
  on_every_target([] {
    Random random(2);
    const int64_t rows = 57, c = 11;
    const auto x = random_array(random, rows * c, -5, 5);
    std::vector<int32_t> labels;
    for (int64_t r = 0; r < rows; ++r)
      labels.push_back(static_cast<int32_t>(random.below(c + 2)) - 1);  // some outside
    const auto log_p = reference(rows, c, x);
    double sum = 0, used = 0;
    for (int64_t r = 0; r < rows; ++r) {
      const int32_t label = labels[static_cast<size_t>(r)];
      if (label >= 0 && label < c) sum -= log_p[static_cast<size_t>(r * c + label)], used += 1;
    }
    float loss = 0;
    auto logs = nan_array(rows * c), dx = logs, expected = logs;
    softmax_cross_entropy(rows, c, x.data(), labels.data(), &loss, logs.data());
    EXPECT_NEAR(loss, sum / used, 1e-5);
    softmax_cross_entropy_backward(rows, c, logs.data(), labels.data(), 3, dx.data());
    for (int64_t i = 0; i < rows * c; ++i) {
      const int32_t label = labels[static_cast<size_t>(i / c)];
      const double g = std::exp(log_p[static_cast<size_t>(i)]) - (i % c == label);
      expected[static_cast<size_t>(i)] =
          label < 0 || label >= c ? 0 : static_cast<float>(3 * g / used);
    }
    expect_near(dx, expected, 1e-6);
    const std::vector<int32_t> none(rows, -1);
    softmax_cross_entropy(rows, c, x.data(), none.data(), &loss, nullptr);
    EXPECT_EQ(loss, 0);
  });
}

}  // namespace
}  // namespace dojo::kernels
