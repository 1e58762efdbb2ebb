#include "dojo/numerics/matrix_unit.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/base/test_targets.h"
#include "dojo/numerics/round.h"
#include "dojo/numerics/test_formats.h"

namespace dojo {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr AdditionOrder kOrders[] = {AdditionOrder::kInTurn, AdditionOrder::kPairs,
                                     AdditionOrder::kFused, AdditionOrder::kFourUnits};

uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }

float of_products(const MatrixUnitRules& rules, float start, const std::vector<float>& p) {
  return accumulate(rules, start, p, std::vector<float>(p.size(), 1.0f));
}

// Terms whose sum depends on each rounding: the last digit of f32 above 2^24 is 2.
TEST(MatrixUnit, EachOrderAddsAsItSays) {
  const std::vector<float> p = {1, 1, 1, 1, 1};
  const float start = 0x1p24f;
  // 2^24 + 1 is a tie and stays; five times.
  EXPECT_EQ(of_products({.order = AdditionOrder::kInTurn}, start, p), start);
  // 2^24 + 4, and then a tie.
  EXPECT_EQ(of_products({.order = AdditionOrder::kPairs}, start, p), start + 4);
  EXPECT_EQ(of_products({.order = AdditionOrder::kFused}, start, p), start + 4);
  // (2^24 + 1 + 1) + 1 and 1 + 1: ties stay, then 2^24 + (1 + 1).
  EXPECT_EQ(of_products({.order = AdditionOrder::kFourUnits}, start, p), start + 2);
  for (AdditionOrder order : kOrders)
    EXPECT_EQ(of_products({.order = order, .accumulator = Accumulator::kExact}, start, p),
              start + 4);  // 2^24 + 5 is a tie, to even
  // Pairs round, the fused sum does not: 2^24 + 1 + 1 + 1.
  EXPECT_EQ(of_products({.order = AdditionOrder::kPairs}, 0, {start, 1, 1, 1}), start + 2);
  EXPECT_EQ(of_products({.order = AdditionOrder::kFused}, 0, {start, 1, 1, 1}), start + 4);
}

TEST(MatrixUnit, TheNarrowAccumulatorHas14DigitsAndClamps) {
  const MatrixUnitRules rules = {.accumulator = Accumulator::k1_7_13};
  EXPECT_EQ(of_products(rules, 0x1p13f, {1}), 0x1p13f + 1);
  EXPECT_EQ(of_products(rules, 0x1p14f, {1}), 0x1p14f);  // a tie
  EXPECT_EQ(of_products(rules, 0x1p14f, {1, 3}), 0x1p14f + 4);
  const float most = (2 - 0x1p-13f) * 0x1p64f;
  EXPECT_EQ(of_products(rules, 0, {0x1p126f, 1}), most);
  EXPECT_EQ(of_products(rules, 0, {-kInfinity}), -most);
  EXPECT_EQ(of_products(rules, 0, {NAN}), most);
}

TEST(MatrixUnit, NothingIsLostBeforeTheRounding) {
  // The product is beyond f32, the sum is not.
  const std::vector<float> large = {0x1p100f}, other = {0x1p28f};
  EXPECT_EQ(accumulate({}, -0x1p127f, large, other), 0x1p127f);
  // Far below the last digit, and yet it breaks a tie.
  EXPECT_EQ(of_products({}, 1 + 0x1p-23f, {0x1p-24f}), 1 + 0x1p-22f);
  const std::vector<float> tiny = {-0x1p-100f}, small = {0x1p-40f};
  EXPECT_EQ(accumulate({.order = AdditionOrder::kFused}, 1, tiny, small), 1);
  const std::vector<float> with_tie = {0x1p-24f, -0x1p-100f}, by = {1 + 0x1p-7f, 0x1p-40f};
  EXPECT_EQ(accumulate({.accumulator = Accumulator::kExact}, 1, with_tie, by), 1 + 0x1p-23f);
  const std::vector<float> tie = {0x1p-24f, -0x1p-100f}, one = {1, 0x1p-40f};
  EXPECT_EQ(accumulate({.accumulator = Accumulator::kExact}, 1 + 0x1p-23f, tie, one), 1 + 0x1p-23f);
}

TEST(MatrixUnit, InfinitiesAndNansAreIeeesAndOneNan) {
  for (AdditionOrder order : kOrders) {
    for (Accumulator accumulator : {Accumulator::kF32, Accumulator::kExact}) {
      const MatrixUnitRules rules = {.order = order, .accumulator = accumulator};
      EXPECT_EQ(of_products(rules, 0, {1, kInfinity, 1}), kInfinity);
      EXPECT_EQ(of_products(rules, 0, {1, 2, 3, 4, 5, -kInfinity}), -kInfinity);
      EXPECT_EQ(bits_of(of_products(rules, 0, {kInfinity, 1, -kInfinity})), 0x7fc00000);
      EXPECT_EQ(bits_of(of_products(rules, 0, {1, -std::nanf("5"), 2})), 0x7fc00000);
      EXPECT_EQ(bits_of(accumulate(rules, 0, std::vector{0.0f}, std::vector{kInfinity})),
                0x7fc00000);
    }
    EXPECT_EQ(of_products({.order = order}, 3e38f, {3e38f}), kInfinity);
  }
}

TEST(MatrixUnit, NoProductsLeaveTheStart) {
  for (AdditionOrder order : kOrders) EXPECT_EQ(of_products({.order = order}, 0.1f, {}), 0.1f);
}

// All products of both CFloat8, SHP, UHP and f16 are numbers of f32; those of bf16 are not.
TEST(MatrixUnit, ProductsOfTheConfigurableFormatsAreExactInF32) {
  for (const auto& formats : {all_formats(), as_written_formats()}) {
    for (const auto& [title, f] : formats) {
      if (f == float_format(FloatKind::kBF16)) continue;
      ASSERT_GE(smallest(f) * smallest(f), 0x1p-149) << title;
      ASSERT_LE(largest(f) * largest(f), static_cast<double>(std::numeric_limits<float>::max()));
      ASSERT_LE(2 * (f.fraction_bits + 1), 24);
    }
  }
}

struct Operand {
  FloatFormat format;
  std::vector<uint8_t> bytes;
  std::vector<uint16_t> words;
  int64_t row_stride = 0;

  CodedMatrix matrix() const {
    return {format, format.bytes() == 1 ? static_cast<const void*>(bytes.data()) : words.data(),
            row_stride};
  }
};

// Every code is as likely; infinities and NaNs of bf16 and f16 only if told.
Operand operand(const FloatFormat& format, int64_t rows, int64_t columns, bool specials,
                Random& random) {
  Operand x{.format = format, .row_stride = columns + random.below(3)};
  for (int64_t i = 0; i < rows * x.row_stride; ++i) {
    uint32_t code = 0;
    do {
      code = random.next_u32() & ((1u << format.bits()) - 1);
    } while (!specials && !std::isfinite(decode(format, code)));
    format.bytes() == 1 ? x.bytes.push_back(static_cast<uint8_t>(code))
                        : x.words.push_back(static_cast<uint16_t>(code));
  }
  return x;
}

TEST(MatrixUnit, VectorsEqualTheDefinition) {
  const FloatFormat formats[] = {float_format(FloatKind::kCFloat8_1_4_3, 7),
                                 float_format(FloatKind::kCFloat8_1_4_3, 63),
                                 float_format(FloatKind::kCFloat8_1_5_2, 15),
                                 float_format(FloatKind::kBF16),
                                 float_format(FloatKind::kF16),
                                 float_format(FloatKind::kShp, 63),
                                 float_format(FloatKind::kUhp)};
  struct Size {
    int64_t m, n, k;
  };
  on_every_target([&] {
    Random random(21);
    for (const Size& s : {Size{8, 8, 4}, Size{1, 1, 1}, Size{12, 32, 256}, Size{13, 33, 257},
                          Size{7, 65, 300}, Size{3, 1030, 9}, Size{5, 4, 0}, Size{0, 3, 3}}) {
      for (const FloatFormat& a_format : formats) {
        const FloatFormat& b_format = formats[random.below(std::ssize(formats))];
        const Operand a = operand(a_format, s.m, s.k, random.chance(0.2), random);
        const Operand b = operand(b_format, s.k, s.n, random.chance(0.2), random);
        const int64_t stride = s.n + random.below(4);
        std::vector<float> c(static_cast<size_t>(s.m * stride));
        for (float& x : c)
          x = random.chance(0.3)
                  ? -0.0f
                  : static_cast<float>(random.normal() * std::exp2(random.uniform(-60, 20)));
        std::vector<float> expected = c;
        scalar::matrix_multiply({}, s.m, s.n, s.k, a.matrix(), b.matrix(), expected.data(), stride);
        matrix_multiply({}, s.m, s.n, s.k, a.matrix(), b.matrix(), c.data(), stride);
        for (size_t i = 0; i < c.size(); ++i)
          ASSERT_EQ(bits_of(c[i]), bits_of(expected[i]))
              << s.m << "x" << s.n << "x" << s.k << ", at " << i << ": " << c[i] << " for "
              << expected[i];
      }
    }
  });
}

TEST(MatrixUnit, EveryRuleIsThatOfEachAccumulator) {
  Random random(22);
  const Operand a = operand(float_format(FloatKind::kBF16), 3, 10, false, random);
  const Operand b = operand(float_format(FloatKind::kBF16), 10, 4, false, random);
  for (AdditionOrder order : kOrders) {
    for (Accumulator accumulator : {Accumulator::kF32, Accumulator::k1_7_13, Accumulator::kExact}) {
      const MatrixUnitRules rules = {.order = order, .accumulator = accumulator};
      std::vector<float> c(12);
      matrix_multiply(rules, 3, 4, 10, a.matrix(), b.matrix(), c.data(), 4);
      for (int64_t i = 0; i < 3; ++i) {
        for (int64_t j = 0; j < 4; ++j) {
          std::vector<float> row, column;
          for (int64_t k = 0; k < 10; ++k) {
            row.push_back(static_cast<float>(
                decode(a.format, a.words[static_cast<size_t>(i * a.row_stride + k)])));
            column.push_back(static_cast<float>(
                decode(b.format, b.words[static_cast<size_t>(k * b.row_stride + j)])));
          }
          ASSERT_EQ(bits_of(c[static_cast<size_t>(4 * i + j)]),
                    bits_of(accumulate(rules, 0, row, column)));
        }
      }
    }
  }
}

}  // namespace
}  // namespace dojo
