#include "dojo/host/kernels/gemm.h"

#include <fmt/format.h>

#include "dojo/base/parallel_for.h"
#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

struct Problem {
  Gemm g;
  std::vector<float> a, b, bias;

  Problem(Random& random, const Gemm& gemm)
      : g(gemm),
        a(random_array(random, g.m * g.k, -1, 1)),
        b(random_array(random, g.k * g.n, -1, 1)),
        bias(random_array(random, g.n)) {}

  std::vector<float> computed(bool with_bias) const {
    std::vector<float> y = nan_array(g.m * g.n), scratch = nan_array(gemm_scratch_floats(g));
    gemm(g, a.data(), b.data(), with_bias ? bias.data() : nullptr, y.data(), scratch.data());
    return y;
  }

  std::vector<float> defined(bool with_bias) const {
    std::vector<float> y;
    for (int64_t i = 0; i < g.m; ++i)
      for (int64_t j = 0; j < g.n; ++j) {
        double sum = with_bias ? double(bias[size_t(j)]) : 0;
        for (int64_t k = 0; k < g.k; ++k)
          sum += double(a[size_t(g.transpose_a ? k * g.m + i : i * g.k + k)]) *
                 double(b[size_t(g.transpose_b ? j * g.k + k : k * g.n + j)]);
        y.push_back(float(sum));
      }
    return y;
  }
};

Gemm random_gemm(Random& random) {
  Gemm g{.m = 1 + random.below(80),
         .n = 16 * (1 + random.below(6)),
         .k = 1 + random.below(100),
         .transpose_a = random.below(2) == 1,
         .transpose_b = random.below(2) == 1};
  if (random.below(4) == 0) g.k += 400;  // more than one part of the sum
  if (random.below(8) == 0) g.n += 384;  // and of the columns
  if (g.transpose_a) g.m += 15;
  return g;
}

TEST(Gemm, EqualsTheDefinitionOnRandomShapes) {
  on_every_target([] {
    Random random(1);
    for (int i = 0; i < 200; ++i) {
      const Problem p(random, random_gemm(random));
      SCOPED_TRACE(
          fmt::format("{}x{}x{} {} {}", p.g.m, p.g.n, p.g.k, p.g.transpose_a, p.g.transpose_b));
      ASSERT_TRUE(gemm_knows(p.g));
      const bool with_bias = random.below(2) == 1;
      expect_near(p.computed(with_bias), p.defined(with_bias), 1e-6 + 1e-7 * double(p.g.k));
    }
  });
}

TEST(Gemm, IsTheSameForEveryNumberOfThreads) {
  const int before = num_threads();
  Random random(2);
  for (int i = 0; i < 20; ++i) {
    const Problem p(random, random_gemm(random));
    set_num_threads(1);
    const std::vector<float> one = p.computed(true);
    for (int threads : {2, 3, 7}) {
      set_num_threads(threads);
      EXPECT_EQ(p.computed(true), one) << threads << " threads";
    }
  }
  set_num_threads(before);
}

TEST(Gemm, KnowsWholeVectorsOfColumnsOnly) {
  EXPECT_TRUE(gemm_knows({.m = 1, .n = 16, .k = 1}));
  EXPECT_FALSE(gemm_knows({.m = 1, .n = 24, .k = 1}));
  EXPECT_FALSE(gemm_knows({.m = 15, .n = 16, .k = 1, .transpose_a = true}));
  EXPECT_TRUE(gemm_knows({.m = 16, .n = 16, .k = 1, .transpose_a = true}));
}

}  // namespace
}  // namespace dojo::kernels
