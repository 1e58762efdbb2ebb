#include "dojo/host/limits.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dojo/base/clock.h"
#include "dojo/graph/builder.h"
#include "dojo/host/executor.h"

namespace dojo {
namespace {

TEST(Limits, AMatrixProductComesNearThePeakAndDoesNotPassIt) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer slows our kernels down, not those of the library";
#endif
  constexpr int64_t kSize = 512;
  Builder b("product");
  const Type type{Format::kF32, {kSize, kSize}};
  const ValueId x = b.state("x", type, normal(1)), y = b.state("y", type, normal(1));
  b.output("z", b.op("MatMul", {x, y}));
  const auto e = make_host_executor(std::move(b).finish());
  initialize(*e, 1);
  const double before = measure_fma_peak();  // the machine may be slower later
  double seconds = 1e9;
  for (int run = 0; run < 7; ++run) seconds = std::min(seconds, seconds_of([&] { e->run(); }));
  const double rate = 2.0 * kSize * kSize * kSize / seconds;
  const double peak = std::max(before, measure_fma_peak());
  EXPECT_LT(rate, 1.3 * peak);
  EXPECT_GT(rate, 0.02 * peak);
}

TEST(Limits, TheTriadIsLargerThanASmallCacheAndMemoryIsSlowerThanArithmetic) {
  EXPECT_GE(triad_bytes(), int64_t{3} << 20);
  const MachineLimits limits = measure_limits();
  EXPECT_GT(limits.bytes_per_second, 1e8);
  EXPECT_GT(limits.flop_per_second, limits.bytes_per_second / 4);
}

TEST(Limits, TheLeastTimeIsThatOfTheScarcerResource) {
  const MachineLimits limits{.flop_per_second = 100, .bytes_per_second = 10};
  EXPECT_EQ(limits.least_seconds(200, 10), 2);
  EXPECT_EQ(limits.least_seconds(200, 30), 3);
}

}  // namespace
}  // namespace dojo
