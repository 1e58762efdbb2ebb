// Elementary functions on vectors of f32 for all kernels, included once for each vector target
// (hence no #pragma once). Polynomials: exp, log and tanh from the Cephes library (S. Moshier), erf
// from N. Juffa's public-domain float version.
#if defined(DOJO_HOST_KERNELS_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DOJO_HOST_KERNELS_VECTOR_MATH_INL_H_
#undef DOJO_HOST_KERNELS_VECTOR_MATH_INL_H_
#else
#define DOJO_HOST_KERNELS_VECTOR_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>

#include "dojo/host/kernels/floats.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Horner's rule, highest power first.
template <class D, class V>
HWY_INLINE V polynomial(D d, V x, float c) {
  return hn::Set(d, c);
}
template <class D, class V, class... Rest>
HWY_INLINE V horner(D d, V x, V sum, Rest... rest) {
  ((sum = hn::MulAdd(sum, x, hn::Set(d, rest))), ...);
  return sum;
}
template <class D, class V, class... Rest>
HWY_INLINE V polynomial(D d, V x, float first, Rest... rest) {
  return horner(d, x, hn::Set(d, first), rest...);
}

template <class D, class V>
HWY_INLINE V exp_v(D d, V a) {
  const hn::RebindToSigned<D> di;
  const V x = hn::Min(hn::Max(a, hn::Set(d, -104.0f)), hn::Set(d, 89.0f));
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504088896341f)));
  const V r =
      hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x));
  V y = polynomial(d, r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                   1.6666665459e-1f, 5.0000001201e-1f);
  y = hn::Add(hn::MulAdd(y, hn::Mul(r, r), r), hn::Set(d, 1.0f));
  const auto i = hn::ConvertTo(di, n);  // -150 ... 128: two factors, so that neither overflows
  const auto half = hn::ShiftRight<1>(i);
  const auto bias = hn::Set(di, 127);
  const V f0 = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const V f1 = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(i, half), bias)));
  return hn::IfThenElse(hn::IsNaN(a), a, hn::Mul(hn::Mul(y, f0), f1));
}

template <class D, class V>
HWY_INLINE V log_v(D d, V a) {
  const hn::RebindToSigned<D> di;
  const V smallest = hn::Set(d, 1.17549435e-38f);
  const auto subnormal = hn::Lt(a, smallest);
  const V x = hn::IfThenElse(subnormal, hn::Mul(a, hn::Set(d, 8388608.0f)), a);
  const auto bits = hn::BitCast(di, x);
  const auto i = hn::ShiftRight<23>(
      hn::Sub(bits, hn::Set(di, 0x3f3504f3)));  // mantissa in [sqrt(1/2), sqrt(2))
  const V f = hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(i))), hn::Set(d, 1.0f));
  const V e = hn::Sub(hn::ConvertTo(d, i), hn::IfThenElseZero(subnormal, hn::Set(d, 23.0f)));
  const V z = hn::Mul(f, f);
  V y = polynomial(d, f, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f,
                   1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f,
                   3.3333331174e-1f);
  y = hn::Mul(hn::Mul(y, f), z);
  y = hn::MulAdd(e, hn::Set(d, -2.12194440e-4f), y);
  y = hn::NegMulAdd(z, hn::Set(d, 0.5f), y);
  y = hn::MulAdd(e, hn::Set(d, 0.693359375f), hn::Add(f, y));
  const V inf = hn::Inf(d);
  y = hn::IfThenElse(hn::Eq(a, inf), inf, y);
  y = hn::IfThenElse(hn::Eq(a, hn::Zero(d)), hn::Neg(inf), y);
  y = hn::IfThenElse(hn::Lt(a, hn::Zero(d)), hn::NaN(d), y);
  return hn::IfThenElse(hn::IsNaN(a), a, y);
}

template <class D, class V>
HWY_INLINE V tanh_v(D d, V a) {
  const V t = hn::Abs(a);
  const V z = hn::Mul(a, a);
  V small = polynomial(d, z, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                       1.33314422036e-1f, -3.33332819422e-1f);
  small = hn::MulAdd(hn::Mul(small, z), a, a);
  const V e = exp_v(d, hn::Mul(t, hn::Set(d, -2.0f)));
  const V one = hn::Set(d, 1.0f);
  const V large = hn::CopySign(hn::Div(hn::Sub(one, e), hn::Add(one, e)), a);
  return hn::IfThenElse(hn::Lt(t, hn::Set(d, 0.625f)), small, large);
}

template <class D, class V>
HWY_INLINE V sigmoid_v(D d, V a) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, exp_v(d, hn::Neg(a))));
}

template <class D, class V>
HWY_INLINE V erf_v(D d, V a) {
  const V t = hn::Abs(a);
  const V s = hn::Mul(a, a);
  V small = polynomial(d, s, -5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f,
                       -3.76125336e-1f, 1.28379166e-1f);
  small = hn::MulAdd(small, a, a);
  const V c = hn::IfThenElse(hn::IsNaN(a), a, hn::Min(t, hn::Set(d, 6.0f)));  // erf(6) is 1
  V r = polynomial(d, c, -1.72853470e-5f, 3.83197126e-4f, -3.88396438e-3f, 2.42546219e-2f,
                   -1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f);
  r = hn::MulAdd(r, c, hn::Neg(c));
  const V large = hn::CopySign(hn::Sub(hn::Set(d, 1.0f), exp_v(d, r)), a);
  return hn::IfThenElse(hn::Gt(t, hn::Set(d, 0.927734375f)), large, small);
}

// 1 / a to about 2^-22, without the slow division. REQUIRES: a is a normal number.
template <class D, class V>
HWY_INLINE V reciprocal_v(D d, V a) {
  const V r = hn::ApproximateReciprocal(a);
  return hn::Mul(r, hn::NegMulAdd(a, r, hn::Set(d, 2.0f)));
}

// The normal distribution at a: its cdf, and exp(-a^2 / 2), which both GELU and its slope need.
// erfc(z) = exp(-z^2) * polynomial(1 / (1 + p z)): Abramowitz and Stegun 7.1.26, absolute
// error 1.5e-7.
template <class V>
struct Normal {
  V cdf, exponential;
};
template <class D, class V>
HWY_INLINE Normal<V> normal_v(D d, V a) {
  const hn::RebindToSigned<D> di;
  const V one = hn::Set(d, 1.0f);
  const V t = hn::Mul(hn::Min(hn::Abs(a), hn::Set(d, 13.0f)), hn::Set(d, 0.70710678118654752f));
  // exp(x) for x in [-84.5, 0], where one factor of two's power is enough.
  const V x = hn::Neg(hn::Mul(t, t));
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504088896341f)));
  const V r =
      hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x));
  V e = polynomial(d, r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                   1.6666665459e-1f, 5.0000001201e-1f);
  e = hn::Add(hn::MulAdd(e, hn::Mul(r, r), r), one);
  e = hn::Mul(e,
              hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, n), hn::Set(di, 127)))));
  e = hn::IfThenElseZero(hn::Lt(hn::Abs(a), hn::Set(d, 13.0f)), e);  // below the normal numbers
  const V k = reciprocal_v(d, hn::MulAdd(t, hn::Set(d, 0.3275911f), one));
  const V half_erfc = hn::Mul(hn::Mul(polynomial(d, k, 0.5307027145f, -0.7265760135f, 0.7107068705f,
                                                 -0.142248368f, 0.127414796f),
                                      k),
                              e);
  const V cdf = hn::IfThenElse(hn::Gt(a, hn::Zero(d)), hn::Sub(one, half_erfc), half_erfc);
  return {hn::IfThenElse(hn::IsNaN(a), a, cdf), e};
}

template <class D, class V>
HWY_INLINE V gelu_v(D d, V a) {
  return hn::Mul(a, normal_v(d, a).cdf);
}

template <class D, class V>
HWY_INLINE V gelu_slope_v(D d, V a) {
  const Normal<V> normal = normal_v(d, a);
  // Beyond 13 the density counts as 0; the bound keeps infinity * 0 away.
  const V b = hn::Min(hn::Max(a, hn::Set(d, -13.0f)), hn::Set(d, 13.0f));
  return hn::MulAdd(hn::Mul(b, normal.exponential), hn::Set(d, 0.39894228040143268f), normal.cdf);
}

inline constexpr float kGeluTanhA = 0.79788456080286536f, kGeluTanhB = 0.044715f;

template <class D, class V>
HWY_INLINE V gelu_tanh_v(D d, V a) {
  const V inner = hn::Mul(hn::Mul(a, hn::Set(d, kGeluTanhA)),
                          hn::MulAdd(hn::Mul(a, a), hn::Set(d, kGeluTanhB), hn::Set(d, 1.0f)));
  const V half = hn::Mul(a, hn::Set(d, 0.5f));
  return hn::MulAdd(half, tanh_v(d, inner), half);
}

template <class D, class V>
HWY_INLINE V gelu_tanh_slope_v(D d, V a0) {
  const V one = hn::Set(d, 1.0f), half = hn::Set(d, 0.5f);
  const V a = hn::Min(hn::Max(a0, hn::Set(d, -20.0f)), hn::Set(d, 20.0f));  // constant beyond
  const V a2 = hn::Mul(a, a);
  const V t = tanh_v(
      d, hn::Mul(hn::Mul(a, hn::Set(d, kGeluTanhA)), hn::MulAdd(a2, hn::Set(d, kGeluTanhB), one)));
  const V inner_slope =
      hn::Mul(hn::MulAdd(a2, hn::Set(d, 3 * kGeluTanhB), one), hn::Set(d, kGeluTanhA));
  const V right = hn::Mul(hn::Mul(hn::Mul(half, a), hn::NegMulAdd(t, t, one)), inner_slope);
  return hn::IfThenElse(hn::IsNaN(a0), a0, hn::Add(hn::MulAdd(half, t, half), right));
}

template <class D, class V>
HWY_INLINE V relu_v(D d, V a) {
  return hn::IfThenElse(hn::Lt(a, hn::Zero(d)), hn::Zero(d), a);  // keeps NaN
}

// To the nearest number of bf16, as bf16_code() of numerics/bf16.h.
template <class D, class V>
HWY_INLINE V round_bf16_v(D d, V a) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, a);
  const auto last = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
  const auto rounded = hn::Add(bits, hn::Add(last, hn::Set(du, 0x7fffu)));
  const auto quiet = hn::Or(bits, hn::Set(du, 0x00400000u));
  const auto is_nan = hn::RebindMask(du, hn::IsNaN(a));
  return hn::BitCast(d, hn::And(hn::IfThenElse(is_nan, quiet, rounded), hn::Set(du, 0xffff0000u)));
}

// The first min(n, lanes) of the vector, zeros after.
template <class D>
HWY_INLINE hn::Vec<D> load_n(D d, const float* p, int64_t n) {
  if (n >= static_cast<int64_t>(hn::Lanes(d))) return hn::LoadU(d, p);
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(n)), d, p);
}
template <class D>
HWY_INLINE void store_n(D d, hn::Vec<D> v, float* p, int64_t n) {
  if (n >= static_cast<int64_t>(hn::Lanes(d))) return hn::StoreU(v, d, p);
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(n)), d, p);
}
// v with zeros behind its first n lanes.
template <class D>
HWY_INLINE hn::Vec<D> first_n(D d, hn::Vec<D> v, int64_t n) {
  if (n >= static_cast<int64_t>(hn::Lanes(d))) return v;
  return hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(n)), v);
}

// The same of bf16: f32 in the vector, bf16 in memory. What is left of a row goes by way of an
// array of its own, because not all processors load and store 16-bit lanes by a mask.
template <class D>
HWY_INLINE hn::Vec<D> load_u(D d, const float* p) {
  return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> load_u(D d, const Bf16* p) {
  const hn::Rebind<uint16_t, D> codes;
  const hn::RebindToUnsigned<D> bits;
  const auto x = hn::LoadU(codes, reinterpret_cast<const uint16_t*>(p));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(bits, x)));
}
template <class D>
HWY_INLINE void store_u(D d, hn::Vec<D> v, float* p) {
  hn::StoreU(v, d, p);
}
template <class D>
HWY_INLINE void store_u(D d, hn::Vec<D> v, Bf16* p) {
  const hn::Rebind<uint16_t, D> codes;
  const hn::RebindToUnsigned<D> bits;
  const auto x = hn::ShiftRight<16>(hn::BitCast(bits, round_bf16_v(d, v)));
  hn::StoreU(hn::TruncateTo(codes, x), codes, reinterpret_cast<uint16_t*>(p));
}
template <class D>
HWY_INLINE hn::Vec<D> load_n(D d, const Bf16* p, int64_t n) {
  if (n >= static_cast<int64_t>(hn::Lanes(d))) return load_u(d, p);
  if (n <= 0) return hn::Zero(d);  // else a compiler warns where a vector is one number
  Bf16 part[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(part, p, static_cast<size_t>(n) * sizeof(Bf16));
  return load_u(d, static_cast<const Bf16*>(part));
}
template <class D>
HWY_INLINE void store_n(D d, hn::Vec<D> v, Bf16* p, int64_t n) {
  if (n >= static_cast<int64_t>(hn::Lanes(d))) return store_u(d, v, p);
  if (n <= 0) return;
  Bf16 part[HWY_MAX_BYTES / sizeof(float)];
  store_u(d, v, part);
  std::memcpy(p, part, static_cast<size_t>(n) * sizeof(Bf16));
}

// Calls f with pointers to what the arrays hold.
template <class F>
HWY_INLINE void visit(FloatsIn x, const F& f) {
  x.is_bf16() ? f(x.bf16()) : f(x.f32());
}
template <class F>
HWY_INLINE void visit(FloatsOut y, const F& f) {
  y.is_bf16() ? f(y.bf16()) : f(y.f32());
}

// Calls f(i, end - i) for the place i of each vector of [begin, end).
template <class D, class F>
HWY_INLINE void for_each_vector(D d, int64_t begin, int64_t end, const F& f) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = begin; i < end; i += lanes) f(i, end - i);
}

// The greatest of x[0 ... n) in all lanes. REQUIRES: n >= 1.
template <class D, class X>
HWY_INLINE hn::Vec<D> greatest(D d, const X* x, int64_t n) {
  const int64_t whole = n - n % static_cast<int64_t>(hn::Lanes(d));
  const FloatsIn floats(x);
  hn::Vec<D> top = hn::Set(d, floats[0]);
  for_each_vector(d, 0, whole, [&](int64_t i, int64_t) { top = hn::Max(top, load_u(d, x + i)); });
  float last = floats[0];
  for (int64_t i = whole; i < n; ++i) last = floats[i] > last ? floats[i] : last;
  return hn::Max(hn::MaxOfLanes(d, top), hn::Set(d, last));
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
