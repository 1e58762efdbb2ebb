#include "dojo/numerics/float_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dojo/numerics/bf16.h"
#include "dojo/numerics/test_formats.h"

namespace dojo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(FloatFormat, EachKindHasANameThatReadsBack) {
  for (FloatKind kind : kFloatKinds) EXPECT_EQ(parse_float_kind(name(kind)), kind);
  EXPECT_EQ(parse_float_kind("cfloat8"), std::nullopt);
  EXPECT_EQ(parse_float_kind(""), std::nullopt);
}

TEST(FloatFormat, LimitsAreThoseOfTheWhitePaper) {
  for (int bias = 0; bias <= kMaxBias; ++bias) {
    const FloatFormat a = float_format(FloatKind::kCFloat8_1_4_3, bias);
    EXPECT_EQ(largest(a), std::ldexp(1.875, 15 - bias));
    EXPECT_EQ(smallest_normal(a), std::ldexp(1, 1 - bias));
    EXPECT_EQ(smallest(a), std::ldexp(1, -2 - bias));
    const FloatFormat b = float_format(FloatKind::kCFloat8_1_5_2, bias);
    EXPECT_EQ(largest(b), std::ldexp(1.75, 31 - bias));
    EXPECT_EQ(smallest_normal(b), std::ldexp(1, 1 - bias));
    EXPECT_EQ(smallest(b), std::ldexp(1, -1 - bias));
    const FloatFormat c = float_format(FloatKind::kShp, bias);
    EXPECT_EQ(largest(c), std::ldexp(2 - 0x1p-10, 31 - bias));
    EXPECT_EQ(smallest_normal(c), std::ldexp(1, 1 - bias));
    EXPECT_EQ(smallest(c), std::ldexp(1, -9 - bias));
  }
  const FloatFormat uhp = float_format(FloatKind::kUhp);
  EXPECT_EQ(largest(uhp), (2 - 0x1p-10) * 0x1p32);
  EXPECT_EQ(smallest_normal(uhp), 0x1p-30);
  EXPECT_EQ(smallest(uhp), 0x1p-40);
  const FloatFormat f16 = float_format(FloatKind::kF16);
  EXPECT_EQ(largest(f16), 65504);
  EXPECT_EQ(smallest_normal(f16), 0x1p-14);
  EXPECT_EQ(smallest(f16), 0x1p-24);
  const FloatFormat f32 = float_format(FloatKind::kF32);
  EXPECT_EQ(largest(f32), static_cast<double>(std::numeric_limits<float>::max()));
  EXPECT_EQ(smallest(f32), static_cast<double>(std::numeric_limits<float>::denorm_min()));
}

TEST(FloatFormat, SizesAreThoseOfMemory) {
  EXPECT_EQ(float_format(FloatKind::kCFloat8_1_4_3, 7).bytes(), 1);
  EXPECT_EQ(float_format(FloatKind::kCFloat8_1_5_2, 7).bytes(), 1);
  EXPECT_EQ(float_format(FloatKind::kShp, 7).bytes(), 2);
  EXPECT_EQ(float_format(FloatKind::kUhp).bytes(), 2);
  EXPECT_EQ(float_format(FloatKind::kF16).bytes(), 2);
  EXPECT_EQ(float_format(FloatKind::kBF16).bytes(), 2);
  EXPECT_EQ(float_format(FloatKind::kF32).bytes(), 4);
  EXPECT_EQ(float_format(FloatKind::kUhp).sign_bit(), 0u);
}

// The first codes of 1-4-3 with bias 7, written out.
TEST(FloatFormat, CodesOfASmallFormatCanBeReadByHand) {
  const FloatFormat f = float_format(FloatKind::kCFloat8_1_4_3, 7);
  EXPECT_EQ(decode(f, 0b0'0000'000), 0);
  EXPECT_EQ(decode(f, 0b0'0000'001), 0x1p-9);
  EXPECT_EQ(decode(f, 0b0'0000'111), 7 * 0x1p-9);
  EXPECT_EQ(decode(f, 0b0'0001'000), 0x1p-6);
  EXPECT_EQ(decode(f, 0b0'0001'001), 9 * 0x1p-9);
  EXPECT_EQ(decode(f, 0b0'0111'000), 1);
  EXPECT_EQ(decode(f, 0b1'1000'100), -3);
  EXPECT_EQ(decode(f, 0b0'1111'111), 480);
  EXPECT_EQ(decode(f, 0b1'1111'111), -480);
  FloatFormat g = f;
  g.subnormals = Subnormals::kAsWritten;
  EXPECT_EQ(decode(g, 0b0'0000'001), 0x1p-10);
  EXPECT_EQ(decode(g, 0b0'0000'111), 7 * 0x1p-10);
  EXPECT_EQ(decode(g, 0b0'0001'000), 0x1p-6);
}

// Numbers grow with their codes, by steps that never shrink; negative ones mirror them.
TEST(FloatFormat, CodesAreInTheOrderOfTheirValuesInEveryFormat) {
  for (const auto& formats : {all_formats(), as_written_formats()}) {
    for (const auto& [title, f] : formats) {
      SCOPED_TRACE(title);
      ASSERT_EQ(decode(f, 0), 0);
      double step = 0;
      for (uint32_t code = 0; code < f.largest_code(); ++code) {
        const double lo = decode(f, code), hi = decode(f, code + 1);
        ASSERT_LT(lo, hi) << code;
        ASSERT_LE(step, hi - lo) << code;
        // Subnormal numbers as written leave one gap, of more than two steps.
        const bool is_gap =
            f.subnormals == Subnormals::kAsWritten && code + 1 == f.smallest_normal_code();
        if (step > 0 && !is_gap) {
          ASSERT_LE(hi - lo, 2 * step) << code;
        }
        step = is_gap ? step : hi - lo;
      }
      for (uint32_t code = 0; f.is_signed && code <= f.largest_code(); ++code)
        ASSERT_EQ(decode(f, code | f.sign_bit()), -decode(f, code));
      ASSERT_EQ(std::signbit(decode(f, f.sign_bit())), f.is_signed);
    }
  }
}

TEST(FloatFormat, OnlyGradualUnderflowHasNoGap) {
  FloatFormat f = float_format(FloatKind::kCFloat8_1_5_2, 15);
  EXPECT_EQ(smallest_normal(f) - decode(f, f.smallest_normal_code() - 1), smallest(f));
  f.subnormals = Subnormals::kAsWritten;
  EXPECT_EQ(smallest_normal(f) - decode(f, f.smallest_normal_code() - 1), 5 * smallest(f));
}

TEST(FloatFormat, EveryValueIsANumberOfF32) {
  for (const auto& formats : {all_formats(), as_written_formats()}) {
    for (const auto& [title, f] : formats) {
      for (uint32_t code = 0; code <= f.largest_code(); ++code) {
        const double x = decode(f, code);
        ASSERT_EQ(static_cast<double>(static_cast<float>(x)), x) << title << ", " << code;
      }
    }
  }
}

TEST(FloatFormat, IeeesInfinityAndNanAreTheTopExponent) {
  for (FloatKind kind : {FloatKind::kF16, FloatKind::kBF16}) {
    const FloatFormat f = float_format(kind);
    for (uint32_t code = 0; code < 1u << f.bits(); ++code) {
      const uint32_t magnitude = code & ~f.sign_bit();
      const double x = decode(f, code);
      ASSERT_EQ(std::isnan(x), magnitude > f.infinity_code());
      ASSERT_EQ(std::isnan(x), is_nan(f, code));
      ASSERT_EQ(std::isinf(x), magnitude == f.infinity_code());
      ASSERT_EQ(std::signbit(x), code >= f.sign_bit());
    }
    EXPECT_EQ(decode(f, f.infinity_code()), kInfinity);
    EXPECT_EQ(decode(f, f.infinity_code() | f.sign_bit()), -kInfinity);
  }
}

TEST(FloatFormat, Bf16IsTheOneOfBf16H) {
  const FloatFormat f = float_format(Format::kBF16);
  EXPECT_EQ(f, float_format(FloatKind::kBF16));
  for (uint32_t code = 0; code < 1u << 16; ++code) {
    const double x = static_cast<double>(bf16_value(static_cast<uint16_t>(code)));
    if (is_nan(f, code)) continue;
    ASSERT_EQ(decode(f, code), x);
  }
}

}  // namespace
}  // namespace dojo
