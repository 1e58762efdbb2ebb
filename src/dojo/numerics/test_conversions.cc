#include "dojo/numerics/test_conversions.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

namespace dojo {

std::vector<NamedConversion> conversions_to(const FloatFormat& format) {
  const RoundingRandom random = {.seed = 11, .tensor = stream_id("t"), .step = 3};
  std::vector<NamedConversion> all;
  const auto add = [&](std::string name, const RoundingRules& rules) {
    all.push_back({std::move(name), {.format = format, .rules = rules, .random = random}});
  };
  add("nearest, even", {});
  add("nearest, away", {.ties = Ties::kAway});
  for (int bits : {1, 8, 15, 16, 20, 24, 31})
    add(fmt::format("stochastic, {} bits", bits),
        {.mode = Rounding::kStochastic, .random_bits = bits});
  add("positive NaN", {.clamped_nan = ClampedNan::kPositive});
  add("positive zero", {.negative_zero = NegativeZero::kPositive});
  add("stochastic, positive zero",
      {.mode = Rounding::kStochastic, .negative_zero = NegativeZero::kPositive});
  if (!format.is_signed) add("magnitude", {.negative_unsigned = NegativeUnsigned::kMagnitude});
  return all;
}

std::vector<float> hard_numbers(const FloatFormat& f, Random& random, int64_t n) {
  std::vector<float> x;
  for (int64_t i = 0; i < n; ++i) {
    const auto code = static_cast<uint32_t>(random.below(f.largest_code() + 1));
    const double lo = decode(f, code);
    const double hi = code < f.largest_code() ? decode(f, code + 1) : 2 * lo;
    const double sign = random.chance(0.5) ? -1 : 1;
    const double step = smallest(f);
    double y = 0;
    switch (random.below(8)) {
      case 0:
        y = lo;
        break;
      case 1:
        y = lo + (hi - lo) / 2;
        break;
      case 2:
        y = static_cast<double>(std::nextafter(static_cast<float>(lo + (hi - lo) / 2),
                                               static_cast<float>(random.chance(0.5) ? lo : hi)));
        break;
      case 3:
        y = lo + (hi - lo) * random.uniform();
        break;
      case 4:  // subnormal numbers, and far below them
        y = step * random.uniform(0, f.smallest_normal_code()) *
            std::ldexp(1, -static_cast<int>(random.below(60)));
        break;
      case 5:  // beyond the largest
        y = largest(f) * (1 + random.uniform(0, random.chance(0.5) ? 4 : 0.1));
        break;
      case 6: {
        constexpr float kInfinity = std::numeric_limits<float>::infinity();
        const float special[] = {0,
                                 kInfinity,
                                 std::numeric_limits<float>::max(),
                                 std::numeric_limits<float>::denorm_min(),
                                 0x1p-126f,
                                 0x1p-127f};
        y = static_cast<double>(special[random.below(std::ssize(special))]);
        break;
      }
      case 7:  // any bits: NaNs too
        x.push_back(std::bit_cast<float>(random.chance(0.2) ? random.next_u32() | 0x7f800000u
                                                            : random.next_u32()));
        continue;
    }
    x.push_back(static_cast<float>(sign * y));
  }
  return x;
}

}  // namespace dojo
