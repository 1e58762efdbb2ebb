// Helpers of the kernels' tests: random arrays, comparison, and running a body on every vector
// target and thread count.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dojo/base/parallel_for.h"
#include "dojo/base/random.h"

namespace dojo::kernels {

inline std::vector<float> random_array(Random& random, int64_t n, double begin = -2,
                                       double end = 2) {
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = static_cast<float>(random.uniform(begin, end));
  return x;
}

inline int64_t num_elements_of(const std::vector<int64_t>& dims) {
  int64_t n = 1;
  for (int64_t d : dims) n *= d;
  return n;
}

inline std::vector<float> nan_array(int64_t n) {
  return std::vector<float>(static_cast<size_t>(n), NAN);
}

// |a - b| <= tolerance * max(1, |b|) for each, and NaN exactly where b has one.
inline void expect_near(const std::vector<float>& a, const std::vector<float>& b,
                        double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(b[i]) || std::isinf(b[i])) {
      ASSERT_TRUE(std::isnan(b[i]) ? std::isnan(a[i]) : a[i] == b[i])
          << "at " << i << ": " << a[i] << " for " << b[i];
    } else {
      ASSERT_LE(std::fabs(a[i] - b[i]), tolerance * std::fmax(1, std::fabs(b[i])))
          << "at " << i << ": " << a[i] << " for " << b[i];
    }
  }
}

// Runs the body with each vector target that this processor has, each with 1 and 2 threads.
inline void on_every_target(const std::function<void()>& body) {
  const int threads = num_threads();
  for (int64_t target : {int64_t{HWY_AVX3}, int64_t{HWY_AVX2}, int64_t{HWY_SCALAR}}) {
    hwy::SetSupportedTargetsForTest(0);
    if ((hwy::SupportedTargets() & target) == 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
    for (int n : {1, 2}) {
      set_num_threads(n);
      SCOPED_TRACE(std::string(hwy::TargetName(target)) + ", threads " + std::to_string(n));
      body();
    }
  }
  set_num_threads(threads);
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

}  // namespace dojo::kernels
