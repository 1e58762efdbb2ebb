// How a number becomes a code of a format: the definition, one number at a time, and the oracle of
// the fast array functions (convert.h).
//
// Let lo be the largest number of the format with lo <= |x|, and hi the one that follows it. The
// largest finite number is followed by the power of two that would come next: infinity, in a format
// that has it.
//
//   nearest     hi if |x| lies beyond their middle, lo before it; in the middle the even code of
//               the two (or, Ties::kAway, hi)
//   stochastic  hi with probability (|x| - lo) / (hi - lo), so that the mean over the random
//               numbers is |x|: with r of `random_bits` bits R, iff the first R binary digits of
//               that fraction, as an integer, plus r are 2^R or more
//
// A format without infinity clamps: what is rounded to the power of two beyond the largest number,
// an infinity and a NaN become the largest number (white paper, of SHP: "any overflow, or an
// Inf/NaN operand"). Subnormal numbers are never flushed. A NaN becomes a quiet NaN where the
// format has one, with its sign and the upper bits of its payload.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>

#include "dojo/numerics/float_format.h"

namespace dojo {

enum class Rounding : uint8_t { kNearest, kStochastic };

// Named choices where no public source that we could read says what the machine does.
enum class Ties : uint8_t { kEven, kAway };
enum class ClampedNan : uint8_t { kKeepsSign, kPositive };    // what a clamped NaN becomes
enum class NegativeZero : uint8_t { kKept, kPositive };       // of x = -0 and of what underflows
enum class NegativeUnsigned : uint8_t { kZero, kMagnitude };  // x < 0 in a format without a sign

struct RoundingRules {
  Rounding mode = Rounding::kNearest;
  Ties ties = Ties::kEven;  // of kNearest
  // Of kStochastic, 1 ... 31. With 24, f32's significand, the probability is exact for every f32
  // that is no less than the smallest normal number of a format with fraction bits.
  int random_bits = 24;
  ClampedNan clamped_nan = ClampedNan::kKeepsSign;
  NegativeZero negative_zero = NegativeZero::kKept;
  NegativeUnsigned negative_unsigned = NegativeUnsigned::kZero;

  bool operator==(const RoundingRules&) const = default;
};

// The flags of the white paper that a rounding can raise; the fourth, Denormal, is about operands.
struct RoundingFlags {
  bool invalid = false;    // x is NaN, or negative and the format has no sign
  bool overflow = false;   // x was rounded beyond the largest number, or is infinite and clamped
  bool underflow = false;  // x is below the smallest normal number and the result is not x
};

// The code of x. `random`: 32 random bits, of which kStochastic takes the upper rules.random_bits
// (rounding_random.h has them); kNearest takes none. Flags are added to those of *flags.
uint32_t encode(const FloatFormat& format, double x, const RoundingRules& rules = {},
                uint32_t random = 0, RoundingFlags* flags = nullptr);

}  // namespace dojo
