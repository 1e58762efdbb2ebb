// The operations of the SIMD unit on f32, as docs/program.md defines them.
#pragma once

#include <cstdint>
#include <span>

#include "dojo/program/program.h"

namespace dojo::sim {

// result[i] = op(operands[...][i]). REQUIRES: not one that reduces; all of `count`.
void apply(program::VectorOp op, std::span<const float* const> operands, int64_t count,
           float* result);

// REQUIRES: one that reduces; count is a multiple of results.
void reduce(program::VectorOp op, const float* operand, int64_t count, int64_t results,
            float* result);

}  // namespace dojo::sim
