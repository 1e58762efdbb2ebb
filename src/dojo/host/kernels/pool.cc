#include "dojo/host/kernels/pool.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"
#include "dojo/host/kernels/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/pool.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// One row of the result: `line` [w*c] gets the sum of kernel_h rows, then runs of kernel_w pixels
// are added.
template <int kC>
HWY_INLINE void add_windows(const float* line, int64_t out_w, int64_t kernel_w, int64_t c0,
                            float factor, float* y) {
  const int64_t c = kC > 0 ? kC : c0;
  for (int64_t ox = 0; ox < out_w; ++ox, y += c) {
    if constexpr (kC > 0) {
      float sum[kC] = {};
      for (int64_t k = 0; k < kernel_w; ++k, line += c) {
        for (int64_t j = 0; j < c; ++j) sum[j] += line[j];
      }
      for (int64_t j = 0; j < c; ++j) y[j] = sum[j] * factor;
    } else {
      for (int64_t j = 0; j < c; ++j) y[j] = line[j];
      line += c;
      for (int64_t k = 1; k < kernel_w; ++k, line += c) {
        for (int64_t j = 0; j < c; ++j) y[j] += line[j];
      }
      for (int64_t j = 0; j < c; ++j) y[j] *= factor;
    }
  }
}

void AverageRow(const AveragePool& p, const float* x, float* line, float* y) {
  const D d;
  const int64_t row = p.w * p.c, out_w = p.w / p.kernel_w,
                lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < row; i += lanes) {
    V sum = load_n(d, x + i, row - i);
    for (int64_t k = 1; k < p.kernel_h; ++k)
      sum = hn::Add(sum, load_n(d, x + k * row + i, row - i));
    store_n(d, sum, line + i, row - i);
  }
  const float factor = 1.0f / static_cast<float>(p.kernel_h * p.kernel_w);
  switch (p.c) {
    case 1:
      return add_windows<1>(line, out_w, p.kernel_w, p.c, factor, y);
    case 2:
      return add_windows<2>(line, out_w, p.kernel_w, p.c, factor, y);
    case 3:
      return add_windows<3>(line, out_w, p.kernel_w, p.c, factor, y);
    case 4:
      return add_windows<4>(line, out_w, p.kernel_w, p.c, factor, y);
    default:
      return add_windows<0>(line, out_w, p.kernel_w, p.c, factor, y);
  }
}

// One pixel of the result over its window [y0,y1) x [x0,x1).
void MaxWindow(const MaxPool& p, const float* image, int64_t y0, int64_t y1, int64_t x0, int64_t x1,
               float* y, int32_t* index) {
  const D d;
  const hn::RebindToSigned<D> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t ch = 0; ch < p.c; ch += lanes) {
    const int64_t m = p.c - ch;
    V best = load_n(d, image + (y0 * p.w + x0) * p.c + ch, m);
    auto at = hn::Set(di, static_cast<int32_t>(y0 * p.w + x0));
    for (int64_t iy = y0; iy < y1; ++iy) {
      for (int64_t ix = x0; ix < x1; ++ix) {
        const V v = load_n(d, image + (iy * p.w + ix) * p.c + ch, m);
        const auto wins = hn::Or(hn::Gt(v, best), hn::IsNaN(v));  // of several NaNs the last
        best = hn::IfThenElse(wins, v, best);
        at = hn::IfThenElse(hn::RebindMask(di, wins),
                            hn::Set(di, static_cast<int32_t>(iy * p.w + ix)), at);
      }
    }
    if (y != nullptr) store_n(d, best, y + ch, m);
    if (index == nullptr) continue;
    alignas(64) int32_t places[HWY_MAX_BYTES / 4];
    hn::Store(at, di, places);
    std::copy_n(places, std::min(m, lanes), index + ch);
  }
}

void MaxRow(const MaxPool& p, const float* image, int64_t oy, float* y, int32_t* index) {
  const int64_t y0 = std::max<int64_t>(0, oy * p.stride_h - p.pad_h),
                y1 = std::min(p.h, oy * p.stride_h - p.pad_h + p.kernel_h);
  for (int64_t ox = 0; ox < p.out_w; ++ox) {
    const int64_t x0 = std::max<int64_t>(0, ox * p.stride_w - p.pad_w),
                  x1 = std::min(p.w, ox * p.stride_w - p.pad_w + p.kernel_w);
    MaxWindow(p, image, y0, y1, x0, x1, y == nullptr ? nullptr : y + ox * p.c,
              index == nullptr ? nullptr : index + ox * p.c);
  }
}

// One row of the image's gradient: each pixel takes dy from the windows over it whose maximum it
// is.
void MaxBackwardRow(const MaxPool& p, const float* dy, const int32_t* index, int64_t iy,
                    float* dx) {
  const D d;
  const hn::RebindToSigned<D> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto first = [](int64_t at, int64_t pad, int64_t kernel, int64_t stride) {
    const int64_t past =
        at + pad - kernel;  // the last window that ends before this pixel starts at or before it
    return past < 0 ? 0 : past / stride + 1;
  };
  const int64_t oy0 = first(iy, p.pad_h, p.kernel_h, p.stride_h);
  const int64_t oy1 = std::min(p.out_h, (iy + p.pad_h) / p.stride_h + 1);
  for (int64_t ix = 0; ix < p.w; ++ix) {
    const int64_t ox0 = first(ix, p.pad_w, p.kernel_w, p.stride_w);
    const int64_t ox1 = std::min(p.out_w, (ix + p.pad_w) / p.stride_w + 1);
    const auto here = hn::Set(di, static_cast<int32_t>(iy * p.w + ix));
    for (int64_t ch = 0; ch < p.c; ch += lanes) {
      const int64_t m = p.c - ch;
      V sum = hn::Zero(d);
      for (int64_t oy = oy0; oy < oy1; ++oy) {
        for (int64_t ox = ox0; ox < ox1; ++ox) {
          const int64_t at = (oy * p.out_w + ox) * p.c + ch;
          const auto place =
              hn::BitCast(di, load_n(d, reinterpret_cast<const float*>(index + at), m));
          sum = hn::Add(sum, hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(place, here)),
                                                load_n(d, dy + at, m)));
        }
      }
      store_n(d, sum, dx + ix * p.c + ch, m);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(AverageRow);
HWY_EXPORT(MaxRow);
HWY_EXPORT(MaxBackwardRow);

void average_pool(const AveragePool& p, const float* x, float* y) {
  const int64_t out_h = p.h / p.kernel_h, out_w = p.w / p.kernel_w, row = p.w * p.c;
  parallel_for(p.n * out_h, std::max<int64_t>(1, 16384 / (row * p.kernel_h)),
               [&](int64_t begin, int64_t end) {
                 std::vector<float> line(static_cast<size_t>(row));
                 for (int64_t i = begin; i < end; ++i) {
                   const float* from = x + (i / out_h * p.h + i % out_h * p.kernel_h) * row;
                   HWY_DYNAMIC_DISPATCH(AverageRow)(p, from, line.data(), y + i * out_w * p.c);
                 }
               });
}

void average_pool_backward(const AveragePool& p, const float* dy, float* dx) {
  const int64_t out_h = p.h / p.kernel_h, out_w = p.w / p.kernel_w, row = p.w * p.c;
  const float factor = 1.0f / static_cast<float>(p.kernel_h * p.kernel_w);
  parallel_for(p.n * p.h, std::max<int64_t>(1, 16384 / row), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* to = dx + i * row;
      const int64_t oy = i % p.h / p.kernel_h;
      if (oy >= out_h) {
        std::fill_n(to, row, 0.0f);
        continue;
      }
      const float* from = dy + (i / p.h * out_h + oy) * out_w * p.c;
      for (int64_t ix = 0; ix < p.w; ++ix, to += p.c) {
        const int64_t ox = ix / p.kernel_w;
        for (int64_t ch = 0; ch < p.c; ++ch)
          to[ch] = ox < out_w ? from[ox * p.c + ch] * factor : 0.0f;
      }
    }
  });
}

void max_pool(const MaxPool& p, const float* x, float* y, int32_t* index) {
  DOJO_CHECK(p.pad_h < p.kernel_h && p.pad_w < p.kernel_w);
  DOJO_CHECK((p.out_h - 1) * p.stride_h - p.pad_h < p.h &&
             (p.out_w - 1) * p.stride_w - p.pad_w < p.w);
  const int64_t row = p.out_w * p.c;
  parallel_for(p.n * p.out_h, std::max<int64_t>(1, 16384 / (row * p.kernel_h * p.kernel_w)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   HWY_DYNAMIC_DISPATCH(MaxRow)
                   (p, x + i / p.out_h * p.h * p.w * p.c, i % p.out_h,
                    y == nullptr ? nullptr : y + i * row,
                    index == nullptr ? nullptr : index + i * row);
                 }
               });
}

void max_pool_backward(const MaxPool& p, const float* dy, const int32_t* index, float* dx) {
  const int64_t row = p.w * p.c, out = p.out_h * p.out_w * p.c;
  parallel_for(p.n * p.h, std::max<int64_t>(1, 16384 / row), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / p.h;
      HWY_DYNAMIC_DISPATCH(MaxBackwardRow)
      (p, dy + image * out, index + image * out, i % p.h, dx + i * row);
    }
  });
}

void max_pool_backward_from_x(const MaxPool& p, const float* x, const float* dy, float* dx) {
  std::vector<int32_t> index(static_cast<size_t>(p.n * p.out_h * p.out_w * p.c));
  max_pool(p, x, nullptr, index.data());
  max_pool_backward(p, dy, index.data(), dx);
}

void global_average_pool(int64_t n, int64_t pixels, int64_t c, const float* x, float* y) {
  reduce(Reduce::kMean, n, pixels, c, x, y);
}

void global_average_pool_backward(int64_t n, int64_t pixels, int64_t c, const float* dy,
                                  float* dx) {
  const float factor = 1.0f / static_cast<float>(pixels);
  parallel_for(n * pixels, std::max<int64_t>(1, 16384 / c), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t ch = 0; ch < c; ++ch) dx[i * c + ch] = dy[i / pixels * c + ch] * factor;
    }
  });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
