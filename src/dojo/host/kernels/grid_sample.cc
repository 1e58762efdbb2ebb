// GridSample and AffineGrid. Pixels are taken 64 at a time: first the corners and weights of all of
// them in vectors, then the channels of each pixel as one short vector.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"
#include "dojo/host/kernels/sample.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/grid_sample.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

inline constexpr int64_t kPixels = 64;
inline constexpr int32_t kOutside = -1;

// Of each pixel its four corners: offset in floats, weight, and the derivatives of the weight by
// the grid's x and y (where wanted). A corner outside has weights 0 and the offset kOutside.
struct Corners {
  alignas(64) int32_t offset[4][kPixels];
  alignas(64) float weight[4][kPixels];
  alignas(64) float by_x[4][kPixels];
  alignas(64) float by_y[4][kPixels];
};

template <bool kSlopes>
HWY_INLINE void find_corners(const GridSample& s, const float* grid, int64_t n, Corners& corners) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V one = hn::Set(d, 1.0f), zero = hn::Zero(d);
  const bool border = s.padding == Padding::kBorder;
  struct Line {  // one coordinate of the pixels
    V low_place, high_place, low, high,
        slope;  // places clamped to the image; weights 0 outside; d position / d grid
  };
  const auto line = [&](V g, int64_t size) {
    const float extent = static_cast<float>(size),
                factor = (s.align_corners ? extent - 1 : extent) * 0.5f;
    const V last = hn::Set(d, extent - 1);
    // The same roundings as PyTorch's, because the gradient jumps where a place is a pixel.
    const V raw =
        s.align_corners
            ? hn::Mul(hn::Add(g, one), hn::Set(d, factor))
            : hn::Mul(hn::Sub(hn::Mul(hn::Add(g, one), hn::Set(d, extent)), one), hn::Set(d, 0.5f));
    Line l;
    V at;
    if (border) {
      at = hn::Min(hn::Max(raw, zero), last);
      l.slope =
          hn::IfThenElseZero(hn::And(hn::Gt(raw, zero), hn::Lt(raw, last)), hn::Set(d, factor));
    } else {
      at = hn::Min(hn::Max(raw, hn::Set(d, -2.0f)), hn::Set(d, extent + 1));
      l.slope = hn::Set(d, factor);
    }
    const auto nan = hn::IsNaN(raw);
    const V low = hn::Floor(hn::IfThenZeroElse(nan, at)), high = hn::Add(low, one);
    at = hn::IfThenElse(nan, raw, at);
    l.low = hn::IfThenElseZero(hn::And(hn::Ge(low, zero), hn::Le(low, last)), one);
    l.high = hn::IfThenElseZero(hn::And(hn::Ge(high, zero), hn::Le(high, last)), one);
    const V fraction = hn::Sub(at, low);
    l.low_place = hn::Min(hn::Max(low, zero), last);
    l.high_place = hn::Min(hn::Max(high, zero), last);
    return std::tuple(l, fraction);
  };
  for (int64_t i = 0; i < n; i += lanes) {
    V gx, gy;
    if (n - i >= lanes) {
      hn::LoadInterleaved2(d, grid + 2 * i, gx, gy);
    } else {
      alignas(64) float rest[2 * HWY_MAX_BYTES / 4] = {};
      std::copy_n(grid + 2 * i, 2 * (n - i), rest);
      hn::LoadInterleaved2(d, rest, gx, gy);
    }
    const auto [x, fx] = line(gx, s.w);
    const auto [y, fy] = line(gy, s.h);
    const V wx[2] = {hn::Mul(hn::Sub(one, fx), x.low), hn::Mul(fx, x.high)};
    const V wy[2] = {hn::Mul(hn::Sub(one, fy), y.low), hn::Mul(fy, y.high)};
    const V sx[2] = {hn::Neg(hn::Mul(x.low, x.slope)), hn::Mul(x.high, x.slope)};
    const V sy[2] = {hn::Neg(hn::Mul(y.low, y.slope)), hn::Mul(y.high, y.slope)};
    const auto pitch = hn::Set(di, static_cast<int32_t>(s.x_pitch)),
               width = hn::Set(di, static_cast<int32_t>(s.w));
    const auto row0 = hn::Mul(hn::ConvertTo(di, y.low_place), width),
               row1 = hn::Mul(hn::ConvertTo(di, y.high_place), width);
    const auto col0 = hn::ConvertTo(di, x.low_place), col1 = hn::ConvertTo(di, x.high_place);
    for (int k = 0; k < 4; ++k) {
      const auto place = hn::Add(k < 2 ? row0 : row1, k % 2 == 0 ? col0 : col1);
      const auto inside =
          hn::Gt(hn::Mul(k < 2 ? y.low : y.high, k % 2 == 0 ? x.low : x.high), zero);
      hn::Store(
          hn::IfThenElse(hn::RebindMask(di, inside), hn::Mul(place, pitch), hn::Set(di, kOutside)),
          di, corners.offset[k] + i);
      hn::Store(hn::Mul(wy[k / 2], wx[k % 2]), d, corners.weight[k] + i);
      if constexpr (kSlopes) {
        hn::Store(hn::Mul(wy[k / 2], sx[k % 2]), d, corners.by_x[k] + i);
        hn::Store(hn::Mul(sy[k / 2], wx[k % 2]), d, corners.by_y[k] + i);
      }
    }
  }
}

// The channels of a pixel's corner, read as from[ch * step]. What is outside the image is 0, also
// where the nearest pixel is infinite.
struct Source {
  const float* from;
  int64_t step;
  HWY_INLINE Source(const float* image, int32_t offset) {
    alignas(64) static constexpr float kZeros[HWY_MAX_BYTES / 4] = {};
    from = offset == kOutside ? kZeros : image + offset;
    step = offset == kOutside ? 0 : 1;
  }
};

template <class D>
HWY_INLINE void forward_run(D d, const GridSample& s, const float* image, const float* grid,
                            int64_t pixels, float* y) {
  Corners k;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t begin = 0; begin < pixels; begin += kPixels) {
    const int64_t n = std::min(kPixels, pixels - begin);
    find_corners<false>(s, grid + 2 * begin, n, k);
    for (int64_t p = 0; p < n; ++p, y += s.y_pitch) {
      const Source a(image, k.offset[0][p]), b(image, k.offset[1][p]), e(image, k.offset[2][p]),
          f(image, k.offset[3][p]);
      for (int64_t ch = 0; ch < s.c; ch += lanes) {
        const int64_t m = s.c - ch;
        auto sum = hn::Mul(hn::Set(d, k.weight[0][p]), load_n(d, a.from + ch * a.step, m));
        sum = hn::MulAdd(hn::Set(d, k.weight[1][p]), load_n(d, b.from + ch * b.step, m), sum);
        sum = hn::MulAdd(hn::Set(d, k.weight[2][p]), load_n(d, e.from + ch * e.step, m), sum);
        sum = hn::MulAdd(hn::Set(d, k.weight[3][p]), load_n(d, f.from + ch * f.step, m), sum);
        store_n(d, sum, y + ch, m);
      }
    }
  }
}

template <class D>
HWY_INLINE void grid_gradient_run(D d, const GridSample& s, const float* image, const float* grid,
                                  const float* dy, int64_t pixels, float* dgrid) {
  Corners k;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t begin = 0; begin < pixels; begin += kPixels) {
    const int64_t n = std::min(kPixels, pixels - begin);
    find_corners<true>(s, grid + 2 * begin, n, k);
    for (int64_t p = 0; p < n; ++p, dy += s.y_pitch, dgrid += 2) {
      auto sum_x = hn::Zero(d), sum_y = hn::Zero(d);
      for (int64_t ch = 0; ch < s.c; ch += lanes) {
        const int64_t m = s.c - ch;
        const auto g = load_n(d, dy + ch, m);
        auto by_x = hn::Zero(d), by_y = hn::Zero(d);
        for (int corner = 0; corner < 4; ++corner) {
          const Source source(image, k.offset[corner][p]);
          const auto v = load_n(d, source.from + ch * source.step, m);
          by_x = hn::MulAdd(hn::Set(d, k.by_x[corner][p]), v, by_x);
          by_y = hn::MulAdd(hn::Set(d, k.by_y[corner][p]), v, by_y);
        }
        sum_x = hn::MulAdd(g, by_x, sum_x);
        sum_y = hn::MulAdd(g, by_y, sum_y);
      }
      dgrid[0] = hn::GetLane(hn::SumOfLanes(d, sum_x));
      dgrid[1] = hn::GetLane(hn::SumOfLanes(d, sum_y));
    }
  }
}

// Calls f with the narrowest vector that suits c channels.
template <class F>
HWY_INLINE void with_lanes(int64_t c, const F& f) {
  if (c <= 4) return f(hn::CappedTag<float, 4>());
  if (c <= 8) return f(hn::CappedTag<float, 8>());
  f(hn::ScalableTag<float>());
}

void Forward(const GridSample& s, const float* image, const float* grid, int64_t pixels, float* y) {
  with_lanes(s.c, [&](auto d) { forward_run(d, s, image, grid, pixels, y); });
}

void GridGradient(const GridSample& s, const float* image, const float* grid, const float* dy,
                  int64_t pixels, float* dgrid) {
  with_lanes(s.c, [&](auto d) { grid_gradient_run(d, s, image, grid, dy, pixels, dgrid); });
}

// Adds to one image's gradient; the order of pixels is the order of additions.
void ImageGradient(const GridSample& s, const float* grid, const float* dy, int64_t pixels,
                   float* dimage) {
  Corners k;
  for (int64_t begin = 0; begin < pixels; begin += kPixels) {
    const int64_t n = std::min(kPixels, pixels - begin);
    find_corners<false>(s, grid + 2 * begin, n, k);
    for (int64_t p = 0; p < n; ++p, dy += s.y_pitch) {
      for (int corner = 0; corner < 4; ++corner) {
        const float weight = k.weight[corner][p];
        if (weight == 0 || k.offset[corner][p] == kOutside) continue;
        float* to = dimage + k.offset[corner][p];
        for (int64_t ch = 0; ch < s.c; ++ch) to[ch] += weight * dy[ch];
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(Forward);
HWY_EXPORT(GridGradient);
HWY_EXPORT(ImageGradient);

namespace {

GridSample with_pitches(GridSample s) {
  if (s.x_pitch == 0) s.x_pitch = s.c;
  if (s.y_pitch == 0) s.y_pitch = s.c;
  DOJO_CHECK(s.h > 0 && s.w > 0 && s.c > 0);
  DOJO_CHECK_LT(s.h * s.w * s.x_pitch, int64_t{1} << 31);
  return s;
}

// body(image, first pixel, number of pixels) by rows of the result.
void for_each_rows(const GridSample& s, const auto& body) {
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, s.out_w));
  parallel_for(s.n * s.out_h, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end;) {
      const int64_t next = std::min(end, (r / s.out_h + 1) * s.out_h);
      body(r / s.out_h, r * s.out_w, (next - r) * s.out_w);
      r = next;
    }
  });
}

// The grid's coordinate of pixel i of `size`.
double base(int64_t i, int64_t size, bool align_corners) {
  if (align_corners)
    return size == 1 ? 0 : -1 + 2.0 * static_cast<double>(i) / static_cast<double>(size - 1);
  return (2.0 * static_cast<double>(i) + 1) / static_cast<double>(size) - 1;
}

}  // namespace

void grid_sample(const GridSample& given, const float* x, const float* grid, float* y) {
  const GridSample s = with_pitches(given);
  for_each_rows(s, [&](int64_t image, int64_t first, int64_t pixels) {
    HWY_DYNAMIC_DISPATCH(Forward)
    (s, x + image * s.h * s.w * s.x_pitch, grid + 2 * first, pixels, y + first * s.y_pitch);
  });
}

void grid_sample_backward(const GridSample& given, const float* x, const float* grid,
                          const float* dy, float* dx, float* dgrid) {
  const GridSample s = with_pitches(given);
  if (dgrid != nullptr) {
    for_each_rows(s, [&](int64_t image, int64_t first, int64_t pixels) {
      HWY_DYNAMIC_DISPATCH(GridGradient)
      (s, x + image * s.h * s.w * s.x_pitch, grid + 2 * first, dy + first * s.y_pitch, pixels,
       dgrid + 2 * first);
    });
  }
  if (dx == nullptr) return;
  const int64_t pixels = s.out_h * s.out_w;
  parallel_for(s.n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) {
      float* to = dx + image * s.h * s.w * s.x_pitch;
      for (int64_t i = 0; i < s.h * s.w; ++i) std::fill_n(to + i * s.x_pitch, s.c, 0.0f);
      HWY_DYNAMIC_DISPATCH(ImageGradient)
      (s, grid + 2 * image * pixels, dy + image * pixels * s.y_pitch, pixels, to);
    }
  });
}

void affine_grid(int64_t n, int64_t h, int64_t w, bool align_corners, const float* theta,
                 float* grid) {
  parallel_for(n * h, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, w)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t row = begin; row < end; ++row) {
                   const float* t = theta + row / h * 6;
                   const double y = base(row % h, h, align_corners);
                   for (int64_t i = 0; i < w; ++i) {
                     const double x = base(i, w, align_corners);
                     grid[(row * w + i) * 2] = static_cast<float>(t[0] * x + t[1] * y + t[2]);
                     grid[(row * w + i) * 2 + 1] = static_cast<float>(t[3] * x + t[4] * y + t[5]);
                   }
                 }
               });
}

void affine_grid_backward(int64_t n, int64_t h, int64_t w, bool align_corners, const float* dgrid,
                          float* dtheta) {
  parallel_for(n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) {
      double sum[6] = {};
      for (int64_t row = 0; row < h; ++row) {
        const double y = base(row, h, align_corners);
        for (int64_t i = 0; i < w; ++i) {
          const double x = base(i, w, align_corners);
          const float* g = dgrid + ((image * h + row) * w + i) * 2;
          for (int64_t k = 0; k < 2; ++k) {
            sum[3 * k] += g[k] * x;
            sum[3 * k + 1] += g[k] * y;
            sum[3 * k + 2] += g[k];
          }
        }
      }
      for (int k = 0; k < 6; ++k) dtheta[image * 6 + k] = static_cast<float>(sum[k]);
    }
  });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
