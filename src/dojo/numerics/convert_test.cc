#include "dojo/numerics/convert.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "dojo/base/test_targets.h"
#include "dojo/numerics/bf16.h"
#include "dojo/numerics/test_conversions.h"
#include "dojo/numerics/test_formats.h"

namespace dojo {
namespace {

template <class Code>
std::vector<Code> encoded(const Conversion& to, std::span<const float> x) {
  std::vector<Code> codes(x.size());
  encode(to, x, codes);
  return codes;
}

template <class Code>
void expect_equals_oracle(const Conversion& to, std::span<const float> x) {
  std::vector<Code> expected(x.size());
  scalar::encode(to, x, expected);
  const std::vector<Code> seen = encoded<Code>(to, x);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(+seen[i], +expected[i])
        << "at " << i << ": " << x[i] << ", bits " << std::bit_cast<uint32_t>(x[i]);
}

TEST(Convert, EqualsTheDefinitionForEveryFormatAndChoiceOnHardNumbers) {
  on_every_target([] {
    Random random(5);
    for (const auto& [title, format] : all_formats()) {
      EXPECT_TRUE(is_vectorised(format));
      const std::vector<float> x = hard_numbers(format, random, 500);
      for (const auto& [choice, to] : conversions_to(format)) {
        SCOPED_TRACE(title + ", " + choice);
        if (format.bytes() == 1) expect_equals_oracle<uint8_t>(to, x);
        if (format.bytes() == 2) expect_equals_oracle<uint16_t>(to, x);
        if (testing::Test::HasFailure()) return;
      }
    }
  });
}

TEST(Convert, SubnormalNumbersAsWrittenTakeTheDefinition) {
  Random random(6);
  for (const auto& [title, format] : as_written_formats()) {
    EXPECT_FALSE(is_vectorised(format));
    const std::vector<float> x = hard_numbers(format, random, 100);
    if (format.bytes() == 1) expect_equals_oracle<uint8_t>({format}, x);
    if (format.bytes() == 2) expect_equals_oracle<uint16_t>({format}, x);
  }
}

TEST(Convert, EveryCodeOfEveryFormatDecodesAsDefined) {
  on_every_target([] {
    for (const auto& [title, format] : all_formats()) {
      const size_t n = size_t{1} << format.bits();
      std::vector<float> expected(n), seen(n);
      if (format.bytes() == 1) {
        std::vector<uint8_t> codes(n);
        std::iota(codes.begin(), codes.end(), uint8_t{0});
        scalar::decode(format, codes, expected);
        decode(format, codes, seen);
      } else {
        std::vector<uint16_t> codes(n);
        std::iota(codes.begin(), codes.end(), uint16_t{0});
        scalar::decode(format, codes, expected);
        decode(format, codes, seen);
      }
      for (size_t i = 0; i < n; ++i)
        ASSERT_EQ(std::bit_cast<uint32_t>(seen[i]), std::bit_cast<uint32_t>(expected[i]))
            << title << ", code " << i;
    }
  });
}

TEST(Convert, LengthsAndBeginningsDoNotMatter) {
  const FloatFormat format = float_format(FloatKind::kCFloat8_1_4_3, 7);
  on_every_target([&] {
    Random random(7);
    const std::vector<float> x = hard_numbers(format, random, 300);
    for (Rounding mode : {Rounding::kNearest, Rounding::kStochastic}) {
      const Conversion whole = {.format = format, .rules = {.mode = mode}, .random = {.seed = 3}};
      std::vector<uint8_t> expected(x.size());
      scalar::encode(whole, x, expected);
      for (size_t begin : {0, 1, 2, 3, 4, 7, 64, 65, 130}) {
        for (size_t n = 0; begin + n <= x.size(); n += n < 140 ? 1 : 37) {
          Conversion part = whole;
          part.first_element = static_cast<int64_t>(begin);
          std::vector<uint8_t> seen(n + 1, 0xee);
          encode(part, std::span(x).subspan(begin, n), std::span(seen).first(n));
          for (size_t i = 0; i < n; ++i)
            ASSERT_EQ(seen[i], expected[begin + i]) << begin << ", " << n << ", " << i;
          ASSERT_EQ(seen[n], 0xee);
          std::vector<float> back(n + 1, -77);
          decode(format, std::span(seen).first(n), std::span(back).first(n));
          for (size_t i = 0; i < n; ++i)
            ASSERT_EQ(static_cast<double>(back[i]), decode(format, seen[i]));
          ASSERT_EQ(back[n], -77);
        }
      }
    }
  });
}

// Beyond 2^32 elements too.
TEST(Convert, StochasticRoundingOfAPartIsThatOfTheWhole) {
  const FloatFormat format = float_format(FloatKind::kShp, 15);
  Random random(8);
  const std::vector<float> x = hard_numbers(format, random, 1000);
  for (int64_t first : {int64_t{0}, (int64_t{1} << 32) - 501, kMaxRandomElements - 1000}) {
    Conversion to = {.format = format,
                     .rules = {.mode = Rounding::kStochastic},
                     .random = {.seed = 9, .tensor = 10, .step = 11},
                     .first_element = first};
    std::vector<uint16_t> whole(x.size());
    encode(to, x, whole);
    ASSERT_NO_FATAL_FAILURE(expect_equals_oracle<uint16_t>(to, x));
    for (size_t cut : {1, 2, 3, 31, 500, 501, 999}) {
      std::vector<uint16_t> parts(x.size());
      encode(to, std::span(x).first(cut), std::span(parts).first(cut));
      Conversion rest = to;
      rest.first_element += static_cast<int64_t>(cut);
      encode(rest, std::span(x).subspan(cut), std::span(parts).subspan(cut));
      ASSERT_EQ(parts, whole);
    }
  }
}

// One number many times: it goes up as often as its place between two codes says. Chi-square of
// the counts over all places, with as many degrees of freedom; 5 sigma beside its mean at most.
TEST(Convert, StochasticRoundingHasNoBias) {
  constexpr int kPlaces = 200, kTimes = 20000;
  struct Case {
    FloatFormat format;
    double from;
  };
  for (const Case& c : {Case{float_format(FloatKind::kCFloat8_1_4_3, 7), 1.0},
                        Case{float_format(FloatKind::kCFloat8_1_5_2, 15), 0x1p-16},  // subnormal
                        Case{float_format(FloatKind::kShp, 20), 3.0},
                        Case{float_format(FloatKind::kBF16), 100.0}}) {
    const uint32_t lo = encode(c.format, c.from);
    const double step = decode(c.format, lo + 1) - decode(c.format, lo);
    double chi_square = 0, sum = 0, variance = 0;
    for (int place = 1; place <= kPlaces; ++place) {
      const double share = static_cast<double>(place) / (kPlaces + 1);
      const std::vector<float> x(kTimes, static_cast<float>(c.from + share * step));
      const double exact = (static_cast<double>(x[0]) - c.from) / step;
      const Conversion to = {.format = c.format,
                             .rules = {.mode = Rounding::kStochastic},
                             .random = {.seed = 12, .tensor = static_cast<uint64_t>(place)}};
      double ups = 0;
      if (c.format.bytes() == 1) {
        for (uint8_t code : encoded<uint8_t>(to, x)) ups += code - lo;
      } else {
        for (uint16_t code : encoded<uint16_t>(to, x)) ups += code - lo;
      }
      const double spread = kTimes * exact * (1 - exact);
      chi_square += (ups - kTimes * exact) * (ups - kTimes * exact) / spread;
      sum += ups - kTimes * exact;
      variance += spread;
    }
    EXPECT_NEAR(chi_square, kPlaces, 5 * std::sqrt(2.0 * kPlaces));
    EXPECT_LT(std::fabs(sum), 5 * std::sqrt(variance));
  }
}

TEST(Convert, SeedTensorAndStepChangeTheRounding) {
  const std::vector<float> x(10000, 1.05f);
  Conversion to = {.format = float_format(FloatKind::kCFloat8_1_4_3, 7),
                   .rules = {.mode = Rounding::kStochastic}};
  const std::vector<uint8_t> base = encoded<uint8_t>(to, x);
  EXPECT_EQ(base, encoded<uint8_t>(to, x));
  for (const RoundingRandom& random :
       {RoundingRandom{.seed = 1}, RoundingRandom{.tensor = 1}, RoundingRandom{.step = 1}}) {
    to.random = random;
    EXPECT_NE(base, encoded<uint8_t>(to, x));
  }
}

}  // namespace
}  // namespace dojo
