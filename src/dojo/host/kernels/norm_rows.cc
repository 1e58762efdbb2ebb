#include "dojo/host/kernels/norm_rows.h"

#include <algorithm>
#include <type_traits>

#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/norm_rows.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Rows summed in f32 before the sums are added to doubles; they stay in the first-level cache.
inline constexpr int64_t kRowBlock = 64;

// Two sums by channel over `rows` rows of c channels: first[ch] and second[ch] grow by what each
// row adds. at_channels(ch, m) gives, for the m channels from ch on, a function add(row, a, b) that
// adds to a pair of vectors. kPairs: even and odd rows have vectors of their own, for speed where a
// row costs little.
template <bool kPairs, class AtChannels>
HWY_INLINE void sum_over_rows(int64_t rows, int64_t c, const AtChannels& at_channels, double* first,
                              double* second) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  alignas(64) float a_out[HWY_MAX_BYTES / 4], b_out[HWY_MAX_BYTES / 4];
  for (int64_t r0 = 0; r0 < rows; r0 += kRowBlock) {
    const int64_t r1 = std::min(rows, r0 + kRowBlock);
    for (int64_t ch = 0; ch < c; ch += lanes) {
      const int64_t m = std::min(lanes, c - ch);
      const auto add = at_channels(ch, m);
      V a0 = hn::Zero(d), b0 = a0, a1 = a0, b1 = a0;
      int64_t r = r0;
      if constexpr (kPairs) {
        for (; r + 1 < r1; r += 2) {
          add(r, a0, b0);
          add(r + 1, a1, b1);
        }
      }
      for (; r < r1; ++r) add(r, a0, b0);
      hn::Store(hn::Add(a0, a1), d, a_out);
      hn::Store(hn::Add(b0, b1), d, b_out);
      for (int64_t i = 0; i < m; ++i) first[ch + i] += a_out[i], second[ch + i] += b_out[i];
    }
  }
}

template <class X>
HWY_INLINE void sum_rows_of(const X* x, int64_t rows, int64_t c, const float* shift, double* sum,
                            double* square) {
  const D d;
  const auto at_channels = [&](int64_t ch, int64_t m) {
    const V k = load_n(d, shift + ch, m);
    return [=](int64_t r, V& s, V& q) {
      const V v = hn::Sub(load_n(d, x + r * c + ch, m), k);
      s = hn::Add(s, v);
      q = hn::MulAdd(v, v, q);
    };
  };
  sum_over_rows<true>(rows, c, at_channels, sum, square);
}

void SumRows(FloatsIn x, int64_t rows, int64_t c, const float* shift, double* sum, double* square) {
  visit(x, [&](const auto* px) { sum_rows_of(px, rows, c, shift, sum, square); });
}

// Calls f with the activation as a constant.
template <class F>
HWY_INLINE void with_activation(Activation activation, const F& f) {
  switch (activation) {
    case Activation::kNone:
      return f(std::integral_constant<Activation, Activation::kNone>());
    case Activation::kRelu:
      return f(std::integral_constant<Activation, Activation::kRelu>());
    case Activation::kGelu:
      return f(std::integral_constant<Activation, Activation::kGelu>());
    case Activation::kGeluTanh:
      return f(std::integral_constant<Activation, Activation::kGeluTanh>());
  }
}

template <Activation kActivation>
HWY_INLINE V activate(D d, V h) {
  if constexpr (kActivation == Activation::kRelu) return relu_v(d, h);
  if constexpr (kActivation == Activation::kGelu) return gelu_v(d, h);
  if constexpr (kActivation == Activation::kGeluTanh) return gelu_tanh_v(d, h);
  return h;
}
template <Activation kActivation>
HWY_INLINE V through_activation(D d, V h, V dy) {
  if constexpr (kActivation == Activation::kRelu)
    return hn::IfThenElseZero(hn::Gt(h, hn::Zero(d)), dy);
  if constexpr (kActivation == Activation::kGelu) return hn::Mul(dy, gelu_slope_v(d, h));
  if constexpr (kActivation == Activation::kGeluTanh) return hn::Mul(dy, gelu_tanh_slope_v(d, h));
  return dy;
}

template <Activation kActivation, class X, class Y>
HWY_INLINE void scale_rows_as(const X* x, int64_t rows, int64_t c, const float* a, const float* b,
                              Y* y) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < rows; ++r, x += c, y += c) {
    for (int64_t ch = 0; ch < c; ch += lanes) {
      const int64_t m = c - ch;
      const V h = hn::MulAdd(load_n(d, x + ch, m), load_n(d, a + ch, m), load_n(d, b + ch, m));
      store_n(d, activate<kActivation>(d, h), y + ch, m);
    }
  }
}

void ScaleRows(Activation activation, FloatsIn x, int64_t rows, int64_t c, const float* a,
               const float* b, FloatsOut y) {
  with_activation(activation, [&](auto f) {
    visit(x, [&](const auto* px) {
      visit(y, [&](auto* py) { scale_rows_as<f()>(px, rows, c, a, b, py); });
    });
  });
}

template <Activation kActivation, class X, class Dy>
HWY_INLINE void sum_gradient_rows_as(const X* x, const Dy* dy, int64_t rows, int64_t c,
                                     const float* a, const float* b, const float* mean, double* sum,
                                     double* dot) {
  const D d;
  const auto at_channels = [&](int64_t ch, int64_t m) {
    const V av = load_n(d, a + ch, m), bv = load_n(d, b + ch, m), mv = load_n(d, mean + ch, m);
    return [=](int64_t r, V& s, V& q) {
      const int64_t at = r * c + ch;
      const V xv = load_n(d, x + at, m);
      const V h = hn::MulAdd(xv, av, bv);
      const V g = through_activation<kActivation>(d, h, load_n(d, dy + at, m));
      s = hn::Add(s, g);
      q = hn::MulAdd(g, hn::Sub(xv, mv), q);
    };
  };
  sum_over_rows<false>(rows, c, at_channels, sum, dot);
}

void SumGradientRows(Activation activation, FloatsIn x, FloatsIn dy, int64_t rows, int64_t c,
                     const float* a, const float* b, const float* mean, double* sum, double* dot) {
  with_activation(activation, [&](auto f) {
    visit(x, [&](const auto* px) {
      visit(dy, [&](const auto* pg) {
        sum_gradient_rows_as<f()>(px, pg, rows, c, a, b, mean, sum, dot);
      });
    });
  });
}

template <Activation kActivation, class X, class Dy, class Dx>
HWY_INLINE void scale_gradient_rows_as(const X* x, const Dy* dy, int64_t rows, int64_t c,
                                       const float* a, const float* b, const float* p,
                                       const float* q, const float* s, Dx* dx) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < rows; ++r, x += c, dy += c, dx += c) {
    for (int64_t ch = 0; ch < c; ch += lanes) {
      const int64_t m = c - ch;
      const V xv = load_n(d, x + ch, m);
      const V h = hn::MulAdd(xv, load_n(d, a + ch, m), load_n(d, b + ch, m));
      const V g = through_activation<kActivation>(d, h, load_n(d, dy + ch, m));
      const V t = hn::MulAdd(xv, load_n(d, q + ch, m), load_n(d, s + ch, m));
      store_n(d, hn::MulAdd(g, load_n(d, p + ch, m), t), dx + ch, m);
    }
  }
}

void ScaleGradientRows(Activation activation, FloatsIn x, FloatsIn dy, int64_t rows, int64_t c,
                       const float* a, const float* b, const float* p, const float* q,
                       const float* s, FloatsOut dx) {
  with_activation(activation, [&](auto f) {
    visit(x, [&](const auto* px) {
      visit(dy, [&](const auto* pg) {
        visit(dx,
              [&](auto* to) { scale_gradient_rows_as<f()>(px, pg, rows, c, a, b, p, q, s, to); });
      });
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(SumRows);
HWY_EXPORT(ScaleRows);
HWY_EXPORT(SumGradientRows);
HWY_EXPORT(ScaleGradientRows);

void sum_rows(FloatsIn x, int64_t rows, int64_t c, const float* shift, double* sum,
              double* square) {
  HWY_DYNAMIC_DISPATCH(SumRows)(x, rows, c, shift, sum, square);
}

void scale_rows(Activation activation, FloatsIn x, int64_t rows, int64_t c, const float* a,
                const float* b, FloatsOut y) {
  HWY_DYNAMIC_DISPATCH(ScaleRows)(activation, x, rows, c, a, b, y);
}

void sum_gradient_rows(Activation activation, FloatsIn x, FloatsIn dy, int64_t rows, int64_t c,
                       const float* a, const float* b, const float* mean, double* sum,
                       double* dot) {
  HWY_DYNAMIC_DISPATCH(SumGradientRows)(activation, x, dy, rows, c, a, b, mean, sum, dot);
}

void scale_gradient_rows(Activation activation, FloatsIn x, FloatsIn dy, int64_t rows, int64_t c,
                         const float* a, const float* b, const float* p, const float* q,
                         const float* s, FloatsOut dx) {
  HWY_DYNAMIC_DISPATCH(ScaleGradientRows)(activation, x, dy, rows, c, a, b, p, q, s, dx);
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
