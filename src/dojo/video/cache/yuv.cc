#include "dojo/video/cache/yuv.h"

#include <algorithm>

#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/video/cache/yuv.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dojo {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one lane: no vectors; the definitions below do all of the work

int64_t ToYuvRows(const uint8_t*, const uint8_t*, int64_t, uint8_t*, uint8_t*, uint8_t*, uint8_t*) {
  return 0;
}
int64_t ToRgbRows(const uint8_t*, const uint8_t*, const uint8_t*, const uint8_t*, int64_t, uint8_t*,
                  uint8_t*) {
  return 0;
}
int64_t SquaredErrorHead(const uint8_t*, const uint8_t*, int64_t, int64_t*) { return 0; }

#else

namespace hn = hwy::HWY_NAMESPACE;

using D8 = hn::ScalableTag<uint8_t>;
using D8Half = hn::Half<D8>;
using D16 = hn::Repartition<uint16_t, D8>;
using D16Signed = hn::Repartition<int16_t, D8>;
using V8 = hn::Vec<D8>;
using V16 = hn::Vec<D16>;

// A vector of bytes is taken as 16-bit lanes, so that the pixels with even numbers are the low
// bytes and those with odd numbers the high ones: two neighbours share a colour sample.
HWY_INLINE V16 even(V8 v) { return hn::And(hn::BitCast(D16(), v), hn::Set(D16(), 0xff)); }
HWY_INLINE V16 odd(V8 v) { return hn::ShiftRight<8>(hn::BitCast(D16(), v)); }

HWY_INLINE V16 luma(V16 r, V16 g, V16 b) {
  const D16 d;
  const V16 sum = hn::Add(hn::Add(hn::Mul(r, hn::Set(d, 77)), hn::Mul(g, hn::Set(d, 150))),
                          hn::Add(hn::Mul(b, hn::Set(d, 29)), hn::Set(d, 128)));
  return hn::ShiftRight<8>(sum);
}

// (32895 + 128 plus - large_weight * large - small_weight * small) >> 8; it stays in 16 bits.
HWY_INLINE hn::Vec<D8Half> chroma(V16 plus, V16 large, uint16_t large_weight, V16 small,
                                  uint16_t small_weight) {
  const D16 d;
  const V16 up = hn::Add(hn::Set(d, 32895), hn::ShiftLeft<7>(plus));
  const V16 down =
      hn::Add(hn::Mul(large, hn::Set(d, large_weight)), hn::Mul(small, hn::Set(d, small_weight)));
  return hn::DemoteTo(D8Half(), hn::BitCast(D16Signed(), hn::ShiftRight<8>(hn::Sub(up, down))));
}

// The first columns of two rows, as many as whole vectors hold. Returns how many.
int64_t ToYuvRows(const uint8_t* rgb0, const uint8_t* rgb1, int64_t width, uint8_t* y0, uint8_t* y1,
                  uint8_t* cb, uint8_t* cr) {
  const D8 d8;
  const D16 d;
  const int64_t n = static_cast<int64_t>(hn::Lanes(d8));
  int64_t x = 0;
  for (; x + n <= width; x += n) {
    V16 mean[3] = {hn::Set(d, 2), hn::Set(d, 2), hn::Set(d, 2)};  // 2: rounds the quarter
    for (int row = 0; row < 2; ++row) {
      V8 r, g, b;
      hn::LoadInterleaved3(d8, (row ? rgb1 : rgb0) + 3 * x, r, g, b);
      const V16 low = luma(even(r), even(g), even(b)), high = luma(odd(r), odd(g), odd(b));
      hn::StoreU(hn::BitCast(d8, hn::Or(low, hn::ShiftLeft<8>(high))), d8, (row ? y1 : y0) + x);
      mean[0] = hn::Add(mean[0], hn::Add(even(r), odd(r)));
      mean[1] = hn::Add(mean[1], hn::Add(even(g), odd(g)));
      mean[2] = hn::Add(mean[2], hn::Add(even(b), odd(b)));
    }
    for (V16& m : mean) m = hn::ShiftRight<2>(m);
    hn::StoreU(chroma(mean[2], mean[1], 85, mean[0], 43), D8Half(), cb + x / 2);
    hn::StoreU(chroma(mean[0], mean[1], 107, mean[2], 21), D8Half(), cr + x / 2);
  }
  return x;
}

// Two rows share their colours; y1 and rgb1 may be those of row 0 where there is no second one.
int64_t ToRgbRows(const uint8_t* y0, const uint8_t* y1, const uint8_t* cb, const uint8_t* cr,
                  int64_t width, uint8_t* rgb0, uint8_t* rgb1) {
  using V = hn::Vec<D16Signed>;
  const D8 d8;
  const D8Half half;
  const D16Signed d;
  const int64_t n = static_cast<int64_t>(hn::Lanes(d8));
  const V zero = hn::Zero(d), top = hn::Set(d, 255), middle = hn::Set(d, 128);
  int64_t x = 0;
  for (; x + n <= width; x += n) {
    const V u = hn::Sub(hn::PromoteTo(d, hn::LoadU(half, cb + x / 2)), middle);
    const V v = hn::Sub(hn::PromoteTo(d, hn::LoadU(half, cr + x / 2)), middle);
    const V add[3] = {hn::MulFixedPoint15(hn::Add(v, v), hn::Set(d, 22970)),
                      hn::Add(hn::MulFixedPoint15(u, hn::Set(d, -11277)),
                              hn::MulFixedPoint15(v, hn::Set(d, -23401))),
                      hn::MulFixedPoint15(hn::Add(u, u), hn::Set(d, 29032))};
    for (int row = 0; row < 2; ++row) {
      const V8 y = hn::LoadU(d8, (row ? y1 : y0) + x);
      const V low = hn::BitCast(d, even(y)), high = hn::BitCast(d, odd(y));
      V8 out[3];
      for (int c = 0; c < 3; ++c) {
        const V a = hn::Min(hn::Max(hn::Add(low, add[c]), zero), top);
        const V b = hn::Min(hn::Max(hn::Add(high, add[c]), zero), top);
        out[c] = hn::BitCast(d8, hn::Or(a, hn::ShiftLeft<8>(b)));
      }
      hn::StoreInterleaved3(out[0], out[1], out[2], d8, (row ? rgb1 : rgb0) + 3 * x);
    }
  }
  return x;
}

// Adds the squares of the first elements to *total. Returns how many those were.
int64_t SquaredErrorHead(const uint8_t* a, const uint8_t* b, int64_t n, int64_t* total) {
  const D8 d8;
  const D16Signed d;
  const hn::Repartition<int32_t, D8> d32;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d8));
  int64_t i = 0;
  while (i + lanes <= n) {
    // The sum of this many squares stays below 2^31.
    const int64_t end = std::min(n, i + 32768);
    auto sum = hn::Zero(d32), other = hn::Zero(d32);
    for (; i + lanes <= end; i += lanes) {
      const V8 p = hn::LoadU(d8, a + i), q = hn::LoadU(d8, b + i);
      const V8 difference = hn::Sub(hn::Max(p, q), hn::Min(p, q));
      const auto low = hn::BitCast(d, even(difference)), high = hn::BitCast(d, odd(difference));
      sum = hn::ReorderWidenMulAccumulate(d32, low, low, sum, other);
      sum = hn::ReorderWidenMulAccumulate(d32, high, high, sum, other);
    }
    const auto all = hn::SumOfLanes(d32, hn::Add(sum, other));
    *total += hn::GetLane(all);
  }
  return i;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace dojo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo {

HWY_EXPORT(ToYuvRows);
HWY_EXPORT(ToRgbRows);
HWY_EXPORT(SquaredErrorHead);

namespace {

uint8_t clamp(int v) { return static_cast<uint8_t>(std::clamp(v, 0, 255)); }
int mul(int a, int b) { return (a * b + 16384) >> 15; }

// The definition, for the 2x2 pixels at (y, x); both even. Pixels beyond the end are copies of the
// last.
void cell_to_yuv(const uint8_t* rgb, int64_t height, int64_t width, int64_t y, int64_t x,
                 const YuvPlanes<uint8_t>& yuv) {
  int mean[3] = {2, 2, 2};  // 2: rounds the quarter
  for (int64_t row = y; row < y + 2; ++row)
    for (int64_t column = x; column < x + 2; ++column) {
      const uint8_t* p =
          rgb + (std::min(row, height - 1) * width + std::min(column, width - 1)) * 3;
      for (int c = 0; c < 3; ++c) mean[c] += p[c];
      yuv.y[row * yuv.y_stride + column] =
          static_cast<uint8_t>((77 * p[0] + 150 * p[1] + 29 * p[2] + 128) >> 8);
    }
  const int r = mean[0] >> 2, g = mean[1] >> 2, b = mean[2] >> 2;
  const int64_t at = y / 2 * yuv.c_stride + x / 2;
  yuv.cb[at] = static_cast<uint8_t>((32895 - 43 * r - 85 * g + 128 * b) >> 8);
  yuv.cr[at] = static_cast<uint8_t>((32895 + 128 * r - 107 * g - 21 * b) >> 8);
}

void cell_to_rgb(const YuvPlanes<const uint8_t>& yuv, int64_t height, int64_t width, int64_t y,
                 int64_t x, uint8_t* rgb) {
  const int64_t at = y / 2 * yuv.c_stride + x / 2;
  const int u = yuv.cb[at] - 128, v = yuv.cr[at] - 128;
  const int add[3] = {mul(2 * v, 22970), mul(u, -11277) + mul(v, -23401), mul(2 * u, 29032)};
  for (int64_t row = y; row < std::min(y + 2, height); ++row)
    for (int64_t column = x; column < std::min(x + 2, width); ++column)
      for (int c = 0; c < 3; ++c)
        rgb[(row * width + column) * 3 + c] = clamp(yuv.y[row * yuv.y_stride + column] + add[c]);
}

}  // namespace

void rgb_to_yuv420_scalar(const uint8_t* rgb, int64_t height, int64_t width,
                          const YuvPlanes<uint8_t>& yuv) {
  for (int64_t y = 0; y < height; y += 2)
    for (int64_t x = 0; x < width; x += 2) cell_to_yuv(rgb, height, width, y, x, yuv);
}

void yuv420_to_rgb_scalar(const YuvPlanes<const uint8_t>& yuv, int64_t height, int64_t width,
                          uint8_t* rgb) {
  for (int64_t y = 0; y < height; y += 2)
    for (int64_t x = 0; x < width; x += 2) cell_to_rgb(yuv, height, width, y, x, rgb);
}

void rgb_to_yuv420(const uint8_t* rgb, int64_t height, int64_t width,
                   const YuvPlanes<uint8_t>& yuv) {
  for (int64_t y = 0; y < height; y += 2) {
    int64_t x = 0;
    if (y + 1 < height)
      x = HWY_DYNAMIC_DISPATCH(ToYuvRows)(rgb + y * width * 3, rgb + (y + 1) * width * 3, width,
                                          yuv.y + y * yuv.y_stride, yuv.y + (y + 1) * yuv.y_stride,
                                          yuv.cb + y / 2 * yuv.c_stride,
                                          yuv.cr + y / 2 * yuv.c_stride);
    for (; x < width; x += 2) cell_to_yuv(rgb, height, width, y, x, yuv);
  }
}

void yuv420_to_rgb(const YuvPlanes<const uint8_t>& yuv, int64_t height, int64_t width,
                   uint8_t* rgb) {
  for (int64_t y = 0; y < height; y += 2) {
    const int64_t second = std::min(y + 1, height - 1);
    int64_t x = HWY_DYNAMIC_DISPATCH(ToRgbRows)(
        yuv.y + y * yuv.y_stride, yuv.y + second * yuv.y_stride, yuv.cb + y / 2 * yuv.c_stride,
        yuv.cr + y / 2 * yuv.c_stride, width, rgb + y * width * 3, rgb + second * width * 3);
    for (; x < width; x += 2) cell_to_rgb(yuv, height, width, y, x, rgb);
  }
}

int64_t squared_error(const uint8_t* a, const uint8_t* b, int64_t n) {
  int64_t total = 0;
  for (int64_t i = HWY_DYNAMIC_DISPATCH(SquaredErrorHead)(a, b, n, &total); i < n; ++i) {
    const int64_t difference = int64_t{a[i]} - b[i];
    total += difference * difference;
  }
  return total;
}

}  // namespace dojo
#endif  // HWY_ONCE
