// bf16: the upper half of an f32, so 1 sign bit, 8 exponent bits (bias 127) and 7 bits of fraction
// ("BFLOAT16 - Hardware Numerics Definition", Intel, November 2018). It has f32's range,
// infinities, NaNs and subnormal numbers, and two to three decimal digits.
//
// Rounding is IEEE 754's to nearest, ties to even: what lies half a step or more beyond the largest
// number, 0x7f7f = 3.3895e38, becomes infinite; subnormal numbers stay (the document above lets
// hardware flush them to zero: ours does not); a NaN stays a quiet NaN with its sign and the upper
// bits of its payload.
//
// A double is rounded once. By way of f32 it would be rounded twice, which differs where f32 rounds
// onto the middle between two numbers of bf16: 1 + 2^-8 + 2^-40 is 1 + 2^-7 here and would be 1.
// What an f32 operation has made is an f32 already, so both ways agree on it.
//
// Thread safety: pure functions.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace dojo {

// The code of x, rounded; bits in the order sign, exponent, fraction.
constexpr uint16_t bf16_code(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u)  // a NaN
    return static_cast<uint16_t>((bits >> 16) | 0x0040u);
  // Half a step, less one bit where the number below is even. A carry goes into the exponent, as it
  // must, and from the largest number to infinity.
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Exact. A signaling NaN stays one.
constexpr float bf16_value(uint16_t code) {
  return std::bit_cast<float>(static_cast<uint32_t>(code) << 16);
}

// A number of bf16 as it lies in memory: its code.
enum class Bf16 : uint16_t {};
constexpr float value_of(Bf16 x) { return bf16_value(static_cast<uint16_t>(x)); }
constexpr float value_of(float x) { return x; }  // for code that is written once for both

// The value of bf16 nearest to x, in f32: its low 16 bits are zero.
constexpr float round_to_bf16(float x) { return bf16_value(bf16_code(x)); }

inline uint16_t bf16_code(double x) {
  // First to f32 and "to odd": towards zero, and to a last bit of 1 where anything was lost. With
  // 16 bits more than bf16 has, that keeps x on its side of every middle.
  float f = static_cast<float>(x);
  if (!std::isnan(x) && static_cast<double>(f) != x) {
    uint32_t bits = std::bit_cast<uint32_t>(f);
    if (std::fabs(static_cast<double>(f)) > std::fabs(x)) --bits;
    f = std::bit_cast<float>(bits | 1u);
  }
  return bf16_code(f);
}

inline double round_to_bf16(double x) { return static_cast<double>(bf16_value(bf16_code(x))); }

}  // namespace dojo
