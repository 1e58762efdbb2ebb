#include "dojo/host/kernels/cost_volume_rows.h"

#include <cmath>

#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/cost_volume_rows.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void DistanceRow(const float* HWY_RESTRICT a, int64_t a_plane, const float* HWY_RESTRICT b,
                 int64_t b_plane, int64_t c, int64_t w, float* HWY_RESTRICT y) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t x = 0;
  for (; x + lanes <= w; x += lanes) {
    auto sum = hn::Zero(d);
    for (int64_t i = 0; i < c; ++i)
      sum = hn::Add(
          sum, hn::AbsDiff(hn::LoadU(d, a + i * a_plane + x), hn::LoadU(d, b + i * b_plane + x)));
    hn::StoreU(sum, d, y + x);
  }
  for (; x < w; ++x) {
    float sum = 0;
    for (int64_t i = 0; i < c; ++i) sum += std::abs(a[i * a_plane + x] - b[i * b_plane + x]);
    y[x] = sum;
  }
}

void DistanceRowBackward(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b,
                         const float* HWY_RESTRICT gradients, int64_t side, int64_t pitch,
                         int64_t w, float* HWY_RESTRICT da, float* HWY_RESTRICT db) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto zero = hn::Zero(d);
  for (int64_t shift = 0; shift < side * side; ++shift) {
    const int64_t at = shift / side * pitch + shift % side;
    const float *from = b + at, *gradient = gradients + shift * w;
    float* to = db + at;
    int64_t x = 0;
    for (; x + lanes <= w; x += lanes) {
      const auto difference = hn::Sub(hn::LoadU(d, a + x), hn::LoadU(d, from + x));
      const auto g = hn::LoadU(d, gradient + x);
      const auto s = hn::IfThenElse(hn::Gt(difference, zero), g,
                                    hn::IfThenElseZero(hn::Lt(difference, zero), hn::Neg(g)));
      hn::StoreU(hn::Add(hn::LoadU(d, da + x), s), d, da + x);
      hn::StoreU(hn::Sub(hn::LoadU(d, to + x), s), d, to + x);
    }
    for (; x < w; ++x) {
      const float difference = a[x] - from[x];
      const float s = difference > 0 ? gradient[x] : difference < 0 ? -gradient[x] : 0.0f;
      da[x] += s;
      to[x] -= s;
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(DistanceRow);
HWY_EXPORT(DistanceRowBackward);

void distance_row(const float* a, int64_t a_plane, const float* b, int64_t b_plane, int64_t c,
                  int64_t w, float* y) {
  HWY_DYNAMIC_DISPATCH(DistanceRow)(a, a_plane, b, b_plane, c, w, y);
}

void distance_row_backward(const float* a, const float* b, const float* gradients, int64_t side,
                           int64_t pitch, int64_t w, float* da, float* db) {
  HWY_DYNAMIC_DISPATCH(DistanceRowBackward)(a, b, gradients, side, pitch, w, da, db);
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
