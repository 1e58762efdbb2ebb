#include "dojo/host/kernels/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/layer_norm.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The mean first, then the squares about it: a mean far from 0 costs no accuracy.
template <class X, class Y>
void normalize_row(int64_t c, float epsilon, const X* x, const float* scale, const float* bias,
                   Y* y, float* mean, float* inverse) {
  const D d;
  const float size = static_cast<float>(c);
  V sum = hn::Zero(d), square = sum;
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) { sum = hn::Add(sum, load_n(d, x + i, n)); });
  *mean = hn::GetLane(hn::SumOfLanes(d, sum)) / size;
  const V mu = hn::Set(d, *mean);
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    const V v = first_n(d, hn::Sub(load_n(d, x + i, n), mu), n);
    square = hn::MulAdd(v, v, square);
  });
  *inverse = 1 / std::sqrt(hn::GetLane(hn::SumOfLanes(d, square)) / size + epsilon);
  const V k = hn::Set(d, *inverse);
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    const V h = hn::Mul(hn::Sub(load_n(d, x + i, n), mu), k);
    store_n(d, hn::MulAdd(h, load_n(d, scale + i, n), load_n(d, bias + i, n)), y + i, n);
  });
}

void NormalizeRow(int64_t c, float epsilon, FloatsIn x, const float* scale, const float* bias,
                  FloatsOut y, float* mean, float* inverse) {
  visit(x, [&](const auto* px) {
    visit(y, [&](auto* py) { normalize_row(c, epsilon, px, scale, bias, py, mean, inverse); });
  });
}

// With h the normalised x and g = dy * scale: dx = (g - mean(g) - h mean(g h)) * inverse. Adds
// dy * h to dscale and dy to dbias.
template <class X, class Dy, class Dx>
void normalize_row_backward(int64_t c, const X* x, const float* scale, float mean, float inverse,
                            const Dy* dy, Dx* dx, float* dscale, float* dbias) {
  const D d;
  const V mu = hn::Set(d, mean), k = hn::Set(d, inverse);
  V sum = hn::Zero(d), dot = sum;
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    const V h = hn::Mul(hn::Sub(load_n(d, x + i, n), mu), k), v = load_n(d, dy + i, n);
    const V g = hn::Mul(v, load_n(d, scale + i, n));
    sum = hn::Add(sum, g);
    dot = hn::MulAdd(g, h, dot);  // g is 0 behind the row
    store_n(d, hn::MulAdd(v, h, load_n(d, dscale + i, n)), dscale + i, n);
    store_n(d, hn::Add(v, load_n(d, dbias + i, n)), dbias + i, n);
  });
  const float size = static_cast<float>(c);
  const V mean_g = hn::Set(d, hn::GetLane(hn::SumOfLanes(d, sum)) / size);
  const V mean_gh = hn::Set(d, hn::GetLane(hn::SumOfLanes(d, dot)) / size);
  for_each_vector(d, 0, c, [&](int64_t i, int64_t n) {
    const V h = hn::Mul(hn::Sub(load_n(d, x + i, n), mu), k);
    const V g = hn::Mul(load_n(d, dy + i, n), load_n(d, scale + i, n));
    store_n(d, hn::Mul(hn::NegMulAdd(h, mean_gh, hn::Sub(g, mean_g)), k), dx + i, n);
  });
}

void NormalizeRowBackward(int64_t c, FloatsIn x, const float* scale, float mean, float inverse,
                          FloatsIn dy, FloatsOut dx, float* dscale, float* dbias) {
  visit(x, [&](const auto* px) {
    visit(dy, [&](const auto* pg) {
      visit(dx, [&](auto* to) {
        normalize_row_backward(c, px, scale, mean, inverse, pg, to, dscale, dbias);
      });
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(NormalizeRow);
HWY_EXPORT(NormalizeRowBackward);

namespace {

// Rows whose gradients of scale and bias are summed in f32, before the sums are added as doubles.
constexpr int64_t kBlock = 32;

int64_t num_blocks(int64_t rows) { return (rows + kBlock - 1) / kBlock; }

}  // namespace

void layer_norm_forward(int64_t rows, int64_t c, float epsilon, FloatsIn x, const float* scale,
                        const float* bias, FloatsOut y, float* mean, float* inverse) {
  parallel_for(rows, std::max<int64_t>(1, 8192 / c), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) HWY_DYNAMIC_DISPATCH(NormalizeRow)
    (c, epsilon, x + r * c, scale, bias, y + r * c, mean + r, inverse + r);
  });
}

int64_t layer_norm_scratch_floats(int64_t rows, int64_t c) { return num_blocks(rows) * 2 * c; }

void layer_norm_backward(int64_t rows, int64_t c, FloatsIn x, const float* scale, const float* mean,
                         const float* inverse, FloatsIn dy, FloatsOut dx, float* dscale,
                         float* dbias, float* scratch) {
  parallel_for(num_blocks(rows), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      float* sums = scratch + block * 2 * c;  // of dy * h, then of dy
      std::fill_n(sums, 2 * c, 0.0f);
      for (int64_t r = block * kBlock; r < std::min(rows, (block + 1) * kBlock); ++r)
        HWY_DYNAMIC_DISPATCH(NormalizeRowBackward)
      (c, x + r * c, scale, mean[r], inverse[r], dy + r * c, dx + r * c, sums, sums + c);
    }
  });
  for (int64_t i = 0; i < c; ++i) {
    double of_scale = 0, of_bias = 0;
    for (int64_t block = 0; block < num_blocks(rows); ++block) {
      of_scale += static_cast<double>(scratch[block * 2 * c + i]);
      of_bias += static_cast<double>(scratch[block * 2 * c + c + i]);
    }
    dscale[i] = static_cast<float>(of_scale);
    dbias[i] = static_cast<float>(of_bias);
  }
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
