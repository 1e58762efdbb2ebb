#include "dojo/host/kernels/optimizer.h"

#include <algorithm>
#include <cmath>

#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/optimizer.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

void AdamWRange(const AdamW& a, const AdamWArrays& t, int64_t begin, int64_t end) {
  const D d;
  const auto set = [&](double x) { return hn::Set(d, static_cast<float>(x)); };
  const V keep = set(1 - static_cast<double>(a.lr) * a.decay), grad_scale = set(a.grad_scale);
  const V beta1 = set(a.beta1), rest1 = set(1 - static_cast<double>(a.beta1));
  const V beta2 = set(a.beta2), rest2 = set(1 - static_cast<double>(a.beta2)),
          epsilon = set(a.epsilon);
  const V size = set(a.lr / (1 - std::pow(static_cast<double>(a.beta1), a.step)));
  const V v_scale = set(1 / std::sqrt(1 - std::pow(static_cast<double>(a.beta2), a.step)));
  for_each_vector(d, begin, end, [&](int64_t i, int64_t n) {
    const V g = hn::Mul(load_n(d, t.grad + i, n), grad_scale);
    const V m = hn::MulAdd(load_n(d, t.m + i, n), beta1, hn::Mul(g, rest1));
    const V v = hn::MulAdd(load_n(d, t.v + i, n), beta2, hn::Mul(hn::Mul(g, g), rest2));
    const V denominator = hn::MulAdd(hn::Sqrt(v), v_scale, epsilon);
    const V p = hn::NegMulAdd(size, hn::Div(m, denominator), hn::Mul(load_n(d, t.p + i, n), keep));
    store_n(d, m, t.m_out + i, n);
    store_n(d, v, t.v_out + i, n);
    store_n(d, p, t.p_out + i, n);
  });
}

void MomentumRange(const Momentum& s, const MomentumArrays& t, int64_t begin, int64_t end) {
  const D d;
  const V lr = hn::Set(d, s.lr), mu = hn::Set(d, s.momentum), decay = hn::Set(d, s.decay),
          scale = hn::Set(d, s.grad_scale);
  for_each_vector(d, begin, end, [&](int64_t i, int64_t n) {
    const V p = load_n(d, t.p + i, n);
    const V g = hn::MulAdd(decay, p, hn::Mul(load_n(d, t.grad + i, n), scale));
    const V m = hn::MulAdd(mu, load_n(d, t.m + i, n), g);
    const V step = s.nesterov ? hn::MulAdd(mu, m, g) : m;
    store_n(d, m, t.m_out + i, n);
    store_n(d, hn::NegMulAdd(lr, step, p), t.p_out + i, n);
  });
}

void LerpRange(float amount, const LerpArrays& t, int64_t begin, int64_t end) {
  const D d;
  const V k = hn::Set(d, amount);
  for_each_vector(d, begin, end, [&](int64_t i, int64_t n) {
    const V from = load_n(d, t.from + i, n);
    store_n(d, hn::MulAdd(hn::Sub(load_n(d, t.to + i, n), from), k, from), t.out + i, n);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(AdamWRange);
HWY_EXPORT(MomentumRange);
HWY_EXPORT(LerpRange);

namespace {

// Cuts the concatenation of all arrays into pieces of equal size: body(array, begin, end).
template <class Arrays, class Body>
void for_each_piece(std::span<const Arrays> arrays, const Body& body) {
  int64_t total = 0;
  for (const Arrays& t : arrays) total += t.n;
  parallel_for(total, 16384, [&](int64_t begin, int64_t end) {
    int64_t at = 0;
    for (const Arrays& t : arrays) {
      const int64_t from = std::max<int64_t>(0, begin - at), to = std::min(t.n, end - at);
      if (from < to) body(t, from, to);
      at += t.n;
    }
  });
}

}  // namespace

void adamw(const AdamW& a, std::span<const AdamWArrays> arrays) {
  for_each_piece(arrays, [&](const AdamWArrays& t, int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(AdamWRange)(a, t, begin, end);
  });
}

void momentum(const Momentum& s, std::span<const MomentumArrays> arrays) {
  for_each_piece(arrays, [&](const MomentumArrays& t, int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(MomentumRange)(s, t, begin, end);
  });
}

void lerp(float amount, std::span<const LerpArrays> arrays) {
  for_each_piece(arrays, [&](const LerpArrays& t, int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(LerpRange)(amount, t, begin, end);
  });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
