// Numbers of an allocation as they lie in memory, and as f32: what docs/program.md says of operands
// and results of instructions. Arrays without gaps.
#pragma once

#include <cstdint>

#include "dojo/numerics/rounding_random.h"
#include "dojo/program/element.h"
#include "dojo/sim/values/block.h"

namespace dojo::sim {

// Exact, but of i32 rounded to nearest.
void decode(program::Element element, const uint8_t* codes, int64_t count, float* x);

// To nearest, ties to even; i32 and u8 limited to their range, NaN to 0.
void encode(program::Element element, const float* x, int64_t count, uint8_t* codes);

// Stochastically; `indices` are those of the elements in the random (block.h).
// REQUIRES: not f32, i32 or u8; as many indices as numbers.
void encode_stochastic(program::Element element, const float* x, uint8_t* codes,
                       const RoundingRandom& random, const Block& indices);

}  // namespace dojo::sim
