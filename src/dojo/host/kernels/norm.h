// Normalisation over groups of channels, channels-last, f32 or bf16, with the activation that
// follows it.
//   GroupNorm  of x [N,H,W,C]: {.n = N, .rows = H * W, .c = C, .groups = G}
//   BatchNorm  (training):     {.n = 1, .rows = N * H * W, .c = C, .groups = C}
//   InstanceNorm:              {.n = N, .rows = H * W, .c = C, .groups = C}
// y = activation(scale[c] * (x - mean) / sqrt(variance + epsilon) + bias[c]); mean and variance
// (biased, over rows x c/groups values) have shape [n,groups]. Sums are taken in a fixed order that
// does not depend on the number of threads.
#pragma once

#include <cstdint>

#include "dojo/host/kernels/floats.h"

namespace dojo::kernels {

enum class Activation : uint8_t { kNone, kRelu, kGelu, kGeluTanh };

struct Norm {
  int64_t n = 0, rows = 0, c = 0, groups = 1;
  float epsilon = 1e-5f;
  Activation activation = Activation::kNone;
};

// mean and variance may be nullptr; y may be x.
void norm_forward(const Norm& norm, FloatsIn x, const float* scale, const float* bias, FloatsOut y,
                  float* mean, float* variance);

// With given statistics (inference): y may be x.
void norm_apply(const Norm& norm, FloatsIn x, const float* scale, const float* bias,
                const float* mean, const float* variance, FloatsOut y);

// dy: gradient of y, after the activation, which is computed again from x. dx may be dy; dx, dscale
// and dbias may be nullptr.
void norm_backward(const Norm& norm, FloatsIn x, const float* scale, const float* bias,
                   const float* mean, const float* variance, FloatsIn dy, FloatsOut dx,
                   float* dscale, float* dbias);

}  // namespace dojo::kernels
