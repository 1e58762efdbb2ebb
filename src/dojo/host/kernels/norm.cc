#include "dojo/host/kernels/norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/host/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/norm.cc"
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

// Sums over `rows` rows of x [rows,c]: sum[ch] += x - shift[ch], square[ch] += (x - shift[ch])^2.
// The shift keeps the squares from cancelling.
void SumRows(const float* x, int64_t rows, int64_t c, const float* shift, double* sum,
             double* square) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  alignas(64) float s_out[HWY_MAX_BYTES / 4], q_out[HWY_MAX_BYTES / 4];
  for (int64_t r0 = 0; r0 < rows; r0 += kRowBlock) {
    const int64_t r1 = std::min(rows, r0 + kRowBlock);
    for (int64_t ch = 0; ch < c; ch += lanes) {
      const int64_t m = std::min(lanes, c - ch);
      const V k = load_n(d, shift + ch, m);
      V s0 = hn::Zero(d), s1 = s0, q0 = s0, q1 = s0;
      int64_t r = r0;
      for (; r + 1 < r1; r += 2) {
        const V x0 = hn::Sub(load_n(d, x + r * c + ch, m), k),
                x1 = hn::Sub(load_n(d, x + (r + 1) * c + ch, m), k);
        s0 = hn::Add(s0, x0);
        s1 = hn::Add(s1, x1);
        q0 = hn::MulAdd(x0, x0, q0);
        q1 = hn::MulAdd(x1, x1, q1);
      }
      if (r < r1) {
        const V x0 = hn::Sub(load_n(d, x + r * c + ch, m), k);
        s0 = hn::Add(s0, x0);
        q0 = hn::MulAdd(x0, x0, q0);
      }
      hn::Store(hn::Add(s0, s1), d, s_out);
      hn::Store(hn::Add(q0, q1), d, q_out);
      for (int64_t i = 0; i < m; ++i) sum[ch + i] += s_out[i], square[ch + i] += q_out[i];
    }
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

// y = activation(x * a[ch] + b[ch]).
template <Activation kActivation>
HWY_INLINE void apply_rows(const float* x, int64_t rows, int64_t c, const float* a, const float* b,
                           float* y) {
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

void ApplyRows(Activation activation, const float* x, int64_t rows, int64_t c, const float* a,
               const float* b, float* y) {
  switch (activation) {
    case Activation::kNone:
      return apply_rows<Activation::kNone>(x, rows, c, a, b, y);
    case Activation::kRelu:
      return apply_rows<Activation::kRelu>(x, rows, c, a, b, y);
    case Activation::kGelu:
      return apply_rows<Activation::kGelu>(x, rows, c, a, b, y);
    case Activation::kGeluTanh:
      return apply_rows<Activation::kGeluTanh>(x, rows, c, a, b, y);
  }
}

// g = dy through the activation at x * a + b; sums of g and of g * (x - mean), by channel.
template <Activation kActivation>
HWY_INLINE void backward_sums(const float* x, const float* dy, int64_t rows, int64_t c,
                              const float* a, const float* b, const float* mean, double* sum,
                              double* dot) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  alignas(64) float s_out[HWY_MAX_BYTES / 4], q_out[HWY_MAX_BYTES / 4];
  for (int64_t r0 = 0; r0 < rows; r0 += kRowBlock) {
    const int64_t r1 = std::min(rows, r0 + kRowBlock);
    for (int64_t ch = 0; ch < c; ch += lanes) {
      const int64_t m = std::min(lanes, c - ch);
      const V av = load_n(d, a + ch, m), bv = load_n(d, b + ch, m), mv = load_n(d, mean + ch, m);
      V s0 = hn::Zero(d), q0 = s0;
      for (int64_t r = r0; r < r1; ++r) {
        const int64_t at = r * c + ch;
        const V xv = load_n(d, x + at, m);
        const V g =
            through_activation<kActivation>(d, hn::MulAdd(xv, av, bv), load_n(d, dy + at, m));
        s0 = hn::Add(s0, g);
        q0 = hn::MulAdd(g, hn::Sub(xv, mv), q0);
      }
      hn::Store(s0, d, s_out);
      hn::Store(q0, d, q_out);
      for (int64_t i = 0; i < m; ++i) sum[ch + i] += s_out[i], dot[ch + i] += q_out[i];
    }
  }
}

void BackwardSums(Activation activation, const float* x, const float* dy, int64_t rows, int64_t c,
                  const float* a, const float* b, const float* mean, double* sum, double* dot) {
  switch (activation) {
    case Activation::kNone:
      return backward_sums<Activation::kNone>(x, dy, rows, c, a, b, mean, sum, dot);
    case Activation::kRelu:
      return backward_sums<Activation::kRelu>(x, dy, rows, c, a, b, mean, sum, dot);
    case Activation::kGelu:
      return backward_sums<Activation::kGelu>(x, dy, rows, c, a, b, mean, sum, dot);
    case Activation::kGeluTanh:
      return backward_sums<Activation::kGeluTanh>(x, dy, rows, c, a, b, mean, sum, dot);
  }
}

// dx = g * p[ch] + x * q[ch] + s[ch], with g as above, computed again instead of kept in memory.
template <Activation kActivation>
HWY_INLINE void backward_rows(const float* x, const float* dy, int64_t rows, int64_t c,
                              const float* a, const float* b, const float* p, const float* q,
                              const float* s, float* dx) {
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

void BackwardRows(Activation activation, const float* x, const float* dy, int64_t rows, int64_t c,
                  const float* a, const float* b, const float* p, const float* q, const float* s,
                  float* dx) {
  switch (activation) {
    case Activation::kNone:
      return backward_rows<Activation::kNone>(x, dy, rows, c, a, b, p, q, s, dx);
    case Activation::kRelu:
      return backward_rows<Activation::kRelu>(x, dy, rows, c, a, b, p, q, s, dx);
    case Activation::kGelu:
      return backward_rows<Activation::kGelu>(x, dy, rows, c, a, b, p, q, s, dx);
    case Activation::kGeluTanh:
      return backward_rows<Activation::kGeluTanh>(x, dy, rows, c, a, b, p, q, s, dx);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(SumRows);
HWY_EXPORT(ApplyRows);
HWY_EXPORT(BackwardSums);
HWY_EXPORT(BackwardRows);

namespace {

// The rows of each image are cut into pieces by their number only, so that sums do not depend on
// the number of threads.
struct Pieces {
  int64_t rows, count;
  explicit Pieces(int64_t all_rows)
      : rows(all_rows), count(std::clamp<int64_t>(all_rows / 256, 1, 64)) {}
  int64_t begin(int64_t p) const { return rows * p / count; }
};

void for_each_piece(const Norm& norm, const Pieces& pieces, const auto& body) {
  const int64_t work = std::max<int64_t>(1, norm.rows / pieces.count * norm.c);
  parallel_for(norm.n * pieces.count, std::max<int64_t>(1, 16384 / work),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i)
                   body(i, i / pieces.count, pieces.begin(i % pieces.count),
                        pieces.begin(i % pieces.count + 1));
               });
}

void check(const Norm& norm) {
  DOJO_CHECK(norm.groups > 0 && norm.c % norm.groups == 0);
  DOJO_CHECK_LT(0, norm.rows);
}

double inverse_deviation(const Norm& norm, float variance) {
  return 1 / std::sqrt(static_cast<double>(variance) + norm.epsilon);
}

// y = activation(a x + b) for each image and channel.
struct Coefficients {
  std::vector<float> a, b;
  Coefficients(const Norm& norm, const float* scale, const float* bias, const float* mean,
               const float* variance)
      : a(static_cast<size_t>(norm.n * norm.c)), b(a.size()) {
    const int64_t per_group = norm.c / norm.groups;
    for (int64_t i = 0; i < norm.n * norm.c; ++i) {
      const int64_t ch = i % norm.c, g = i / norm.c * norm.groups + ch / per_group;
      const double factor = inverse_deviation(norm, variance[g]) * scale[ch];
      a[static_cast<size_t>(i)] = static_cast<float>(factor);
      b[static_cast<size_t>(i)] = static_cast<float>(bias[ch] - factor * mean[g]);
    }
  }
};

}  // namespace

void norm_apply(const Norm& norm, const float* x, const float* scale, const float* bias,
                const float* mean, const float* variance, float* y) {
  check(norm);
  const Coefficients k(norm, scale, bias, mean, variance);
  for_each_piece(norm, Pieces(norm.rows), [&](int64_t, int64_t image, int64_t r0, int64_t r1) {
    const int64_t at = (image * norm.rows + r0) * norm.c;
    HWY_DYNAMIC_DISPATCH(ApplyRows)
    (norm.activation, x + at, r1 - r0, norm.c, &k.a[static_cast<size_t>(image * norm.c)],
     &k.b[static_cast<size_t>(image * norm.c)], y + at);
  });
}

void norm_forward(const Norm& norm, const float* x, const float* scale, const float* bias, float* y,
                  float* mean, float* variance) {
  check(norm);
  const Pieces pieces(norm.rows);
  std::vector<double> sums(static_cast<size_t>(norm.n * pieces.count * norm.c * 2));
  for_each_piece(norm, pieces, [&](int64_t i, int64_t image, int64_t r0, int64_t r1) {
    const float* first = x + image * norm.rows * norm.c;
    double* sum = &sums[static_cast<size_t>(i * norm.c * 2)];
    HWY_DYNAMIC_DISPATCH(SumRows)(first + r0 * norm.c, r1 - r0, norm.c, first, sum, sum + norm.c);
  });

  std::vector<float> own_mean, own_variance;
  if (mean == nullptr)
    own_mean.resize(static_cast<size_t>(norm.n * norm.groups)), mean = own_mean.data();
  if (variance == nullptr)
    own_variance.resize(static_cast<size_t>(norm.n * norm.groups)), variance = own_variance.data();
  const int64_t per_group = norm.c / norm.groups;
  const double rows = static_cast<double>(norm.rows), count = rows * static_cast<double>(per_group);
  for (int64_t image = 0; image < norm.n; ++image) {
    double* total = &sums[static_cast<size_t>(image * pieces.count * norm.c * 2)];
    for (int64_t p = 1; p < pieces.count; ++p) {
      for (int64_t i = 0; i < norm.c * 2; ++i) total[i] += total[p * norm.c * 2 + i];
    }
    const float* shift = x + image * norm.rows * norm.c;
    for (int64_t g = 0; g < norm.groups; ++g) {
      double sum = 0, square = 0;
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch)
        sum += total[ch] + rows * shift[ch];
      const double mu = sum / count;
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch) {
        const double off = mu - shift[ch];  // sum of (x - mu)^2 from the sums about the shift
        square += total[norm.c + ch] - 2 * off * total[ch] + rows * off * off;
      }
      mean[image * norm.groups + g] = static_cast<float>(mu);
      variance[image * norm.groups + g] =
          static_cast<float>(square < 0 ? 0 : square / count);  // a NaN stays
    }
  }
  norm_apply(norm, x, scale, bias, mean, variance, y);
}

void norm_backward(const Norm& norm, const float* x, const float* scale, const float* bias,
                   const float* mean, const float* variance, const float* dy, float* dx,
                   float* dscale, float* dbias) {
  check(norm);
  const Pieces pieces(norm.rows);
  const int64_t per_group = norm.c / norm.groups;
  const Coefficients k(norm, scale, bias, mean, variance);
  std::vector<float> channel_mean(static_cast<size_t>(norm.n * norm.c));
  for (int64_t i = 0; i < norm.n * norm.c; ++i) {
    channel_mean[static_cast<size_t>(i)] = mean[i / norm.c * norm.groups + i % norm.c / per_group];
  }
  std::vector<double> sums(static_cast<size_t>(norm.n * pieces.count * norm.c * 2));
  for_each_piece(norm, pieces, [&](int64_t i, int64_t image, int64_t r0, int64_t r1) {
    const int64_t at = (image * norm.rows + r0) * norm.c;
    const size_t ch = static_cast<size_t>(image * norm.c);
    double* sum = &sums[static_cast<size_t>(i * norm.c * 2)];
    HWY_DYNAMIC_DISPATCH(BackwardSums)
    (norm.activation, x + at, dy + at, r1 - r0, norm.c, &k.a[ch], &k.b[ch], &channel_mean[ch], sum,
     sum + norm.c);
  });

  std::vector<float> p(static_cast<size_t>(norm.n * norm.c)), q(p.size()), s(p.size());
  std::vector<double> all_scale(static_cast<size_t>(norm.c)), all_bias(all_scale.size());
  const double count = static_cast<double>(norm.rows * per_group);
  for (int64_t image = 0; image < norm.n; ++image) {
    double* total = &sums[static_cast<size_t>(image * pieces.count * norm.c * 2)];
    for (int64_t piece = 1; piece < pieces.count; ++piece) {
      for (int64_t i = 0; i < norm.c * 2; ++i) total[i] += total[piece * norm.c * 2 + i];
    }
    for (int64_t g = 0; g < norm.groups; ++g) {
      const double inverse = inverse_deviation(norm, variance[image * norm.groups + g]);
      const double mu = mean[image * norm.groups + g];
      double m1 = 0, m2 = 0;  // means of scale * g and of scale * g * normalised x
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch) {
        const double dot = total[norm.c + ch] * inverse;
        all_bias[static_cast<size_t>(ch)] += total[ch];
        all_scale[static_cast<size_t>(ch)] += dot;
        m1 += scale[ch] * total[ch] / count;
        m2 += scale[ch] * dot / count;
      }
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch) {
        const size_t i = static_cast<size_t>(image * norm.c + ch);
        p[i] = static_cast<float>(inverse * scale[ch]);
        q[i] = static_cast<float>(-inverse * inverse * m2);
        s[i] = static_cast<float>(inverse * (inverse * m2 * mu - m1));
      }
    }
  }
  for (int64_t ch = 0; ch < norm.c; ++ch) {
    if (dscale != nullptr) dscale[ch] = static_cast<float>(all_scale[static_cast<size_t>(ch)]);
    if (dbias != nullptr) dbias[ch] = static_cast<float>(all_bias[static_cast<size_t>(ch)]);
  }
  if (dx == nullptr) return;
  for_each_piece(norm, pieces, [&](int64_t, int64_t image, int64_t r0, int64_t r1) {
    const int64_t at = (image * norm.rows + r0) * norm.c;
    const size_t ch = static_cast<size_t>(image * norm.c);
    HWY_DYNAMIC_DISPATCH(BackwardRows)
    (norm.activation, x + at, dy + at, r1 - r0, norm.c, &k.a[ch], &k.b[ch], &p[ch], &q[ch], &s[ch],
     dx + at);
  });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
