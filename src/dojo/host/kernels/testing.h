// Helpers of the kernels' tests: random arrays and comparison; and on_every_target().
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/base/test_targets.h"

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

}  // namespace dojo::kernels
