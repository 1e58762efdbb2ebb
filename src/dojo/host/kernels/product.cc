#include "dojo/host/kernels/product.h"

#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/product.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using V = hn::Vec<PanelTag>;
constexpr PanelTag kD;

// Rows and two vectors of columns that are summed in registers: with AVX-512, 24 of 32.
constexpr int kRows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;

template <int kR, int kVectors>
void Block(int64_t depth, const float* HWY_RESTRICT a, int64_t a_row, int64_t a_step,
           const float* HWY_RESTRICT b, float* HWY_RESTRICT to, int64_t to_stride, bool add) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(kD));
  V sum[kR][kVectors];
  for (int r = 0; r < kR; ++r)
    for (int v = 0; v < kVectors; ++v)
      sum[r][v] = add ? hn::LoadU(kD, to + r * to_stride + v * lanes) : hn::Zero(kD);
  for (int64_t k = 0; k < depth; ++k) {
    V column[kVectors];
    for (int v = 0; v < kVectors; ++v) column[v] = hn::LoadU(kD, b + v * lanes);
#pragma GCC unroll 12
    for (int r = 0; r < kR; ++r) {
      const V factor = hn::Set(kD, a[r * a_row]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(factor, column[v], sum[r][v]);
    }
    a += a_step;
    b += kVectors * lanes;
  }
  for (int r = 0; r < kR; ++r)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[r][v], kD, to + r * to_stride + v * lanes);
}

// All rows of one panel: kR at a time, then the rest at once.
template <int kR, int kVectors>
void Rows(int64_t rows, int64_t depth, const float* a, int64_t a_row, int64_t a_step,
          const float* b, float* to, int64_t to_stride, bool add) {
  int64_t r = 0;
  for (; r + kR <= rows; r += kR)
    Block<kR, kVectors>(depth, a + r * a_row, a_row, a_step, b, to + r * to_stride, to_stride, add);
  if constexpr (kR > 1)
    if (r < rows)
      Rows<kR - 1, kVectors>(rows - r, depth, a + r * a_row, a_row, a_step, b, to + r * to_stride,
                             to_stride, add);
}

void Product(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t a_row,
             int64_t a_step, const float* b, float* to, int64_t to_stride, bool add) {
  for (int64_t first = 0; first < columns; first += Panel()) {
    const float* panel = b + first * depth;
    if (columns - first >= Panel())
      Rows<kRows, 2>(rows, depth, a, a_row, a_step, panel, to + first, to_stride, add);
    else
      Rows<kRows, 1>(rows, depth, a, a_row, a_step, panel, to + first, to_stride, add);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(Product);

void panel_product(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t a_row,
                   int64_t a_step, const float* b, float* to, int64_t to_stride, bool add) {
  HWY_DYNAMIC_DISPATCH(Product)(rows, columns, depth, a, a_row, a_step, b, to, to_stride, add);
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
