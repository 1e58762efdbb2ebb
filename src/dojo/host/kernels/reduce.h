// Sums, means, maxima and sums of squares over axes, of f32 or bf16, in f32. The order of a sum
// depends on the shape only, not on the number of threads; partial sums are kept in double.
#pragma once

#include <cstdint>
#include <span>

#include "dojo/host/kernels/floats.h"

namespace dojo::kernels {

enum class Reduce : uint8_t { kSum, kMean, kMax, kMin, kSumOfSquares, kSumOfAbs };

// x [outer,middle,inner] -> y [outer,inner]. kMax and kMin: NaN if there is one. Fast for inner ==
// 1 (all of it, or the last dimension) and for outer == 1 (all but the last dimension: the bias
// gradient).
void reduce(Reduce kind, int64_t outer, int64_t middle, int64_t inner, FloatsIn x, float* y);

// Any axes (each in [0, dims.size()), each once). y is row-major over the dimensions that stay.
void reduce_axes(Reduce kind, std::span<const int64_t> dims, std::span<const int64_t> axes,
                 FloatsIn x, float* y);

// Sum of squares over several arrays, for the global norm of the gradients.
struct ConstArray {
  const float* data = nullptr;
  int64_t n = 0;
};
double sum_of_squares(std::span<const ConstArray> arrays);

bool all_finite(std::span<const ConstArray> arrays);

}  // namespace dojo::kernels
