#include "dojo/numerics/exact_sum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "dojo/base/random.h"

namespace dojo {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
__extension__ using Int128 = __int128;  // which ISO C++ does not have

constexpr double kSmallest = std::numeric_limits<double>::denorm_min();

double sum(const std::vector<double>& x) {
  ExactSum s;
  for (double v : x) s.add(v);
  return s.round_to_odd();
}

TEST(ExactSum, KeepsWhatDoublesLose) {
  EXPECT_EQ(sum({}), 0);
  EXPECT_EQ(sum({1e300, 1, -1e300}), 1);
  EXPECT_EQ(sum({kLargest, kSmallest, -kLargest}), kSmallest);
  EXPECT_EQ(sum({-kSmallest, kLargest, -kLargest}), -kSmallest);
  EXPECT_EQ(sum({kLargest, kLargest, -kLargest}), kLargest);
  EXPECT_EQ(sum({1, -1}), 0);
  EXPECT_FALSE(std::signbit(sum({-0.0, -1, 1})));
  EXPECT_EQ(sum({0x1p-1022, -0x1p-1074}), 0x1p-1022 - 0x1p-1074);
}

TEST(ExactSum, RoundsToOdd) {
  const double even = 1, odd = 1 + 0x1p-52, next = 1 + 0x1p-51;
  EXPECT_EQ(sum({even, 0x1p-60}), odd);
  EXPECT_EQ(sum({odd, 0x1p-60}), odd);
  EXPECT_EQ(sum({next, -0x1p-60}), odd);
  EXPECT_EQ(sum({next, 0x1p-900}), next + 0x1p-52);
  EXPECT_EQ(sum({-next, -0x1p-900}), -next - 0x1p-52);
  EXPECT_EQ(sum({-next, 0x1p-900}), -odd);
}

TEST(ExactSum, OfTwoIsAddToOdd) {
  Random random(1);
  for (int i = 0; i < 200000; ++i) {
    const auto draw = [&] {
      return std::ldexp(random.uniform(-1, 1), static_cast<int>(random.below(130)));
    };
    const double x = draw(), y = i % 3 ? draw() : -x * (1 + std::ldexp(random.uniform(), -50));
    ASSERT_EQ(add_to_odd(x, y), sum({x, y})) << x << " + " << y;
  }
  EXPECT_EQ(add_to_odd(1, 0x1p-500), 1 + 0x1p-52);
  EXPECT_EQ(add_to_odd(1, -0x1p-500), 1 - 0x1p-53);
  EXPECT_EQ(add_to_odd(-1, 0x1p-500), -1 + 0x1p-53);
}

// Of integers, by 128 bits.
TEST(ExactSum, OfManyIsTheIntegersSum) {
  Random random(2);
  for (int trial = 0; trial < 200; ++trial) {
    ExactSum s;
    Int128 expected = 0;
    for (int i = 0; i < 1000; ++i) {
      const int shift = static_cast<int>(random.below(60));
      const int64_t x = random.below(int64_t{1} << 53) - (int64_t{1} << 52);
      s.add(std::ldexp(static_cast<double>(x), shift));
      expected += static_cast<Int128>(x) << shift;
    }
    s.add(-std::ldexp(static_cast<double>(static_cast<int64_t>(expected >> 64)), 64));
    expected -= static_cast<Int128>(static_cast<int64_t>(expected >> 64)) << 64;
    s.add(-std::ldexp(static_cast<double>(static_cast<int64_t>(expected >> 20)), 20));
    expected -= static_cast<Int128>(static_cast<int64_t>(expected >> 20)) << 20;
    ASSERT_EQ(s.round_to_odd(), static_cast<double>(static_cast<int64_t>(expected)));
  }
}

}  // namespace
}  // namespace dojo
