// Arrays of numbers into codes of a format and back: what encode() of round.h and decode() of
// float_format.h say, element by element and bit for bit, at the speed of vector units. The
// functions in `scalar` are those definitions in a loop: the oracle of the others.
//
//   const Conversion to{.format = float_format(FloatKind::kCFloat8_1_4_3, 20),
//                       .rules = {.mode = Rounding::kStochastic},
//                       .random = {.seed = 1, .tensor = stream_id("w"), .step = 7}};
//   encode(to, x, codes);
//
// Codes of at most 8 bits lie in a byte each, those of 9 to 16 bits in two. The four formats of 16
// bits and both CFloat8 have vector code, with every choice of RoundingRules; what has none
// (subnormal numbers as written, odd sizes) takes the loop, hundreds of times as long.
//
// Thread safety: pure functions, on the calling thread. A tensor may be cut into pieces anywhere.
#pragma once

#include <cstdint>
#include <span>

#include "dojo/numerics/float_format.h"
#include "dojo/numerics/round.h"
#include "dojo/numerics/rounding_random.h"

namespace dojo {

struct Conversion {
  FloatFormat format;
  RoundingRules rules = {};
  // Of Rounding::kStochastic: the stream, and which element of the tensor the first one here is.
  RoundingRandom random = {};
  int64_t first_element = 0;
};

// REQUIRES: spans of one size; the format's codes fit; with kStochastic, elements below
// kMaxRandomElements.
void encode(const Conversion& to, std::span<const float> x, std::span<uint8_t> codes);
void encode(const Conversion& to, std::span<const float> x, std::span<uint16_t> codes);

// Exact. REQUIRES: spans of one size; the format's codes fit; codes are below 2^from.bits().
void decode(const FloatFormat& from, std::span<const uint8_t> codes, std::span<float> x);
void decode(const FloatFormat& from, std::span<const uint16_t> codes, std::span<float> x);

// Whether it has vector code.
bool is_vectorised(const FloatFormat& format);

namespace scalar {
void encode(const Conversion& to, std::span<const float> x, std::span<uint8_t> codes);
void encode(const Conversion& to, std::span<const float> x, std::span<uint16_t> codes);
void decode(const FloatFormat& from, std::span<const uint8_t> codes, std::span<float> x);
void decode(const FloatFormat& from, std::span<const uint16_t> codes, std::span<float> x);
}  // namespace scalar

}  // namespace dojo
