// The instructions of elementwise_program.h on one block of values, included once for each vector
// target (hence no #pragma once).
#if defined(DOJO_HOST_KERNELS_ELEMENTWISE_OPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DOJO_HOST_KERNELS_ELEMENTWISE_OPS_INL_H_
#undef DOJO_HOST_KERNELS_ELEMENTWISE_OPS_INL_H_
#else
#define DOJO_HOST_KERNELS_ELEMENTWISE_OPS_INL_H_
#endif

#include <cmath>

#include "dojo/host/kernels/elementwise_program.h"
#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

template <class F>
HWY_INLINE void unary(const float* a, float* y, int64_t n, const F& f) {
  const D d;
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d)))
    hn::StoreU(f(hn::LoadU(d, a + i)), d, y + i);
}

template <class F>
HWY_INLINE void binary(const float* a, const float* b, float* y, int64_t n, const F& f) {
  const D d;
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
    hn::StoreU(f(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  }
}

template <class F>
HWY_INLINE void scalars(const float* a, float* y, int64_t n, const F& f) {
  for (int64_t i = 0; i < n; ++i) y[i] = f(a[i]);
}

// y[i] = op(a[i], b[i], c[i]). n is a multiple of the vector's lanes; y may be a, b or c.
inline void evaluate_op(Ew op, const float* a, const float* b, const float* c, float* y,
                        int64_t n) {
  const D d;
  const V one = hn::Set(d, 1.0f), zero = hn::Zero(d);
  const auto truth = [&](auto mask) { return hn::IfThenElseZero(mask, one); };
  const auto nan_or = [&](V p, V q, V r) {
    return hn::IfThenElse(hn::IsNaN(p), p, hn::IfThenElse(hn::IsNaN(q), q, r));
  };
  switch (op) {
    case Ew::kCopy:
      return unary(a, y, n, [&](V x) { return x; });
    case Ew::kNeg:
      return unary(a, y, n, [&](V x) { return hn::Neg(x); });
    case Ew::kAbs:
      return unary(a, y, n, [&](V x) { return hn::Abs(x); });
    case Ew::kSign:
      return unary(a, y, n, [&](V x) {
        return hn::IfThenElse(hn::Gt(x, zero), one,
                              hn::IfThenElse(hn::Lt(x, zero), hn::Neg(one), x));
      });
    case Ew::kSqrt:
      return unary(a, y, n, [&](V x) { return hn::Sqrt(x); });
    case Ew::kReciprocal:
      return unary(a, y, n, [&](V x) { return hn::Div(one, x); });
    case Ew::kSquare:
      return unary(a, y, n, [&](V x) { return hn::Mul(x, x); });
    case Ew::kExp:
      return unary(a, y, n, [&](V x) { return exp_v(d, x); });
    case Ew::kLog:
      return unary(a, y, n, [&](V x) { return log_v(d, x); });
    case Ew::kTanh:
      return unary(a, y, n, [&](V x) { return tanh_v(d, x); });
    case Ew::kSigmoid:
      return unary(a, y, n, [&](V x) { return sigmoid_v(d, x); });
    case Ew::kErf:
      return unary(a, y, n, [&](V x) { return erf_v(d, x); });
    case Ew::kRelu:
      return unary(a, y, n, [&](V x) { return relu_v(d, x); });
    case Ew::kGelu:
      return unary(a, y, n, [&](V x) { return gelu_v(d, x); });
    case Ew::kGeluTanh:
      return unary(a, y, n, [&](V x) { return gelu_tanh_v(d, x); });
    case Ew::kSilu:
      return unary(a, y, n, [&](V x) { return hn::Mul(x, sigmoid_v(d, x)); });
    case Ew::kSoftplus:
      return scalars(a, y, n, [](float x) {
        return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x)));
      });
    case Ew::kFloor:
      return unary(a, y, n, [&](V x) { return hn::Floor(x); });
    case Ew::kCeil:
      return unary(a, y, n, [&](V x) { return hn::Ceil(x); });
    case Ew::kRound:
      return unary(a, y, n, [&](V x) { return hn::Round(x); });
    case Ew::kSin:
      return scalars(a, y, n, [](float x) { return std::sin(x); });
    case Ew::kCos:
      return scalars(a, y, n, [](float x) { return std::cos(x); });
    case Ew::kNot:
      return unary(a, y, n, [&](V x) { return truth(hn::Eq(x, zero)); });
    case Ew::kIsFinite:
      return unary(a, y, n, [&](V x) { return truth(hn::IsFinite(x)); });
    case Ew::kRoundBf16:
      return unary(a, y, n, [&](V x) { return round_bf16_v(d, x); });
    case Ew::kGeluSlope:
      return unary(a, y, n, [&](V x) { return gelu_slope_v(d, x); });
    case Ew::kGeluTanhSlope:
      return unary(a, y, n, [&](V x) { return gelu_tanh_slope_v(d, x); });
    case Ew::kAdd:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Add(p, q); });
    case Ew::kSub:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Sub(p, q); });
    case Ew::kMul:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(p, q); });
    case Ew::kDiv:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Div(p, q); });
    case Ew::kMin:
      return binary(a, b, y, n, [&](V p, V q) { return nan_or(p, q, hn::Min(p, q)); });
    case Ew::kMax:
      return binary(a, b, y, n, [&](V p, V q) { return nan_or(p, q, hn::Max(p, q)); });
    case Ew::kPow:
      for (int64_t i = 0; i < n; ++i) y[i] = std::pow(a[i], b[i]);
      return;
    case Ew::kEqual:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Eq(p, q)); });
    case Ew::kLess:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Lt(p, q)); });
    case Ew::kLessOrEqual:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Le(p, q)); });
    case Ew::kGreater:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Gt(p, q)); });
    case Ew::kGreaterOrEqual:
      return binary(a, b, y, n, [&](V p, V q) { return truth(hn::Ge(p, q)); });
    case Ew::kAnd:
      return binary(a, b, y, n,
                    [&](V p, V q) { return truth(hn::And(hn::Ne(p, zero), hn::Ne(q, zero))); });
    case Ew::kOr:
      return binary(a, b, y, n,
                    [&](V p, V q) { return truth(hn::Or(hn::Ne(p, zero), hn::Ne(q, zero))); });
    case Ew::kReluGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::IfThenElseZero(hn::Gt(p, zero), q); });
    case Ew::kGeluGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, gelu_slope_v(d, p)); });
    case Ew::kGeluTanhGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, gelu_tanh_slope_v(d, p)); });
    case Ew::kSigmoidGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, hn::Mul(p, hn::Sub(one, p))); });
    case Ew::kTanhGrad:
      return binary(a, b, y, n, [&](V p, V q) { return hn::Mul(q, hn::NegMulAdd(p, p, one)); });
    case Ew::kMulAdd:
      for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
        hn::StoreU(hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d,
                   y + i);
      }
      return;
    case Ew::kSelect:
      for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
        const auto mask = hn::Ne(hn::LoadU(d, a + i), zero);
        hn::StoreU(hn::IfThenElse(mask, hn::LoadU(d, b + i), hn::LoadU(d, c + i)), d, y + i);
      }
      return;
  }
}

// y[i] = x[i] for i in [0, n), from bf16 or to it.
template <class From, class To>
HWY_INLINE void copy_block(const From* x, int64_t n, To* y) {
  const D d;
  for_each_vector(d, 0, n,
                  [&](int64_t i, int64_t m) { store_n(d, load_n(d, x + i, m), y + i, m); });
}

// The sum of n values, in an order that depends on n and the vector target only.
inline double sum_block(Elementwise::Sum kind, const float* a, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  const bool square = kind == Elementwise::Sum::kSumOfSquares;
  for (int64_t i = 0; i < n; i += 2 * lanes) {
    const V x0 = load_n(d, a + i, n - i);
    const V x1 = n - i > lanes ? load_n(d, a + i + lanes, n - i - lanes) : hn::Zero(d);
    sum0 = square ? hn::MulAdd(x0, x0, sum0) : hn::Add(sum0, x0);
    sum1 = square ? hn::MulAdd(x1, x1, sum1) : hn::Add(sum1, x1);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
