#include "dojo/numerics/round.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "dojo/base/check.h"

namespace dojo {
namespace {

// The code of the power of two that follows the largest finite number.
uint32_t beyond(const FloatFormat& f) { return f.largest_code() + 1; }

double value_beyond(const FloatFormat& f) {
  return power_of_two(static_cast<int>(beyond(f) >> f.fraction_bits) - f.bias);
}

// The code of the largest number that is not above a. REQUIRES: 0 <= a < value_beyond(f).
uint32_t code_below(const FloatFormat& f, double a) {
  const uint32_t first_normal = f.smallest_normal_code();
  if (a < smallest_normal(f)) {
    const auto code = static_cast<uint32_t>(a / smallest(f));
    return std::min(code, first_normal - 1);  // in the gap, if there is one
  }
  const int exponent = std::ilogb(a);
  const auto significand = static_cast<uint32_t>(a * power_of_two(f.fraction_bits - exponent));
  return (static_cast<uint32_t>(exponent + f.bias) << f.fraction_bits) +
         (significand - first_normal);
}

// Whether a, in [lo, hi), becomes hi. Every product and difference here is exact.
bool rounds_up(double a, double lo, double hi, bool lo_is_even, const RoundingRules& rules,
               uint32_t random) {
  const double rest = a - lo, step = hi - lo;
  if (rules.mode == Rounding::kNearest) {
    if (rest != step / 2) return rest > step / 2;
    return rules.ties == Ties::kAway || !lo_is_even;
  }
  // floor(rest / step * 2^R) + r >= 2^R, without the division: r and 2^R are integers.
  const uint32_t r = random >> (32 - rules.random_bits);
  const double all = power_of_two(rules.random_bits);
  return rest * all >= step * (all - r);
}

uint32_t nan_code(const FloatFormat& f, double x, const RoundingRules& rules) {
  const uint32_t sign = std::signbit(x) ? f.sign_bit() : 0;
  if (f.top == TopExponent::kNumbers)
    return f.largest_code() | (rules.clamped_nan == ClampedNan::kKeepsSign ? sign : 0);
  const uint64_t payload = std::bit_cast<uint64_t>(x) & ((uint64_t{1} << 52) - 1);
  const uint32_t quiet = 1u << (f.fraction_bits - 1);
  return sign | f.infinity_code() | quiet |
         static_cast<uint32_t>(payload >> (52 - f.fraction_bits));
}

}  // namespace

uint32_t encode(const FloatFormat& f, double x, const RoundingRules& rules, uint32_t random,
                RoundingFlags* flags) {
  DOJO_CHECK(rules.random_bits >= 1 && rules.random_bits <= 31);
  RoundingFlags ignored;
  RoundingFlags& raised = flags ? *flags : ignored;
  if (std::isnan(x)) {
    raised.invalid = true;
    return nan_code(f, x, rules);
  }
  double a = std::fabs(x);
  uint32_t sign = std::signbit(x) ? f.sign_bit() : 0;
  if (x < 0 && !f.is_signed) {
    raised.invalid = true;
    if (rules.negative_unsigned == NegativeUnsigned::kZero) a = 0;
  }

  uint32_t code = beyond(f);
  if (a < value_beyond(f)) {
    code = code_below(f, a);
    const double lo = decode(f, code);
    const double hi = code == f.largest_code() ? value_beyond(f) : decode(f, code + 1);
    const bool is_below_normal = code < f.smallest_normal_code();
    if (rounds_up(a, lo, hi, code % 2 == 0, rules, random)) ++code;
    raised.underflow |= is_below_normal && a != lo;
  }
  if (code == beyond(f)) {  // the code of infinity, where there is one
    const bool clamps = f.top == TopExponent::kNumbers;
    raised.overflow |= clamps || !std::isinf(a);
    if (clamps) code = f.largest_code();
  }
  if (code == 0 && rules.negative_zero == NegativeZero::kPositive) sign = 0;
  return code | sign;
}

}  // namespace dojo
