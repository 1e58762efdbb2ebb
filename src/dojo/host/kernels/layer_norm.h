// Normalisation of each row of x [rows,c], f32 or bf16: y = scale * (x - mean) * inverse + bias,
// where inverse = 1 / sqrt(variance + epsilon), the variance being that of the population. mean and
// inverse are [rows], scale and bias [c]. Sums are taken in an order that does not depend on the
// number of threads.
#pragma once

#include <cstdint>

#include "dojo/host/kernels/floats.h"

namespace dojo::kernels {

// y may be x.
void layer_norm_forward(int64_t rows, int64_t c, float epsilon, FloatsIn x, const float* scale,
                        const float* bias, FloatsOut y, float* mean, float* inverse);

// The number of floats that layer_norm_backward() needs beside its results.
int64_t layer_norm_scratch_floats(int64_t rows, int64_t c);

// dx may be dy.
void layer_norm_backward(int64_t rows, int64_t c, FloatsIn x, const float* scale, const float* mean,
                         const float* inverse, FloatsIn dy, FloatsOut dx, float* dscale,
                         float* dbias, float* scratch);

}  // namespace dojo::kernels
