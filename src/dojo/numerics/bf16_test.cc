#include "dojo/numerics/bf16.h"

#include <gtest/gtest.h>

#include <limits>

#include "dojo/base/random.h"

namespace dojo {
namespace {

constexpr uint32_t kCodes = 1u << 16;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool is_nan(uint32_t code) { return (code & 0x7fff) > 0x7f80; }
bool is_finite(uint32_t code) { return (code & 0x7fff) < 0x7f80; }

float from_bits(uint32_t bits) { return std::bit_cast<float>(bits); }
uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }

TEST(Bf16, EveryCodeHasTheValueOfItsFields) {
  for (uint32_t c = 0; c < kCodes; ++c) {
    const int sign = c >> 15 ? -1 : 1, exponent = (c >> 7) & 0xff, fraction = c & 0x7f;
    const float value = bf16_value(static_cast<uint16_t>(c));
    if (exponent == 255)
      ASSERT_TRUE(fraction ? std::isnan(value) : value == static_cast<float>(sign) * kInfinity);
    else if (exponent == 0)
      ASSERT_EQ(value, sign * std::ldexp(fraction, -133));
    else
      ASSERT_EQ(value, sign * std::ldexp(128 + fraction, exponent - 127 - 7));
    ASSERT_EQ(std::signbit(value), c >> 15 == 1);
  }
}

TEST(Bf16, EveryCodeRoundTrips) {
  for (uint32_t c = 0; c < kCodes; ++c) {
    const float value = bf16_value(static_cast<uint16_t>(c));
    const uint32_t quiet = is_nan(c) ? c | 0x40 : c;
    ASSERT_EQ(bf16_code(value), quiet);
    ASSERT_EQ(bits_of(round_to_bf16(value)), quiet << 16);
    // Not by way of double: hardware makes a NaN quiet there itself.
    if (!is_nan(c)) {
      ASSERT_EQ(bf16_code(static_cast<double>(value)), c);
    }
  }
}

// Between each number and its neighbour farther from zero, the infinities being the last: the
// middle goes to the even one, and its neighbours in f32 to the nearer one.
TEST(Bf16, EveryMiddleAndItsNeighboursRoundToTheNearestOrEven) {
  for (uint32_t c = 0; c < kCodes; ++c) {
    if (!is_finite(c)) continue;
    const uint32_t low = c << 16, middle = low | 0x8000, next = c + 1;
    ASSERT_EQ(bf16_code(from_bits(low + 1)), c);
    ASSERT_EQ(bf16_code(from_bits(middle - 1)), c);
    ASSERT_EQ(bf16_code(from_bits(middle)), c % 2 == 0 ? c : next);
    ASSERT_EQ(bf16_code(from_bits(middle + 1)), next);
    ASSERT_EQ(bf16_code(from_bits(low + 0xffff)), next);
  }
}

TEST(Bf16, OfADoubleTooAndItIsRoundedOnce) {
  for (uint32_t c = 0; c < kCodes; ++c) {
    if (!is_finite(c)) continue;
    const double low = bf16_value(static_cast<uint16_t>(c));
    // Infinity counts as the number that would follow the largest.
    const double next =
        is_finite(c + 1) ? bf16_value(static_cast<uint16_t>(c + 1)) : std::copysign(0x1p128, low);
    const double middle = low + (next - low) / 2;  // exact
    const double below = std::nextafter(middle, low), above = std::nextafter(middle, next);
    ASSERT_EQ(bf16_code(below), c);
    ASSERT_EQ(bf16_code(middle), c % 2 == 0 ? c : c + 1);
    ASSERT_EQ(bf16_code(above), c + 1);
    ASSERT_EQ(bf16_code(std::nextafter(low, next)), c);
    ASSERT_EQ(bf16_code(std::nextafter(next, low)), c + 1);
  }
  // By way of f32 it would be rounded twice.
  const double x = 1 + 0x1p-8 + 0x1p-40;
  EXPECT_EQ(round_to_bf16(x), 1 + 0x1p-7);
  EXPECT_EQ(round_to_bf16(static_cast<float>(x)), 1);
}

TEST(Bf16, AnF32IsRoundedAlikeAsADouble) {
  Random random(1);
  for (int i = 0; i < 1000000; ++i) {
    const float x = from_bits(static_cast<uint32_t>(random.below(int64_t{1} << 32)));
    if (std::isnan(x)) continue;
    ASSERT_EQ(bf16_code(x), bf16_code(static_cast<double>(x)));
    // To nearest: nothing is closer than the neighbours.
    const float y = round_to_bf16(x);
    if (std::isinf(y)) continue;
    const float step = std::fabs(y - bf16_value(static_cast<uint16_t>(bf16_code(y) ^ 1)));
    ASSERT_LE(std::fabs(static_cast<double>(x) - y), static_cast<double>(step) / 2);
  }
}

TEST(Bf16, ExtremesAreIeees) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  EXPECT_EQ(round_to_bf16(kLargest), kInfinity);
  EXPECT_EQ(round_to_bf16(-kLargest), -kInfinity);
  EXPECT_EQ(round_to_bf16(1e300), static_cast<double>(kInfinity));
  EXPECT_EQ(round_to_bf16(-1e300), -static_cast<double>(kInfinity));
  EXPECT_EQ(round_to_bf16(0x1.fep127f), 0x1.fep127f);      // the largest number
  EXPECT_EQ(round_to_bf16(0x1.fefffep127f), 0x1.fep127f);  // just below the middle
  EXPECT_EQ(round_to_bf16(0x1.ffp127f), kInfinity);        // the middle: to the even one
  EXPECT_EQ(round_to_bf16(0x1p-133f), 0x1p-133f);          // the smallest number
  EXPECT_EQ(bf16_code(0x1p-134f), 0);                      // half of it: a tie, to zero
  EXPECT_EQ(bf16_code(0x1.8p-134f), 1);
  EXPECT_EQ(bf16_code(-0x1p-149f), 0x8000);  // the sign of zero stays
  EXPECT_EQ(bf16_code(1e-300), 0);
  EXPECT_EQ(bf16_code(-1e-300), 0x8000);
  EXPECT_EQ(bf16_code(std::nextafter(0x1p-134, 1.0)), 1);  // a double beyond that tie
}

TEST(Bf16, ANaNStaysAQuietNaN) {
  EXPECT_EQ(bf16_code(from_bits(0x7f800001)), 0x7fc0);  // signaling, with a payload below
  EXPECT_EQ(bf16_code(from_bits(0xffa50001)), 0xffe5);  // sign and upper payload stay
  EXPECT_EQ(bf16_code(from_bits(0x7fffffff)), 0x7fff);
  EXPECT_TRUE(std::isnan(round_to_bf16(std::numeric_limits<double>::quiet_NaN())));
}

}  // namespace
}  // namespace dojo
