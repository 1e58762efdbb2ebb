// Updates of many parameters in one call: each value is read and written once. Results may be the
// same memory as the operands.
#pragma once

#include <cstdint>
#include <span>

namespace dojo::kernels {

// PyTorch's AdamW: p -= lr * decay * p; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// p -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon), where g is grad_scale
// times the gradient given.
struct AdamW {
  float lr = 1e-3f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f, decay = 0.01f;
  float grad_scale = 1;
  double step = 1;  // 1 for the first
};
struct AdamWArrays {
  const float *p = nullptr, *m = nullptr, *v = nullptr, *grad = nullptr;
  float *p_out = nullptr, *m_out = nullptr, *v_out = nullptr;
  int64_t n = 0;
};
void adamw(const AdamW &a, std::span<const AdamWArrays> arrays);

// PyTorch's SGD: g += decay * p; m = momentum * m + g; p -= lr * (nesterov ? g + momentum * m : m).
struct Momentum {
  float lr = 1e-2f, momentum = 0.9f, decay = 0;
  bool nesterov = false;
  float grad_scale = 1;
};
struct MomentumArrays {
  const float *p = nullptr, *m = nullptr, *grad = nullptr;
  float *p_out = nullptr, *m_out = nullptr;
  int64_t n = 0;
};
void momentum(const Momentum &s, std::span<const MomentumArrays> arrays);

// out = from + (to - from) * amount, for a running average of the parameters.
struct LerpArrays {
  const float *from = nullptr, *to = nullptr;
  float *out = nullptr;
  int64_t n = 0;
};
void lerp(float amount, std::span<const LerpArrays> arrays);

}  // namespace dojo::kernels
