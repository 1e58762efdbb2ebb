// For tests of vector code (base/simd.h): the same body on every vector target and thread count.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cstdint>
#include <functional>
#include <string>

#include "dojo/base/parallel_for.h"

namespace dojo {

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

}  // namespace dojo
