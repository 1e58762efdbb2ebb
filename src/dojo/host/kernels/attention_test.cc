#include "dojo/host/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

// Items in any order, rows further apart than they are long, all inside of `floats`.
ItemRows random_rows(Random& random, int64_t items, int64_t rows, int64_t d, int64_t* floats) {
  const int64_t gap = random.below(3) * 5, stride = d + gap;
  ItemRows result{.items = {}, .stride = stride};
  for (int64_t i = 0; i < items; ++i) result.items.push_back(*floats + i * rows * stride);
  for (size_t i = result.items.size(); i > 1; --i)
    std::swap(result.items[i - 1], result.items[size_t(random.below(int64_t(i)))]);
  *floats += items * rows * stride;
  return result;
}

// All by the definition, in double.
struct Reference {
  std::vector<double> y, dq, dk, dv, log_sums;  // [items, rows, d], [items, queries]

  Reference(const Attention& a, const ItemRows& dy_rows, const std::vector<float>& x,
            const std::vector<float>& dy) {
    const size_t queries = size_t(a.queries), keys = size_t(a.keys), d = size_t(a.d);
    for (size_t item = 0; item < a.q.items.size(); ++item) {
      const auto row = [&](const std::vector<float>& from, const ItemRows& rows, size_t r) {
        return from.data() + rows.items[item] + int64_t(r) * rows.stride;
      };
      std::vector<double> dk_item(keys * d), dv_item(keys * d);
      for (size_t i = 0; i < queries; ++i) {
        std::vector<double> p(keys), dp(keys), y_row(d), dq_row(d);
        const float *q = row(x, a.q, i), *g = row(dy, dy_rows, i);
        for (size_t j = 0; j < keys; ++j)
          for (size_t c = 0; c < d; ++c) {
            p[j] += double(a.scale) * q[c] * row(x, a.k, j)[c];
            dp[j] += double(g[c]) * row(x, a.v, j)[c];
          }
        const double top = *std::max_element(p.begin(), p.end());
        double sum = 0, dot = 0;
        for (double& v : p) sum += v = std::exp(v - top);
        log_sums.push_back(top + std::log(sum));
        for (size_t j = 0; j < keys; ++j) dot += (p[j] /= sum) * dp[j];
        for (size_t j = 0; j < keys; ++j)
          for (size_t c = 0; c < d; ++c) {
            const double ds = p[j] * (dp[j] - dot) * double(a.scale);
            y_row[c] += p[j] * row(x, a.v, j)[c];
            dq_row[c] += ds * row(x, a.k, j)[c];
            dk_item[j * d + c] += ds * q[c];
            dv_item[j * d + c] += p[j] * g[c];
          }
        y.insert(y.end(), y_row.begin(), y_row.end());
        dq.insert(dq.end(), dq_row.begin(), dq_row.end());
      }
      dk.insert(dk.end(), dk_item.begin(), dk_item.end());
      dv.insert(dv.end(), dv_item.begin(), dv_item.end());
    }
  }
};

std::vector<float> floats(const std::vector<double>& x) { return {x.begin(), x.end()}; }

// The rows of all items one after the other.
std::vector<float> gather(const std::vector<float>& from, const ItemRows& rows, int64_t count,
                          int64_t d) {
  std::vector<float> result;
  for (int64_t item : rows.items)
    for (int64_t r = 0; r < count; ++r)
      for (int64_t c = 0; c < d; ++c)
        result.push_back(from[static_cast<size_t>(item + r * rows.stride + c)]);
  return result;
}

TEST(Attention, ForwardAndBackwardEqualTheDefinition) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 40; ++trial) {
      const int64_t items = 1 + random.below(4);
      Attention a{.queries = 1 + random.below(trial < 30 ? 60 : 130),
                  .keys = 1 + random.below(trial < 30 ? 60 : 130),
                  .d = 16 * (1 + random.below(5)),
                  .scale = static_cast<float>(random.uniform(0.05, 0.5)),
                  .q = {},
                  .k = {},
                  .v = {}};
      int64_t size = random.below(10), dy_size = 0, y_size = 0, grad_size = 0;
      a.q = random_rows(random, items, a.queries, a.d, &size);
      a.k = random_rows(random, items, a.keys, a.d, &size);
      a.v = random_rows(random, items, a.keys, a.d, &size);
      AttentionGrad g;
      g.dy = random_rows(random, items, a.queries, a.d, &dy_size);
      g.dq = random_rows(random, items, a.queries, a.d, &grad_size);
      g.dk = random_rows(random, items, a.keys, a.d, &grad_size);
      g.dv = random_rows(random, items, a.keys, a.d, &grad_size);
      const ItemRows y_rows = random_rows(random, items, a.queries, a.d, &y_size);
      ASSERT_TRUE(attention_knows(a));
      const auto x = random_array(random, size), dy = random_array(random, dy_size);
      const Reference expected(a, g.dy, x, dy);
      auto y = nan_array(y_size), grad = nan_array(grad_size);
      auto log_sums = nan_array(items * a.queries),
           scratch = nan_array(attention_scratch_floats(a));
      attention_forward(a, x.data(), x.data(), x.data(), y_rows, y.data(), log_sums.data(),
                        scratch.data());
      // Scores of up to 80 products are rounded before their exponentials are taken.
      expect_near(gather(y, y_rows, a.queries, a.d), floats(expected.y), 2e-5);
      expect_near(log_sums, floats(expected.log_sums), 2e-6);
      attention_backward(a, g, x.data(), x.data(), x.data(), dy.data(), log_sums.data(),
                         grad.data(), grad.data(), grad.data(), scratch.data());
      expect_near(gather(grad, g.dq, a.queries, a.d), floats(expected.dq), 1e-4);
      expect_near(gather(grad, g.dk, a.keys, a.d), floats(expected.dk), 1e-4);
      expect_near(gather(grad, g.dv, a.keys, a.d), floats(expected.dv), 1e-4);
    }
  });
}

TEST(Attention, TheNumberOfThreadsDoesNotChangeABit) {
  Random random(2);
  const ItemRows rows{{0, 16, 32, 2400, 2416}, 48};
  const Attention a{
      .queries = 50, .keys = 50, .d = 16, .scale = 0.25f, .q = rows, .k = rows, .v = rows};
  const auto x = random_array(random, 4800);
  std::vector<float> first;
  const int threads = num_threads();
  for (int n : {1, 2, 3}) {
    set_num_threads(n);
    auto y = nan_array(4800), log_sums = nan_array(250),
         scratch = nan_array(attention_scratch_floats(a));
    std::vector<float> dq(4800), dk(4800), dv(4800), all;
    attention_forward(a, x.data(), x.data(), x.data(), rows, y.data(), log_sums.data(),
                      scratch.data());
    attention_backward(a, {rows, rows, rows, rows}, x.data(), x.data(), x.data(), x.data(),
                       log_sums.data(), dq.data(), dk.data(), dv.data(), scratch.data());
    for (const auto* part : {&log_sums, &dq, &dk, &dv})
      all.insert(all.end(), part->begin(), part->end());
    if (n == 1) first = all;
    EXPECT_EQ(all, first);
  }
  set_num_threads(threads);
}

TEST(Attention, ScoresFarFromZeroNeitherOverflowNorVanish) {
  const Attention a{
      .queries = 2, .keys = 3, .d = 16, .scale = 1, .q = {{0}, 16}, .k = {{0}, 16}, .v = {{0}, 16}};
  std::vector<float> q(32, 20), k(48, 20), v(48), y(32), log_sums(2);
  std::fill(q.begin() + 16, q.end(), -20.0f);
  std::iota(v.begin(), v.end(), 0.0f);
  auto scratch = nan_array(attention_scratch_floats(a));
  attention_forward(a, q.data(), k.data(), v.data(), {{0}, 16}, y.data(), log_sums.data(),
                    scratch.data());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], 16 + double(i % 16), 1e-4);
  EXPECT_NEAR(log_sums[0], 6400 + std::log(3.0), 1e-3);
  EXPECT_NEAR(log_sums[1], -6400 + std::log(3.0), 1e-3);
}

TEST(Attention, ANumberThatIsNoneReachesTheResult) {
  const Attention a{.queries = 1,
                    .keys = 20,
                    .d = 16,
                    .scale = 1,
                    .q = {{0}, 16},
                    .k = {{0}, 16},
                    .v = {{0}, 16}};
  std::vector<float> q(16, 1), k(320, 1), v(320, 1), y(16), log_sums(1);
  k[5] = NAN;
  auto scratch = nan_array(attention_scratch_floats(a));
  attention_forward(a, q.data(), k.data(), v.data(), {{0}, 16}, y.data(), log_sums.data(),
                    scratch.data());
  for (float value : y) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace dojo::kernels
