// matrix_multiply() on vector units, for the default rules: a lane is an accumulator, and one fused
// multiply-add a product, so that each accumulator sees its products in turn. Codes are decoded,
// exactly, into blocks that stay in the caches; between blocks of k accumulators wait in c, in f32,
// as they are.
#include <algorithm>
#include <bit>
#include <cmath>
#include <new>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/simd.h"
#include "dojo/numerics/convert.h"
#include "dojo/numerics/matrix_unit.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/numerics/matrix_multiply.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dojo {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without fused multiply-add; the definition does all of the work

void MultiplyInTurn(int64_t m, int64_t n, int64_t k, const CodedMatrix& a, const CodedMatrix& b,
                    float* c, int64_t c_stride) {
  scalar::matrix_multiply({}, m, n, k, a, b, c, c_stride);
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
using VF = hn::Vec<DF>;

// A tile of accumulators that registers hold beside two vectors of b and a number of a.
constexpr int kTileRows = HWY_TARGET == HWY_AVX2 ? 6 : 12;
constexpr int64_t kBlockK = 256, kBlockN = 1024;

HWY_INLINE int64_t Lanes() { return static_cast<int64_t>(hn::Lanes(DF())); }
HWY_INLINE int64_t TileColumns() { return 2 * Lanes(); }

void DecodeRow(const CodedMatrix& x, int64_t row, int64_t first, int64_t n, float* to) {
  const std::span<float> values(to, static_cast<size_t>(n));
  const int64_t at = row * x.row_stride + first;
  if (x.format.bytes() == 1)
    decode(x.format, {static_cast<const uint8_t*>(x.codes) + at, values.size()}, values);
  else
    decode(x.format, {static_cast<const uint16_t*>(x.codes) + at, values.size()}, values);
}

// c[kTileRows, TileColumns()] += a[kTileRows, depth] * b[depth, TileColumns()]; rows of a lie
// kBlockK apart, those of b behind each other.
void MultiplyTile(int64_t depth, const float* HWY_RESTRICT a, const float* HWY_RESTRICT b,
                  float* HWY_RESTRICT c, int64_t c_stride) {
  const DF d;
  const int64_t lanes = Lanes();
  // Unrolled, so that the accumulators stay in registers.
  VF acc[kTileRows][2];
#pragma GCC unroll 12
  for (int r = 0; r < kTileRows; ++r) {
    acc[r][0] = hn::LoadU(d, c + r * c_stride);
    acc[r][1] = hn::LoadU(d, c + r * c_stride + lanes);
  }
  for (int64_t i = 0; i < depth; ++i, b += 2 * lanes) {
    const VF b0 = hn::Load(d, b), b1 = hn::Load(d, b + lanes);
#pragma GCC unroll 12
    for (int r = 0; r < kTileRows; ++r) {
      const VF x = hn::Set(d, a[r * kBlockK + i]);
      acc[r][0] = hn::MulAdd(x, b0, acc[r][0]);
      acc[r][1] = hn::MulAdd(x, b1, acc[r][1]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kTileRows; ++r) {
    hn::StoreU(acc[r][0], d, c + r * c_stride);
    hn::StoreU(acc[r][1], d, c + r * c_stride + lanes);
  }
}

// One at the edge of c, of `rows` and `columns`: by way of a tile of its own.
void MultiplyEdge(int64_t rows, int64_t columns, int64_t depth, const float* a, const float* b,
                  float* c, int64_t c_stride) {
  alignas(64) float tile[kTileRows * 2 * hn::MaxLanes(DF())] = {};
  for (int64_t r = 0; r < rows; ++r)
    std::copy_n(c + r * c_stride, columns, tile + r * TileColumns());
  MultiplyTile(depth, a, b, tile, TileColumns());
  for (int64_t r = 0; r < rows; ++r)
    std::copy_n(tile + r * TileColumns(), columns, c + r * c_stride);
}

// Rows [k0, k0 + depth) and columns [n0, n0 + width) of b, as panels of TileColumns() columns. What
// is beyond the width is 0.
void DecodePanels(const CodedMatrix& b, int64_t k0, int64_t depth, int64_t n0, int64_t width,
                  float* row, float* panels) {
  for (int64_t i = 0; i < depth; ++i) {
    DecodeRow(b, k0 + i, n0, width, row);
    for (int64_t j = 0; j < width; j += TileColumns())
      std::copy_n(row + j, TileColumns(), panels + j * depth + i * TileColumns());
  }
}

void MultiplyInTurn(int64_t m, int64_t n, int64_t k, const CodedMatrix& a, const CodedMatrix& b,
                    float* c, int64_t c_stride) {
  if (m == 0 || n == 0 || k == 0) return;
  // Rows that are not there, and columns at the end of `row`, are 0 or what was there before: their
  // accumulators go nowhere.
  const int64_t padded_n = hwy::RoundUpTo(std::min(n, kBlockN), TileColumns());
  const int64_t padded_k = std::min(k, kBlockK);
  std::vector<float> row(static_cast<size_t>(padded_n));
  const auto panels = hwy::AllocateAligned<float>(static_cast<size_t>(padded_k * padded_n));
  const auto rows_of_a = hwy::AllocateAligned<float>(kTileRows * kBlockK);
  if (!panels || !rows_of_a) throw std::bad_alloc();
  std::fill_n(rows_of_a.get(), kTileRows * kBlockK, 0.0f);
  for (int64_t n0 = 0; n0 < n; n0 += kBlockN) {
    const int64_t width = std::min(kBlockN, n - n0);
    for (int64_t k0 = 0; k0 < k; k0 += kBlockK) {
      const int64_t depth = std::min(kBlockK, k - k0);
      DecodePanels(b, k0, depth, n0, width, row.data(), panels.get());
      for (int64_t m0 = 0; m0 < m; m0 += kTileRows) {
        const int64_t rows = std::min<int64_t>(kTileRows, m - m0);
        for (int64_t r = 0; r < rows; ++r)
          DecodeRow(a, m0 + r, k0, depth, rows_of_a.get() + r * kBlockK);
        for (int64_t j = 0; j < width; j += TileColumns()) {
          float* to = c + m0 * c_stride + n0 + j;
          const float* panel = panels.get() + j * depth;
          if (rows == kTileRows && j + TileColumns() <= width)
            MultiplyTile(depth, rows_of_a.get(), panel, to, c_stride);
          else
            MultiplyEdge(rows, std::min(TileColumns(), width - j), depth, rows_of_a.get(), panel,
                         to, c_stride);
        }
      }
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace dojo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo {
namespace {

HWY_EXPORT(MultiplyInTurn);

}  // namespace

void matrix_multiply(const MatrixUnitRules& rules, int64_t m, int64_t n, int64_t k,
                     const CodedMatrix& a, const CodedMatrix& b, float* c, int64_t c_stride) {
  DOJO_CHECK(a.format.bits() <= 16 && b.format.bits() <= 16);
  if (rules != MatrixUnitRules{}) return scalar::matrix_multiply(rules, m, n, k, a, b, c, c_stride);
  HWY_DYNAMIC_DISPATCH(MultiplyInTurn)(m, n, k, a, b, c, c_stride);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      if (float& x = c[i * c_stride + j]; std::isnan(x)) x = std::bit_cast<float>(0x7fc00000u);
}

}  // namespace dojo
#endif  // HWY_ONCE
