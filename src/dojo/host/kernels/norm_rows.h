// The passes over memory of a normalisation: rows of channels, summed by channel or scaled by
// channel, with the activation in the same pass. norm.h does the arithmetic of the statistics
// between them. Each call is one thread's work; x, dy, y and dx are [rows,c], f32 or bf16, the rest
// is [c], f32.
#pragma once

#include <cstdint>

#include "dojo/host/kernels/norm.h"

namespace dojo::kernels {

// sum[ch] += x - shift[ch], square[ch] += (x - shift[ch])^2. The shift keeps the squares from
// cancelling.
void sum_rows(FloatsIn x, int64_t rows, int64_t c, const float* shift, double* sum, double* square);

// y = activation(x * a[ch] + b[ch]); y may be x.
void scale_rows(Activation activation, FloatsIn x, int64_t rows, int64_t c, const float* a,
                const float* b, FloatsOut y);

// With g = dy through the activation at x * a[ch] + b[ch]:
// sum[ch] += g, dot[ch] += g * (x - mean[ch]).
void sum_gradient_rows(Activation activation, FloatsIn x, FloatsIn dy, int64_t rows, int64_t c,
                       const float* a, const float* b, const float* mean, double* sum, double* dot);

// dx = g * p[ch] + x * q[ch] + s[ch], with g as above, computed again instead of kept in memory; dx
// may be dy.
void scale_gradient_rows(Activation activation, FloatsIn x, FloatsIn dy, int64_t rows, int64_t c,
                         const float* a, const float* b, const float* p, const float* q,
                         const float* s, FloatsOut dx);

}  // namespace dojo::kernels
