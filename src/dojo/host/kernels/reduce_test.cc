#include "dojo/host/kernels/reduce.h"

#include <algorithm>
#include <cmath>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

constexpr Reduce kAll[] = {Reduce::kSum, Reduce::kMean,         Reduce::kMax,
                           Reduce::kMin, Reduce::kSumOfSquares, Reduce::kSumOfAbs};

double start(Reduce kind) {
  return kind == Reduce::kMax ? -INFINITY : kind == Reduce::kMin ? INFINITY : 0;
}
double fold(Reduce kind, double sum, double x) {
  switch (kind) {
    case Reduce::kMax:
      return std::isnan(x) || std::isnan(sum) ? NAN : std::max(sum, x);
    case Reduce::kMin:
      return std::isnan(x) || std::isnan(sum) ? NAN : std::min(sum, x);
    case Reduce::kSumOfSquares:
      return sum + x * x;
    case Reduce::kSumOfAbs:
      return sum + std::fabs(x);
    default:
      return sum + x;
  }
}

TEST(Reduce, AnyAxesEqualTheLoop) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 60; ++trial) {
      std::vector<int64_t> dims(static_cast<size_t>(random.below(6))), axes;
      for (int64_t& d : dims) d = 1 + random.below(7);
      std::vector<bool> gone(dims.size());
      for (size_t i = 0; i < dims.size(); ++i) {
        if ((gone[i] = random.chance(0.5))) axes.push_back(static_cast<int64_t>(i));
      }
      auto x = random_array(random, num_elements_of(dims));
      if (trial % 10 == 0) x[0] = NAN;
      for (Reduce kind : kAll) {
        int64_t kept = 1, reduced = 1;
        for (size_t i = 0; i < dims.size(); ++i) (gone[i] ? reduced : kept) *= dims[i];
        std::vector<double> sums(static_cast<size_t>(kept), start(kind));
        for (int64_t i = 0; i < num_elements_of(dims); ++i) {
          int64_t rest = i, at = 0, stride = 1;
          for (size_t l = dims.size(); l-- > 0; rest /= dims[l]) {
            if (gone[l]) continue;
            at += rest % dims[l] * stride;
            stride *= dims[l];
          }
          sums[static_cast<size_t>(at)] =
              fold(kind, sums[static_cast<size_t>(at)], x[static_cast<size_t>(i)]);
        }
        if (kind == Reduce::kMean) {
          for (double& s : sums) s /= static_cast<double>(reduced);
        }
        auto y = nan_array(kept);
        reduce_axes(kind, dims, axes, x.data(), y.data());
        expect_near(y, {sums.begin(), sums.end()}, 1e-5);
      }
    }
  });
}

TEST(Reduce, LargeArraysEqualTheLoopAndThreadsChangeNoBit) {
  Random random(2);
  struct Shape {
    int64_t outer, middle, inner;
  };
  for (const auto& [outer, middle, inner] :
       {Shape{1, 300007, 1}, Shape{1, 20001, 32}, Shape{5, 1001, 1}, Shape{3, 5003, 7}}) {
    const auto x = random_array(random, outer * middle * inner, 0, 1);
    for (Reduce kind : kAll) {
      std::vector<float> expected, first;
      for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
          double sum = start(kind);
          for (int64_t m = 0; m < middle; ++m)
            sum = fold(kind, sum, x[static_cast<size_t>((o * middle + m) * inner + i)]);
          expected.push_back(
              static_cast<float>(kind == Reduce::kMean ? sum / static_cast<double>(middle) : sum));
        }
      }
      const int threads = num_threads();
      for (int n : {1, 2, 3}) {
        set_num_threads(n);
        auto y = nan_array(outer * inner);
        reduce(kind, outer, middle, inner, x.data(), y.data());
        expect_near(y, expected, 1e-6);
        if (first.empty()) first = y;
        EXPECT_EQ(y, first);
      }
      set_num_threads(threads);
    }
  }
}

TEST(Reduce, SumOfSquaresOverManyArrays) {
  on_every_target([] {
    Random random(3);
    const auto a = random_array(random, 3), b = random_array(random, 70001);
    double expected = 0;
    for (float v : a) expected += static_cast<double>(v) * v;
    for (float v : b) expected += static_cast<double>(v) * v;
    const ConstArray arrays[] = {{a.data(), 3}, {nullptr, 0}, {b.data(), 70001}};
    EXPECT_NEAR(sum_of_squares(arrays), expected, 1e-6 * expected);
  });
}

TEST(Reduce, AllFiniteFindsOneBadValueAnywhere) {
  on_every_target([] {
    Random random(4);
    auto a = random_array(random, 101);
    const ConstArray arrays[] = {{a.data(), 101}};
    EXPECT_TRUE(all_finite(arrays));
    for (float bad : {NAN, INFINITY, -INFINITY}) {
      for (size_t at : {0, 50, 100}) {
        const float good = a[at];
        a[at] = bad;
        EXPECT_FALSE(all_finite(arrays));
        a[at] = good;
      }
    }
  });
}

}  // namespace
}  // namespace dojo::kernels
