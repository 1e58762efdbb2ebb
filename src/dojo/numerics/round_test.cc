#include "dojo/numerics/round.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "dojo/base/random.h"
#include "dojo/numerics/bf16.h"
#include "dojo/numerics/test_formats.h"

namespace dojo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

// What follows a finite number: the next one, or the power of two after the largest.
double next_value(const FloatFormat& f, uint32_t code) {
  if (code < f.largest_code()) return decode(f, code + 1);
  return std::exp2(std::floor(std::log2(largest(f))) + 1);
}

// What the number after the largest one becomes.
uint32_t next_code(const FloatFormat& f, uint32_t code) {
  return code == f.largest_code() && f.top == TopExponent::kNumbers ? code : code + 1;
}

std::vector<NamedFormat> every_format() {
  std::vector<NamedFormat> formats = all_formats();
  for (NamedFormat& f : as_written_formats()) formats.push_back(std::move(f));
  return formats;
}

TEST(Round, EveryCodeOfEveryFormatRoundTrips) {
  const RoundingRules stochastic = {.mode = Rounding::kStochastic};
  for (const auto& [title, f] : every_format()) {
    for (uint32_t code = 0; code < 1u << f.bits(); ++code) {
      if (is_nan(f, code)) continue;
      RoundingFlags flags;
      const double x = decode(f, code);
      ASSERT_EQ(encode(f, x, {}, 0, &flags), code) << title;
      ASSERT_EQ(encode(f, x, stochastic, ~0u, &flags), code) << title;
      ASSERT_FALSE(flags.invalid || flags.overflow || flags.underflow) << title << ", " << code;
    }
  }
}

TEST(Round, EveryMiddleAndItsNeighboursGoToTheNearestOrEven) {
  const RoundingRules away = {.ties = Ties::kAway};
  for (const auto& [title, f] : every_format()) {
    for (uint32_t code = 0; code <= f.largest_code(); ++code) {
      const double lo = decode(f, code), hi = next_value(f, code);
      const double middle = lo + (hi - lo) / 2;  // exact
      const uint32_t up = next_code(f, code);
      ASSERT_EQ(encode(f, std::nextafter(lo, hi)), code) << title;
      ASSERT_EQ(encode(f, std::nextafter(middle, lo)), code) << title;
      ASSERT_EQ(encode(f, middle), code % 2 == 0 ? code : up) << title;
      ASSERT_EQ(encode(f, middle, away), up) << title;
      ASSERT_EQ(encode(f, std::nextafter(middle, lo), away), code) << title;
      ASSERT_EQ(encode(f, std::nextafter(middle, hi)), up) << title;
      ASSERT_EQ(encode(f, std::nextafter(hi, lo)), up) << title;
      if (f.is_signed) {
        ASSERT_EQ(encode(f, -middle), (code % 2 == 0 ? code : up) | f.sign_bit()) << title;
      }
    }
  }
}

TEST(Round, RoundingNeverChangesTheOrderOfNumbers) {
  for (const auto& [title, f] : all_formats(8)) {
    Random random(3);
    double before = 0, rounded = 0;
    // Upwards from far below the smallest number to far beyond the largest.
    for (double x = smallest(f) / 1e4; x < 1e4 * largest(f); x *= 1 + 0.02 * random.uniform()) {
      const double y = decode(f, encode(f, x));
      ASSERT_LE(rounded, y) << title << ", " << before << ", " << x;
      before = x;
      rounded = y;
    }
    ASSERT_EQ(rounded, largest(f)) << title;
  }
}

// With 6 random bits every number that they can be: as many go up as the first 6 digits say.
TEST(Round, StochasticRoundingGoesUpAsOftenAsTheFractionSays) {
  for (int bits : {1, 6}) {
    const RoundingRules rules = {.mode = Rounding::kStochastic, .random_bits = bits};
    const uint32_t all = 1u << bits;
    for (const auto& [title, f] : every_format()) {
      const uint32_t stride = f.bits() > 8 ? 977 : 1;  // of 16 bits a sample, and the ends below
      for (uint32_t code = 0; code <= f.largest_code(); code += stride) {
        const double lo = decode(f, code), step = next_value(f, code) - lo;
        for (const auto& [share, expected] :
             {std::pair(0.0, 0u), std::pair(1.0 / 128, 0u), std::pair(0.25, all / 4),
              std::pair(0.640625, static_cast<uint32_t>(0.640625 * all)),
              std::pair(127.0 / 128, all - 1)}) {
          uint32_t ups = 0;
          for (uint32_t r = 0; r < all; ++r) {
            // What lies below the random bits must not matter.
            const uint32_t random = (r << (32 - bits)) | (0x155u * r & 0xffff);
            const uint32_t rounded = encode(f, lo + share * step, rules, random);
            ASSERT_TRUE(rounded == code || rounded == next_code(f, code));
            ups += rounded == code + 1;
          }
          if (code == f.largest_code() && f.top == TopExponent::kNumbers)
            ASSERT_EQ(ups, 0u) << title;
          else
            ASSERT_EQ(ups, expected) << title << ", code " << code << ", share " << share;
        }
      }
    }
  }
}

TEST(Round, StochasticRoundingToInfinityBeginsAtTheLargestNumber) {
  const FloatFormat f = float_format(FloatKind::kF16);
  const RoundingRules rules = {.mode = Rounding::kStochastic, .random_bits = 8};
  EXPECT_EQ(encode(f, 65504, rules, ~0u), f.largest_code());
  EXPECT_EQ(encode(f, 65512, rules, 0xbf000000u), f.largest_code());  // a quarter of the way
  EXPECT_EQ(encode(f, 65512, rules, 0xc0000000u), f.infinity_code());
  EXPECT_EQ(encode(f, 65536, rules, 0), f.infinity_code());
}

TEST(Round, FormatsWithoutInfinityClamp) {
  for (const auto& [title, f] : every_format()) {
    if (f.top != TopExponent::kNumbers) continue;
    SCOPED_TRACE(title);
    for (const double x :
         {std::nextafter(next_value(f, f.largest_code()), 0.0), 1e300, kInfinity}) {
      RoundingFlags flags;
      ASSERT_EQ(encode(f, x, {}, 0, &flags), f.largest_code());
      ASSERT_TRUE(flags.overflow && !flags.invalid && !flags.underflow);
      if (f.is_signed) {
        ASSERT_EQ(encode(f, -x), f.largest_code() | f.sign_bit());
      }
    }
    RoundingFlags flags;
    ASSERT_EQ(encode(f, kNan, {}, 0, &flags), f.largest_code());
    ASSERT_TRUE(flags.invalid && !flags.overflow);
    ASSERT_EQ(encode(f, -kNan), f.largest_code() | f.sign_bit());
    ASSERT_EQ(encode(f, -kNan, {.clamped_nan = ClampedNan::kPositive}), f.largest_code());
  }
}

TEST(Round, SubnormalNumbersStayAndUnderflowIsFlagged) {
  for (const auto& [title, f] : every_format()) {
    SCOPED_TRACE(title);
    RoundingFlags exact;
    ASSERT_EQ(encode(f, smallest(f), {}, 0, &exact), 1u);
    ASSERT_FALSE(exact.underflow);
    RoundingFlags flags;
    ASSERT_EQ(encode(f, smallest(f) / 2, {}, 0, &flags), 0u);  // a tie, to even
    ASSERT_TRUE(flags.underflow && !flags.overflow && !flags.invalid);
    ASSERT_EQ(encode(f, kTiny), 0u);
    ASSERT_EQ(encode(f, kTiny, {.mode = Rounding::kStochastic}, ~0u), 0u);
  }
}

TEST(Round, ZeroKeepsItsSignUnlessTold) {
  const RoundingRules positive = {.negative_zero = NegativeZero::kPositive};
  for (const auto& [title, f] : every_format()) {
    SCOPED_TRACE(title);
    ASSERT_EQ(encode(f, 0.0), 0u);
    ASSERT_EQ(encode(f, -0.0), f.sign_bit());
    ASSERT_EQ(encode(f, -0.0, positive), 0u);
    if (!f.is_signed) continue;
    ASSERT_EQ(encode(f, -smallest(f) / 4), f.sign_bit());
    ASSERT_EQ(encode(f, -smallest(f) / 4, positive), 0u);
    ASSERT_EQ(encode(f, -smallest(f), positive), 1u | f.sign_bit());
  }
}

TEST(Round, ANegativeNumberWithoutASignIsZeroOrItsMagnitude) {
  const FloatFormat f = float_format(FloatKind::kUhp);
  RoundingFlags flags;
  EXPECT_EQ(encode(f, -1.0, {}, 0, &flags), 0u);
  EXPECT_TRUE(flags.invalid);
  EXPECT_EQ(encode(f, -kInfinity), 0u);
  const RoundingRules magnitude = {.negative_unsigned = NegativeUnsigned::kMagnitude};
  EXPECT_EQ(decode(f, encode(f, -1.0, magnitude)), 1);
  EXPECT_EQ(encode(f, -kInfinity, magnitude), f.largest_code());
  RoundingFlags none;
  EXPECT_EQ(encode(f, -0.0, {}, 0, &none), 0u);
  EXPECT_FALSE(none.invalid);
}

TEST(Round, ToF32IsTheProcessors) {
  const FloatFormat f = float_format(FloatKind::kF32);
  Random random(1);
  for (int i = 0; i < 2000000; ++i) {
    // Of all exponents, and often one that f32 has.
    uint64_t bits = random.next_u64();
    if (i % 2)
      bits = (bits & ~(uint64_t{0x7ff} << 52)) | static_cast<uint64_t>(870 + i % 290) << 52;
    const auto x = std::bit_cast<double>(bits);
    if (std::isnan(x)) continue;
    ASSERT_EQ(encode(f, x), std::bit_cast<uint32_t>(static_cast<float>(x))) << x;
  }
}

TEST(Round, ToBf16IsTheOneOfBf16H) {
  const FloatFormat f = float_format(FloatKind::kBF16);
  Random random(2);
  for (int i = 0; i < 2000000; ++i) {
    const auto x = std::bit_cast<float>(random.next_u32());
    ASSERT_EQ(encode(f, static_cast<double>(x)), bf16_code(x)) << x;  // NaN with its payload too
    const double y = static_cast<double>(x) * (1 + 0x1p-9 * random.uniform());
    if (std::isnan(y)) continue;
    ASSERT_EQ(encode(f, y), bf16_code(y)) << y;
  }
}

// The conversion instructions of x86-64 (F16C), where this processor has them.
#if defined(__x86_64__) && defined(__GNUC__)
using FourFloats [[gnu::vector_size(16)]] = float;
using EightShorts [[gnu::vector_size(16)]] = short;

[[gnu::target("f16c")]] uint16_t f16_by_instruction(float x) {
  const EightShorts y = __builtin_ia32_vcvtps2ph(FourFloats{x, 0, 0, 0}, 0);
  return static_cast<uint16_t>(y[0]);
}
[[gnu::target("f16c")]] float f16_value_by_instruction(uint16_t code) {
  return __builtin_ia32_vcvtph2ps(EightShorts{static_cast<short>(code)})[0];
}

TEST(Round, F16IsTheProcessors) {
  if (!__builtin_cpu_supports("f16c")) GTEST_SKIP() << "this processor has no F16C";
  const FloatFormat f = float_format(FloatKind::kF16);
  for (uint32_t code = 0; code < 1u << 16; ++code) {
    const float x = f16_value_by_instruction(static_cast<uint16_t>(code));
    if (is_nan(f, code)) continue;
    ASSERT_EQ(decode(f, code), static_cast<double>(x));
  }
  Random random(4);
  for (int i = 0; i < 2000000; ++i) {
    uint32_t bits = random.next_u32();
    if (i % 2) bits = (bits & ~(0xffu << 23)) | (100u + static_cast<uint32_t>(i) % 46) << 23;
    const auto x = std::bit_cast<float>(bits);
    ASSERT_EQ(encode(f, static_cast<double>(x)), f16_by_instruction(x)) << x;
  }
}
#endif

}  // namespace
}  // namespace dojo
