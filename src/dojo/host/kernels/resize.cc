// Linear Resize. Rows are blended first, over all their columns and channels, then columns.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"
#include "dojo/host/kernels/sample.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/resize.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using Axis = ResizeLinear::Axis;

// line = low * (1 - weight) + high * weight, times factor.
void BlendRows(const float* low, const float* high, float weight, float factor, int64_t n,
               float* line) {
  const float w0 = (1 - weight) * factor, w1 = weight * factor;
  for (int64_t i = 0; i < n; ++i) line[i] = low[i] * w0 + high[i] * w1;
}

void AddRow(const float* x, float weight, bool first, int64_t n, float* line) {
  if (first) {
    for (int64_t i = 0; i < n; ++i) line[i] = x[i] * weight;
  } else {
    for (int64_t i = 0; i < n; ++i) line[i] += x[i] * weight;
  }
}

template <int kC>
HWY_INLINE void blend_columns(const Axis& axis, const float* line, int64_t out_w, int64_t c0,
                              float* y) {
  const int64_t c = kC > 0 ? kC : c0;
  for (int64_t ox = 0; ox < out_w; ++ox, y += c) {
    const size_t o = static_cast<size_t>(ox);
    const float* low = line + axis.low[o] * c;
    const float* high = line + axis.high[o] * c;
    const float w1 = axis.weight[o], w0 = 1 - w1;
    for (int64_t ch = 0; ch < c; ++ch) y[ch] = low[ch] * w0 + high[ch] * w1;
  }
}

template <int kC>
HWY_INLINE void gather_columns(const Axis& axis, const float* line, int64_t w, int64_t c0,
                               float* dx) {
  const int64_t c = kC > 0 ? kC : c0;
  for (int64_t ix = 0; ix < w; ++ix, dx += c) {
    const int32_t begin = axis.back_begin[static_cast<size_t>(ix)],
                  end = axis.back_begin[static_cast<size_t>(ix) + 1];
    float sum[std::max(kC, 1)] = {};
    if constexpr (kC == 0) std::fill_n(dx, c, 0.0f);
    for (int32_t j = begin; j < end; ++j) {
      const float* from = line + axis.back_index[static_cast<size_t>(j)] * c;
      const float weight = axis.back_weight[static_cast<size_t>(j)];
      for (int64_t ch = 0; ch < c; ++ch) (kC > 0 ? sum[ch] : dx[ch]) += from[ch] * weight;
    }
    if constexpr (kC > 0) std::copy_n(sum, kC, dx);
  }
}

// Calls f with the number of channels as a constant where it is small, so that the loop over the
// channels of a pixel is unrolled; with 0 otherwise.
template <class F>
HWY_INLINE void with_channels(int64_t c, const F& f) {
  switch (c) {
    case 1:
      return f(std::integral_constant<int, 1>());
    case 2:
      return f(std::integral_constant<int, 2>());
    case 3:
      return f(std::integral_constant<int, 3>());
    case 4:
      return f(std::integral_constant<int, 4>());
    default:
      return f(std::integral_constant<int, 0>());
  }
}

void BlendColumns(const Axis& axis, const float* line, int64_t out_w, int64_t c, float* y) {
  with_channels(c, [&](auto constant) { blend_columns<constant()>(axis, line, out_w, c, y); });
}

void GatherColumns(const Axis& axis, const float* line, int64_t w, int64_t c, float* dx) {
  with_channels(c, [&](auto constant) { gather_columns<constant()>(axis, line, w, c, dx); });
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(BlendRows);
HWY_EXPORT(AddRow);
HWY_EXPORT(BlendColumns);
HWY_EXPORT(GatherColumns);

namespace {

ResizeLinear::Axis make_axis(int64_t in, int64_t out, Coordinates coordinates, double given_scale) {
  DOJO_CHECK(in > 0 && out > 0);
  const double scale =
      given_scale > 0 ? given_scale : static_cast<double>(out) / static_cast<double>(in);
  ResizeLinear::Axis axis;
  std::vector<std::vector<std::pair<int32_t, float>>> back(static_cast<size_t>(in));
  for (int64_t i = 0; i < out; ++i) {
    double at = 0;
    switch (coordinates) {
      case Coordinates::kHalfPixel:
        at = (static_cast<double>(i) + 0.5) / scale - 0.5;
        break;
      case Coordinates::kAsymmetric:
        at = static_cast<double>(i) / scale;
        break;
      case Coordinates::kAlignCorners:
        at = out == 1 ? 0
                      : static_cast<double>(i) * static_cast<double>(in - 1) /
                            static_cast<double>(out - 1);
        break;
    }
    at = std::clamp(at, 0.0, static_cast<double>(in - 1));
    const int64_t low = std::min(static_cast<int64_t>(at), in - 1),
                  high = std::min(low + 1, in - 1);
    const float weight = static_cast<float>(at - static_cast<double>(low));
    axis.low.push_back(static_cast<int32_t>(low));
    axis.high.push_back(static_cast<int32_t>(high));
    axis.weight.push_back(weight);
    back[static_cast<size_t>(low)].push_back({static_cast<int32_t>(i), 1 - weight});
    if (weight != 0) back[static_cast<size_t>(high)].push_back({static_cast<int32_t>(i), weight});
  }
  axis.back_begin.push_back(0);
  for (const auto& list : back) {
    for (const auto& [index, weight] : list) {
      axis.back_index.push_back(index);
      axis.back_weight.push_back(weight);
    }
    axis.back_begin.push_back(static_cast<int32_t>(axis.back_index.size()));
  }
  return axis;
}

}  // namespace

ResizeLinear::ResizeLinear(int64_t n, int64_t h, int64_t w, int64_t c, int64_t out_h, int64_t out_w,
                           Coordinates coordinates, double scale_h, double scale_w)
    : n_(n),
      h_(h),
      w_(w),
      c_(c),
      out_h_(out_h),
      out_w_(out_w),
      y_(make_axis(h, out_h, coordinates, scale_h)),
      x_(make_axis(w, out_w, coordinates, scale_w)) {}

void ResizeLinear::forward(const float* x, float* y, float factor) const {
  const int64_t row = w_ * c_, out_row = out_w_ * c_;
  parallel_for(n_ * out_h_, std::max<int64_t>(1, 8192 / out_row), [&](int64_t begin, int64_t end) {
    std::vector<float> line(static_cast<size_t>(row));
    for (int64_t i = begin; i < end; ++i) {
      const size_t oy = static_cast<size_t>(i % out_h_);
      const float* image = x + i / out_h_ * h_ * row;
      HWY_DYNAMIC_DISPATCH(BlendRows)
      (image + y_.low[oy] * row, image + y_.high[oy] * row, y_.weight[oy], factor, row,
       line.data());
      HWY_DYNAMIC_DISPATCH(BlendColumns)(x_, line.data(), out_w_, c_, y + i * out_row);
    }
  });
}

void ResizeLinear::backward(const float* dy, float* dx, float factor) const {
  const int64_t row = w_ * c_, out_row = out_w_ * c_;
  parallel_for(n_ * h_, std::max<int64_t>(1, 8192 / std::max(row, out_row)),
               [&](int64_t begin, int64_t end) {
                 std::vector<float> line(static_cast<size_t>(out_row));
                 for (int64_t i = begin; i < end; ++i) {
                   const size_t iy = static_cast<size_t>(i % h_);
                   const float* image = dy + i / h_ * out_h_ * out_row;
                   const int32_t first = y_.back_begin[iy], last = y_.back_begin[iy + 1];
                   if (first == last) std::fill(line.begin(), line.end(), 0.0f);
                   for (int32_t j = first; j < last; ++j) {
                     const size_t k = static_cast<size_t>(j);
                     HWY_DYNAMIC_DISPATCH(AddRow)
                     (image + y_.back_index[k] * out_row, y_.back_weight[k] * factor, j == first,
                      out_row, line.data());
                   }
                   HWY_DYNAMIC_DISPATCH(GatherColumns)(x_, line.data(), w_, c_, dx + i * row);
                 }
               });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
