// What the codes of a binary floating-point format mean. A code is, from its highest bit down,
// an optional sign, an exponent field E and a fraction field F of M bits:
//
//   E > 0     (1 + F / 2^M) * 2^(E - bias)
//   E = 0     (F / 2^M) * 2^(1 - bias)        zero and subnormal numbers
//
// In the formats of IEEE 754's kind the largest E has no numbers: F = 0 is infinity, any other F
// is a NaN. In Tesla's formats it holds numbers like any other E, and there is neither infinity nor
// NaN ("Tesla Dojo Technology: A Guide to Tesla's Configurable Floating Point Formats &
// Arithmetic", 2021, which is "the white paper" in this folder):
//
//   name             S E M   bias            largest                smallest, normal smallest
//   cfloat8_1_4_3    1 4 3   0 ... 63        1.875 * 2^(15 - bias)  2^(-2 - bias)    2^(1 - bias)
//   cfloat8_1_5_2    1 5 2   0 ... 63        1.75 * 2^(31 - bias)   2^(-1 - bias)    2^(1 - bias)
//   shp              1 5 10  0 ... 63        1.999 * 2^(31 - bias)  2^(-9 - bias)    2^(1 - bias)
//   uhp              0 6 10  31              1.999 * 2^32           2^-40            2^-30
//   f16              1 5 10  15              65504                  2^-24            2^-14
//   bf16             1 8 7   127             3.39e38                2^-133           2^-126
//   f32              1 8 23  127             3.40e38                2^-149           2^-126
//
// Every number of these formats is a number of f32, so decoding is exact. What the white paper
// leaves open, or what could not be read of it, is a named choice; docs/numerics.md lists them.
//
// Thread safety: pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "dojo/numerics/format.h"

namespace dojo {

// 2^exponent. REQUIRES: -1022 <= exponent <= 1023.
constexpr double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

enum class FloatKind : uint8_t { kF32, kBF16, kF16, kCFloat8_1_4_3, kCFloat8_1_5_2, kShp, kUhp };

inline constexpr FloatKind kFloatKinds[] = {
    FloatKind::kF32,           FloatKind::kBF16, FloatKind::kF16, FloatKind::kCFloat8_1_4_3,
    FloatKind::kCFloat8_1_5_2, FloatKind::kShp,  FloatKind::kUhp};

// "f32", "bf16", "f16", "cfloat8_1_4_3", "cfloat8_1_5_2", "shp", "uhp".
std::string_view name(FloatKind kind);
std::optional<FloatKind> parse_float_kind(std::string_view s);  // nothing for an unknown word

// The 6-bit bias of the configurable formats: both CFloat8 and SHP.
inline constexpr int kMaxBias = 63;
bool has_bias(FloatKind kind);

enum class TopExponent : uint8_t { kNumbers, kInfinityAndNan };

// The white paper writes subnormal numbers as 0.F * 2^-bias, which leaves a gap below the smallest
// normal number, and says on the same page that underflow is gradual, which needs 2^(1 - bias).
enum class Subnormals : uint8_t {
  kGradual,    // (F / 2^M) * 2^(1 - bias), as above
  kAsWritten,  // (F / 2^M) * 2^-bias
};

struct FloatFormat {
  bool is_signed = true;
  int exponent_bits = 8;
  int fraction_bits = 23;
  int bias = 127;
  TopExponent top = TopExponent::kInfinityAndNan;
  Subnormals subnormals = Subnormals::kGradual;

  int bits() const { return (is_signed ? 1 : 0) + exponent_bits + fraction_bits; }
  int bytes() const { return (bits() + 7) / 8; }
  // The code with only the sign set; 0 for a format without one.
  uint32_t sign_bit() const { return is_signed ? 1u << (bits() - 1) : 0; }
  // The code with exponent field 1 and fraction 0; codes below it (sign aside) are subnormal or 0.
  uint32_t smallest_normal_code() const { return 1u << fraction_bits; }
  uint32_t largest_code() const;   // of the largest finite number
  uint32_t infinity_code() const;  // REQUIRES: top == kInfinityAndNan

  bool operator==(const FloatFormat&) const = default;
};

// REQUIRES: `bias` is given, 0 ... kMaxBias, iff has_bias(kind).
FloatFormat float_format(FloatKind kind, std::optional<int> bias = {});
// Of a graph's tensor. REQUIRES: is_floating(format).
FloatFormat float_format(Format format);

// The value of a code, exact; for those of a NaN a quiet one with the code's sign and payload.
// REQUIRES: code < 2^format.bits().
double decode(const FloatFormat& format, uint32_t code);

bool is_nan(const FloatFormat& format, uint32_t code);

double largest(const FloatFormat& format);          // the largest finite number
double smallest_normal(const FloatFormat& format);  // positive
double smallest(const FloatFormat& format);         // the smallest positive number

}  // namespace dojo
