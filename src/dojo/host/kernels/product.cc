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

// Rows and two vectors of columns that are summed in registers: with AVX-512, 28 of 32.
constexpr int kRows = HWY_TARGET <= HWY_AVX3 ? 14 : 6;

// `a` is read through one address for each three rows: more than that, and addresses would not stay
// in registers.
template <int kR, int kVectors>
void Block(int64_t depth, const float* HWY_RESTRICT a, int64_t a_row, int64_t a_step,
           const float* HWY_RESTRICT b, float* HWY_RESTRICT to, int64_t to_stride, bool add) {
  constexpr int kBases = (kR + 2) / 3;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(kD));
  V sum[kR][kVectors];
#pragma GCC unroll 14
  for (int r = 0; r < kR; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v)
      sum[r][v] = add ? hn::LoadU(kD, to + r * to_stride + v * lanes) : hn::Zero(kD);
  const float* base[kBases];
#pragma GCC unroll 5
  for (int i = 0; i < kBases; ++i) base[i] = a + 3 * i * a_row;
  for (const float* const end = b + depth * kVectors * lanes; b != end; b += kVectors * lanes) {
    V column[kVectors];
    for (int v = 0; v < kVectors; ++v) column[v] = hn::LoadU(kD, b + v * lanes);
#pragma GCC unroll 14
    for (int r = 0; r < kR; ++r) {
      const V factor = hn::Set(kD, base[r / 3][r % 3 * a_row]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(factor, column[v], sum[r][v]);
    }
#pragma GCC unroll 5
    for (int i = 0; i < kBases; ++i) base[i] += a_step;
  }
#pragma GCC unroll 14
  for (int r = 0; r < kR; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[r][v], kD, to + r * to_stride + v * lanes);
}

// All rows of one panel, in blocks of kR rows or one less.
template <int kR, int kVectors>
void Rows(int64_t rows, int64_t block, int64_t depth, const float* a, int64_t a_row, int64_t a_step,
          const float* b, float* to, int64_t to_stride, bool add) {
  if constexpr (kR > 1)
    if (block < kR)
      return Rows<kR - 1, kVectors>(rows, block, depth, a, a_row, a_step, b, to, to_stride, add);
  const int64_t blocks = (rows + kR - 1) / kR, short_ones = blocks * kR - rows;
  for (int64_t i = 0, r = 0; i < blocks; ++i) {
    const float* from = a + r * a_row;
    float* result = to + r * to_stride;
    if constexpr (kR > 1)
      if (i < short_ones) {
        Block<kR - 1, kVectors>(depth, from, a_row, a_step, b, result, to_stride, add);
        r += kR - 1;
        continue;
      }
    Block<kR, kVectors>(depth, from, a_row, a_step, b, result, to_stride, add);
    r += kR;
  }
}

void Product(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t a_row,
             int64_t a_step, const float* b, float* to, int64_t to_stride, bool add) {
  if (rows == 0) return;
  const int64_t blocks = (rows + kRows - 1) / kRows, block = (rows + blocks - 1) / blocks;
  for (int64_t first = 0; first < columns; first += Panel()) {
    const float* panel = b + first * depth;
    const auto all = columns - first >= Panel() ? Rows<kRows, 2> : Rows<kRows, 1>;
    all(rows, block, depth, a, a_row, a_step, panel, to + first, to_stride, add);
  }
}

int64_t PanelRows() { return kRows; }

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(Product);
HWY_EXPORT(PanelRows);

int64_t panel_rows() { return HWY_DYNAMIC_DISPATCH(PanelRows)(); }

void panel_product(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t a_row,
                   int64_t a_step, const float* b, float* to, int64_t to_stride, bool add) {
  HWY_DYNAMIC_DISPATCH(Product)(rows, columns, depth, a, a_row, a_step, b, to, to_stride, add);
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
