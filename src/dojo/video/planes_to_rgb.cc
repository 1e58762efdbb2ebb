#include "dojo/video/planes_to_rgb.h"

#include <algorithm>
#include <cmath>

#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/video/planes_to_rgb.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dojo {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one lane: no vectors; the definition below does all of the work

int64_t PlanesToRgbHead(const uint8_t*, const uint8_t*, const uint8_t*, int64_t,
                        const ColourWeights&, uint8_t*) {
  return 0;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

// The first pixels of a row, as many as whole vectors hold. Returns how many.
int64_t PlanesToRgbHead(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int64_t width,
                        const ColourWeights& w, uint8_t* rgb) {
  const hn::ScalableTag<uint8_t> d8;
  const hn::Half<decltype(d8)> half;
  const hn::Repartition<int16_t, decltype(d8)> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t n = static_cast<int64_t>(hn::Lanes(half));
  // n samples as 128 times their distance from `zero`.
  const auto distance = [&](const uint8_t* at, int zero) HWY_ATTR {
    const V v = hn::PromoteTo(d, hn::LoadU(half, at));
    return hn::ShiftLeft<7>(hn::Sub(v, hn::Set(d, static_cast<int16_t>(zero))));
  };
  const auto q = [&](V a, int16_t weight)
                     HWY_ATTR { return hn::MulFixedPoint15(a, hn::Set(d, weight)); };
  const auto level = [&](V sum) HWY_ATTR { return hn::DemoteTo(half, hn::ShiftRight<5>(sum)); };
  int64_t x = 0;
  for (; x + n <= width; x += n) {
    const V u = distance(cb + x, 128), v = distance(cr + x, 128);
    const V luma = hn::Add(q(distance(y + x, w.black), w.luma), hn::Set(d, 16));
    hn::StoreInterleaved3(level(hn::Add(luma, q(v, w.v_to_r))),
                          level(hn::Add(luma, hn::Add(q(u, w.u_to_g), q(v, w.v_to_g)))),
                          level(hn::Add(luma, q(u, w.u_to_b))), half, rgb + 3 * x);
  }
  return x;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace dojo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo {

HWY_EXPORT(PlanesToRgbHead);

namespace {

int q(int a, int b) { return (a * b + 16384) >> 15; }
uint8_t level(int sum) { return static_cast<uint8_t>(std::clamp((sum + 16) >> 5, 0, 255)); }

}  // namespace

ColourWeights ColourWeights::of(const int table[4], bool full_range) {
  // Limited range has 219 steps of luma and 224 of colour.
  const auto weight = [](double of_matrix) {
    return static_cast<int16_t>(std::lround(of_matrix / 4 * 32768));
  };
  const double colour = (full_range ? 224.0 / 255 : 1.0) / 65536;
  return {full_range ? 0 : 16,        weight(full_range ? 1.0 : 255.0 / 219),
          weight(table[0] * colour),  weight(-table[2] * colour),
          weight(-table[3] * colour), weight(table[1] * colour)};
}

void planes_to_rgb_scalar(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int64_t width,
                          const ColourWeights& w, uint8_t* rgb) {
  for (int64_t x = 0; x < width; ++x) {
    const int u = 128 * (cb[x] - 128), v = 128 * (cr[x] - 128);
    const int luma = q(128 * (y[x] - w.black), w.luma);
    rgb[3 * x] = level(luma + q(v, w.v_to_r));
    rgb[3 * x + 1] = level(luma + q(u, w.u_to_g) + q(v, w.v_to_g));
    rgb[3 * x + 2] = level(luma + q(u, w.u_to_b));
  }
}

void planes_to_rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int64_t width,
                   const ColourWeights& weights, uint8_t* rgb) {
  const int64_t x = HWY_DYNAMIC_DISPATCH(PlanesToRgbHead)(y, cb, cr, width, weights, rgb);
  planes_to_rgb_scalar(y + x, cb + x, cr + x, width - x, weights, rgb + 3 * x);
}

}  // namespace dojo
#endif  // HWY_ONCE
