#include "dojo/host/kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/softmax.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// y = exp(x - max) / sum, or x - max - log(sum of exp) where `logarithm`. `work` is a row of f32
// that may be y.
template <class X, class Y>
void softmax_row(bool logarithm, int64_t c, const X* x, float* work, Y* y) {
  const D d;
  const V shift = greatest(d, x, c);
  V sum = hn::Zero(d);
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    const V e = exp_v(d, hn::Sub(load_n(d, x + i, n), shift));
    sum = hn::Add(sum, first_n(d, e, n));
    if (!logarithm) store_n(d, e, work + i, n);
  });
  const float total = hn::GetLane(hn::SumOfLanes(d, sum));
  const V factor = hn::Set(d, 1.0f / total), log_total = hn::Set(d, std::log(total));
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    if (logarithm) {
      store_n(d, hn::Sub(hn::Sub(load_n(d, x + i, n), shift), log_total), y + i, n);
    } else {
      store_n(d, hn::Mul(load_n(d, work + i, n), factor), y + i, n);
    }
  });
}

void SoftmaxRow(bool logarithm, int64_t c, FloatsIn x, float* work, FloatsOut y) {
  visit(x, [&](const auto* px) {
    visit(y, [&](auto* py) { softmax_row(logarithm, c, px, work, py); });
  });
}

// Softmax: dx = y (dy - sum(y dy)). Log-softmax: dx = dy - exp(y) sum(dy).
template <class Y, class Dy, class Dx>
void softmax_backward_row(bool logarithm, int64_t c, const Y* y, const Dy* dy, Dx* dx) {
  const D d;
  V sum = hn::Zero(d);
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    const V g = load_n(d, dy + i, n);
    sum = logarithm ? hn::Add(sum, g) : hn::MulAdd(load_n(d, y + i, n), g, sum);
  });
  const V total = hn::SumOfLanes(d, sum);
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    const V g = load_n(d, dy + i, n), v = load_n(d, y + i, n);
    store_n(d, logarithm ? hn::NegMulAdd(exp_v(d, v), total, g) : hn::Mul(v, hn::Sub(g, total)),
            dx + i, n);
  });
}

void SoftmaxBackwardRow(bool logarithm, int64_t c, FloatsIn y, FloatsIn dy, FloatsOut dx) {
  visit(y, [&](const auto* py) {
    visit(dy, [&](const auto* pg) {
      visit(dx, [&](auto* to) { softmax_backward_row(logarithm, c, py, pg, to); });
    });
  });
}

// dx = (exp(y) - [i == label]) * factor.
void CrossEntropyBackwardRow(int64_t c, const float* y, int32_t label, float factor, float* dx) {
  const D d;
  const V k = hn::Set(d, factor);
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    store_n(d, hn::Mul(exp_v(d, load_n(d, y + i, n)), k), dx + i, n);
  });
  dx[label] -= factor;
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(SoftmaxRow);
HWY_EXPORT(SoftmaxBackwardRow);
HWY_EXPORT(CrossEntropyBackwardRow);

namespace {

void for_each_row(int64_t rows, int64_t c, const auto& body) {
  if (c == 0) return;
  parallel_for(rows, std::max<int64_t>(1, 4096 / c), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) body(r, r * c);
  });
}

bool counts(int32_t label, int64_t c) { return label >= 0 && label < c; }

constexpr int64_t kWorkRow = 4096;  // floats: a row of bf16 that is longer is computed in a vector

}  // namespace

void softmax(int64_t rows, int64_t c, FloatsIn x, FloatsOut y) {
  for_each_row(rows, c, [&](int64_t, int64_t at) {
    alignas(64) float row[kWorkRow];
    std::vector<float> long_row(y.is_bf16() && c > kWorkRow ? static_cast<size_t>(c) : 0);
    float* work = long_row.empty() ? row : long_row.data();
    if (!y.is_bf16()) work = y.f32() + at;
    HWY_DYNAMIC_DISPATCH(SoftmaxRow)(false, c, x + at, work, y + at);
  });
}
void softmax_backward(int64_t rows, int64_t c, FloatsIn y, FloatsIn dy, FloatsOut dx) {
  for_each_row(rows, c, [&](int64_t, int64_t at) {
    HWY_DYNAMIC_DISPATCH(SoftmaxBackwardRow)(false, c, y + at, dy + at, dx + at);
  });
}
void log_softmax(int64_t rows, int64_t c, const float* x, float* y) {
  for_each_row(rows, c, [&](int64_t, int64_t at) {
    HWY_DYNAMIC_DISPATCH(SoftmaxRow)(true, c, x + at, nullptr, y + at);
  });
}
void log_softmax_backward(int64_t rows, int64_t c, const float* y, const float* dy, float* dx) {
  for_each_row(rows, c, [&](int64_t, int64_t at) {
    HWY_DYNAMIC_DISPATCH(SoftmaxBackwardRow)(true, c, y + at, dy + at, dx + at);
  });
}

void softmax_cross_entropy(int64_t rows, int64_t c, const float* x, const int32_t* labels,
                           float* loss, float* log_probabilities) {
  std::vector<float> own;
  if (log_probabilities == nullptr)
    own.resize(static_cast<size_t>(rows * c)), log_probabilities = own.data();
  log_softmax(rows, c, x, log_probabilities);
  double sum = 0;
  int64_t used = 0;
  for (int64_t r = 0; r < rows; ++r) {
    if (!counts(labels[r], c)) continue;
    sum -= log_probabilities[r * c + labels[r]];
    ++used;
  }
  *loss = used == 0 ? 0 : static_cast<float>(sum / static_cast<double>(used));
}

void softmax_cross_entropy_backward(int64_t rows, int64_t c, const float* log_probabilities,
                                    const int32_t* labels, float dloss, float* dx) {
  const int64_t used =
      std::count_if(labels, labels + rows, [&](int32_t label) { return counts(label, c); });
  for_each_row(rows, c, [&](int64_t r, int64_t at) {
    if (!counts(labels[r], c)) {
      std::fill_n(dx + at, c, 0.0f);
    } else {
      HWY_DYNAMIC_DISPATCH(CrossEntropyBackwardRow)
      (c, log_probabilities + at, labels[r], dloss / static_cast<float>(used), dx + at);
    }
  });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
