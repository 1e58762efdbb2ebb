#include "dojo/host/kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"
#include "dojo/host/kernels/copy.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/reduce.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

template <Reduce kKind>
HWY_INLINE V fold(D d, V sum, V x) {
  if constexpr (kKind == Reduce::kMax) {  // a NaN in either stays
    return hn::IfThenElse(hn::Or(hn::IsNaN(x), hn::Gt(x, sum)), x, sum);
  } else if constexpr (kKind == Reduce::kMin) {
    return hn::IfThenElse(hn::Or(hn::IsNaN(x), hn::Lt(x, sum)), x, sum);
  } else if constexpr (kKind == Reduce::kSumOfSquares) {
    return hn::MulAdd(x, x, sum);
  } else if constexpr (kKind == Reduce::kSumOfAbs) {
    return hn::Add(sum, hn::Abs(x));
  } else {
    return hn::Add(sum, x);
  }
}

// Two partial results.
template <Reduce kKind>
HWY_INLINE V merge(D d, V a, V b) {
  constexpr bool kOrder = kKind == Reduce::kMax || kKind == Reduce::kMin;
  return kOrder ? fold<kKind>(d, a, b) : hn::Add(a, b);
}

template <Reduce kKind>
HWY_INLINE double join(double a, double b) {
  if constexpr (kKind == Reduce::kMax) return std::isnan(b) || b > a ? b : a;
  if constexpr (kKind == Reduce::kMin) return std::isnan(b) || b < a ? b : a;
  return a + b;
}

template <Reduce kKind>
HWY_INLINE float start() {
  if constexpr (kKind == Reduce::kMax) return -std::numeric_limits<float>::infinity();
  if constexpr (kKind == Reduce::kMin) return std::numeric_limits<float>::infinity();
  return 0;
}

// Reduces x[0, n): blocks of 1024 in f32 lanes, joined in double.
template <Reduce kKind, class X>
HWY_INLINE double reduce_run(const X* x, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  alignas(64) float out[HWY_MAX_BYTES / 4];
  double total = start<kKind>();
  for (int64_t b = 0; b < n; b += 1024) {
    const int64_t end = std::min(n, b + 1024);
    V s0 = hn::Set(d, start<kKind>()), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = b;
    for (; i + 4 * lanes <= end; i += 4 * lanes) {
      s0 = fold<kKind>(d, s0, load_u(d, x + i));
      s1 = fold<kKind>(d, s1, load_u(d, x + i + lanes));
      s2 = fold<kKind>(d, s2, load_u(d, x + i + 2 * lanes));
      s3 = fold<kKind>(d, s3, load_u(d, x + i + 3 * lanes));
    }
    for (; i + lanes <= end; i += lanes) s0 = fold<kKind>(d, s0, load_u(d, x + i));
    hn::Store(merge<kKind>(d, merge<kKind>(d, s0, s1), merge<kKind>(d, s2, s3)), d, out);
    for (int64_t k = 0; k < lanes; ++k) total = join<kKind>(total, out[k]);
    for (; i < end; ++i) {
      const double v = FloatsIn(x)[i];
      total = join<kKind>(total, kKind == Reduce::kSumOfSquares ? v * v
                                 : kKind == Reduce::kSumOfAbs   ? std::fabs(v)
                                                                : v);
    }
  }
  return total;
}

// Reduces rows of x (`pitch` elements apart) by column: total[j] for j in [0, c).
template <Reduce kKind, class X>
HWY_INLINE void reduce_rows(const X* x, int64_t rows, int64_t c, int64_t pitch, double* total) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  alignas(64) float out[HWY_MAX_BYTES / 4];
  std::fill_n(total, c, static_cast<double>(start<kKind>()));
  for (int64_t r0 = 0; r0 < rows; r0 += 64) {
    const int64_t r1 = std::min(rows, r0 + 64);
    for (int64_t j = 0; j < c; j += lanes) {
      const int64_t m = std::min(lanes, c - j);
      V s0 = hn::Set(d, start<kKind>()), s1 = s0;
      int64_t r = r0;
      for (; r + 1 < r1; r += 2) {
        s0 = fold<kKind>(d, s0, load_n(d, x + r * pitch + j, m));
        s1 = fold<kKind>(d, s1, load_n(d, x + (r + 1) * pitch + j, m));
      }
      if (r < r1) s0 = fold<kKind>(d, s0, load_n(d, x + r * pitch + j, m));
      hn::Store(merge<kKind>(d, s0, s1), d, out);
      for (int64_t k = 0; k < m; ++k) total[j + k] = join<kKind>(total[j + k], out[k]);
    }
  }
}

// Short rows: total[r] over x[r * n, (r + 1) * n).
template <Reduce kKind, class X>
HWY_INLINE void reduce_short_rows(const X* x, int64_t rows, int64_t n, double* total) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V first = hn::Set(d, start<kKind>());
  const int64_t whole = n / lanes * lanes;
  const auto tail = hn::FirstN(d, static_cast<size_t>(n - whole));
  for (int64_t r = 0; r < rows; ++r, x += n) {
    V sum = first;
    for (int64_t i = 0; i < whole; i += lanes) sum = fold<kKind>(d, sum, load_u(d, x + i));
    if (whole < n)
      sum = fold<kKind>(d, sum, hn::IfThenElse(tail, load_n(d, x + whole, n - whole), first));
    if constexpr (kKind == Reduce::kMax || kKind == Reduce::kMin) {
      const V best = kKind == Reduce::kMax ? hn::MaxOfLanes(d, sum) : hn::MinOfLanes(d, sum);
      total[r] = hn::AllFalse(d, hn::IsNaN(sum)) ? hn::GetLane(best)
                                                 : std::numeric_limits<float>::quiet_NaN();
    } else {
      total[r] = hn::GetLane(hn::SumOfLanes(d, sum));
    }
  }
}

// Calls f with the kind as a constant.
template <class F>
HWY_INLINE void with_kind(Reduce kind, const F& f) {
  switch (kind) {
    case Reduce::kSum:
    case Reduce::kMean:
      return f(std::integral_constant<Reduce, Reduce::kSum>());
    case Reduce::kMax:
      return f(std::integral_constant<Reduce, Reduce::kMax>());
    case Reduce::kMin:
      return f(std::integral_constant<Reduce, Reduce::kMin>());
    case Reduce::kSumOfSquares:
      return f(std::integral_constant<Reduce, Reduce::kSumOfSquares>());
    case Reduce::kSumOfAbs:
      return f(std::integral_constant<Reduce, Reduce::kSumOfAbs>());
  }
}

void ReduceShortRows(Reduce kind, FloatsIn x, int64_t rows, int64_t n, double* total) {
  with_kind(kind, [&](auto k) {
    visit(x, [&](const auto* p) { reduce_short_rows<k()>(p, rows, n, total); });
  });
}

double ReduceRun(Reduce kind, FloatsIn x, int64_t n) {
  double total = 0;
  with_kind(kind, [&](auto k) { visit(x, [&](const auto* p) { total = reduce_run<k()>(p, n); }); });
  return total;
}

void ReduceRows(Reduce kind, FloatsIn x, int64_t rows, int64_t c, int64_t pitch, double* total) {
  with_kind(kind, [&](auto k) {
    visit(x, [&](const auto* p) { reduce_rows<k()>(p, rows, c, pitch, total); });
  });
}

bool FiniteRun(const float* x, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V sum = hn::Zero(d);  // x * 0 is NaN where x is not finite
  for (int64_t i = 0; i < n; i += lanes)
    sum = hn::MulAdd(load_n(d, x + i, n - i), hn::Zero(d), sum);
  return hn::GetLane(hn::SumOfLanes(d, sum)) == 0;
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(ReduceRun);
HWY_EXPORT(ReduceShortRows);
HWY_EXPORT(ReduceRows);
HWY_EXPORT(FiniteRun);

namespace {

double join(Reduce kind, double a, double b) {
  if (kind == Reduce::kMax) return std::isnan(b) || b > a ? b : a;
  if (kind == Reduce::kMin) return std::isnan(b) || b < a ? b : a;
  return a + b;
}

constexpr int64_t kPiece = 32768;  // floats that one partial sum covers

}  // namespace

void reduce(Reduce kind, int64_t outer, int64_t middle, int64_t inner, FloatsIn x, float* y) {
  DOJO_CHECK(middle > 0 || (kind != Reduce::kMax && kind != Reduce::kMin));
  const double scale = kind == Reduce::kMean ? 1.0 / static_cast<double>(middle) : 1.0;
  if (inner == 1 && middle <= 1024 && outer > 1) {
    parallel_for(outer, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, middle)),
                 [&](int64_t begin, int64_t end) {
                   double total[64];
                   for (int64_t o = begin; o < end; o += 64) {
                     const int64_t n = std::min<int64_t>(64, end - o);
                     HWY_DYNAMIC_DISPATCH(ReduceShortRows)(kind, x + o * middle, n, middle, total);
                     for (int64_t i = 0; i < n; ++i)
                       y[o + i] = static_cast<float>(total[i] * scale);
                   }
                 });
    return;
  }
  // Each (outer, piece of the middle) is one task; the pieces depend on the shape only.
  const int64_t pieces = std::clamp<int64_t>(middle * inner / kPiece, 1,
                                             std::max<int64_t>(1, std::min<int64_t>(middle, 64)));
  std::vector<double> partial(static_cast<size_t>(outer * pieces * inner));
  const int64_t task_size = std::max<int64_t>(1, middle * inner / pieces);
  parallel_for(outer * pieces, std::max<int64_t>(1, 16384 / task_size),
               [&](int64_t begin, int64_t end) {
                 for (int64_t t = begin; t < end; ++t) {
                   const int64_t o = t / pieces, p = t % pieces, m0 = middle * p / pieces,
                                 m1 = middle * (p + 1) / pieces;
                   const FloatsIn from = x + (o * middle + m0) * inner;
                   double* to = &partial[static_cast<size_t>(t * inner)];
                   if (inner == 1) {
                     *to = HWY_DYNAMIC_DISPATCH(ReduceRun)(kind, from, m1 - m0);
                   } else {
                     HWY_DYNAMIC_DISPATCH(ReduceRows)(kind, from, m1 - m0, inner, inner, to);
                   }
                 }
               });
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      double total = partial[static_cast<size_t>(o * pieces * inner + i)];
      for (int64_t p = 1; p < pieces; ++p)
        total = join(kind, total, partial[static_cast<size_t>((o * pieces + p) * inner + i)]);
      y[o * inner + i] = static_cast<float>(total * scale);
    }
  }
}

void reduce_axes(Reduce kind, std::span<const int64_t> dims, std::span<const int64_t> axes,
                 FloatsIn x, float* y) {
  std::vector<bool> gone(dims.size(), false);
  for (int64_t axis : axes) gone.at(static_cast<size_t>(axis)) = true;
  // Neighbours of the same fate become one dimension; sizes of 1 are left out.
  std::vector<int64_t> size;
  std::vector<bool> reduced;
  int64_t total = 1, kept = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    total *= dims[i];
    if (!gone[i]) kept *= dims[i];
    if (dims[i] == 1) continue;
    if (!size.empty() && reduced.back() == gone[i]) {
      size.back() *= dims[i];
    } else {
      size.push_back(dims[i]), reduced.push_back(gone[i]);
    }
  }
  if (size.empty()) return reduce(kind, 1, 1, 1, x, y);
  if (size.size() == 1)
    return reduced[0] ? reduce(kind, 1, size[0], 1, x, y) : reduce(kind, size[0], 1, 1, x, y);
  if (size.size() == 2)
    return reduced[0] ? reduce(kind, 1, size[0], size[1], x, y)
                      : reduce(kind, size[0], size[1], 1, x, y);
  if (size.size() == 3 && reduced[1]) return reduce(kind, size[0], size[1], size[2], x, y);
  // Anything else: kept dimensions first, then the reduced ones, in a copy.
  std::vector<int64_t> order;
  for (size_t i = 0; i < size.size(); ++i) {
    if (!reduced[i]) order.push_back(static_cast<int64_t>(i));
  }
  for (size_t i = 0; i < size.size(); ++i) {
    if (reduced[i]) order.push_back(static_cast<int64_t>(i));
  }
  const StridedCopy copy = transpose_copy(size, order);
  const int64_t of_each = kept == 0 ? 0 : total / kept;
  if (x.is_bf16()) {
    std::vector<Bf16> moved(static_cast<size_t>(total));
    copy_bf16(copy, x.bf16(), moved.data());
    return reduce(kind, kept, of_each, 1, moved.data(), y);
  }
  std::vector<float> moved(static_cast<size_t>(total));
  copy_f32(copy, x.f32(), moved.data());
  reduce(kind, kept, of_each, 1, moved.data(), y);
}

double sum_of_squares(std::span<const ConstArray> arrays) {
  std::vector<ConstArray> pieces;
  for (const ConstArray& a : arrays) {
    for (int64_t b = 0; b < a.n; b += kPiece)
      pieces.push_back({a.data + b, std::min(kPiece, a.n - b)});
  }
  std::vector<double> partial(pieces.size());
  parallel_for(static_cast<int64_t>(pieces.size()), 2, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto& p = pieces[static_cast<size_t>(i)];
      partial[static_cast<size_t>(i)] =
          HWY_DYNAMIC_DISPATCH(ReduceRun)(Reduce::kSumOfSquares, p.data, p.n);
    }
  });
  double total = 0;
  for (double p : partial) total += p;
  return total;
}

bool all_finite(std::span<const ConstArray> arrays) {
  for (const ConstArray& a : arrays) {
    if (!HWY_DYNAMIC_DISPATCH(FiniteRun)(a.data, a.n)) return false;
  }
  return true;
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
