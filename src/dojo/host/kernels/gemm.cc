#include "dojo/host/kernels/gemm.h"

#include <algorithm>
#include <vector>

#include "dojo/base/parallel_for.h"
#include "dojo/base/simd.h"
#include "dojo/host/kernels/product.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/gemm.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/product-inl.h"
#include "dojo/host/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

constexpr PanelTag kD;
// Rows of a matrix that are copied together: a whole number of cache lines for each panel.
constexpr int64_t kTogether = 8;

// b [depth, columns], a row each `stride`, as panels.
void PanelsOfRows(const float* b, int64_t stride, int64_t depth, int64_t columns, float* to) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(kD));
  for (int64_t k = 0; k < depth; k += kTogether)
    for (int64_t i = 0; i < columns; i += lanes)
      for (int64_t row = k; row < std::min(k + kTogether, depth); ++row)
        hn::StoreU(hn::LoadU(kD, b + row * stride + i), kD, PanelPlace(to, columns, depth, row, i));
}

// The same of b [columns, depth].
void PanelsOfColumns(const float* b, int64_t stride, int64_t depth, int64_t columns, float* to) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(kD));
  for (int64_t i = 0; i < columns; i += lanes) {
    float* place = PanelPlace(to, columns, depth, 0, i);
    const int64_t width = PanelWidth(columns, i);
    const float* from = b + i * stride;
    int64_t k = 0;
    for (; k + 4 <= depth; k += 4) {
      hn::Vec<PanelTag> column[4];
      FourColumns(kD, from + k, stride, column);
      for (int64_t c = 0; c < 4; ++c) hn::StoreU(column[c], kD, place + (k + c) * width);
    }
    for (; k < depth; ++k)
      for (int64_t lane = 0; lane < lanes; ++lane)
        place[k * width + lane] = from[lane * stride + k];
  }
}

// Sixteen columns from each of `first` on of a [depth, ..], one group behind the other.
void Sixteens(const float* a, int64_t stride, int64_t depth, const int64_t* first, int64_t groups,
              float* to) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(kD));
  for (int64_t k = 0; k < depth; k += kTogether)
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t row = k; row < std::min(k + kTogether, depth); ++row)
        for (int64_t i = 0; i < 16; i += lanes)
          hn::StoreU(hn::LoadU(kD, a + row * stride + first[g] + i), kD,
                     to + (g * depth + row) * 16 + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(PanelsOfRows);
HWY_EXPORT(PanelsOfColumns);
HWY_EXPORT(Sixteens);

namespace {

// Of the sum and of the columns that are taken at once: the panels stay in the second-level cache.
constexpr int64_t kDepth = 400, kColumns = 384;
int64_t parts_of(int64_t n, int64_t most) { return (n + most - 1) / most; }

// Where part `i` of `parts` nearly equal ones begins.
int64_t begin_of(int64_t n, int64_t i, int64_t parts) { return i * n / parts; }

// What one thread computes: rows [m0, m1), columns [n0, n1), multiples of 16.
struct Piece {
  int64_t m0, m1, n0, n1;
};

int64_t longest_depth(const Gemm& g) { return parts_of(g.k, parts_of(g.k, kDepth)); }

int64_t left_floats(const Gemm& g) {
  return g.transpose_a ? (parts_of(g.m, panel_rows()) + 1) * 16 * longest_depth(g) : 0;
}

int64_t right_floats(const Gemm& g) { return std::min(kColumns, g.n) * longest_depth(g); }

void compute(const Gemm& g, const Piece& p, const float* a, const float* b, const float* bias,
             float* y, float* left, float* right) {
  // A block of rows goes through all panels while it is in the first-level cache.
  const int64_t rows = p.m1 - p.m0, blocks = parts_of(rows, panel_rows());
  const int64_t depths = parts_of(g.k, kDepth);
  const auto row_of = [&](int64_t block) { return p.m0 + begin_of(rows, block, blocks); };
  std::vector<int64_t> sixteens;  // the last ones begin earlier than their block
  for (int64_t i = 0; i < blocks; ++i) sixteens.push_back(std::min(row_of(i), g.m - 16));
  for (int64_t part = 0; part < depths; ++part) {
    const int64_t k = begin_of(g.k, part, depths), depth = begin_of(g.k, part + 1, depths) - k;
    if (g.transpose_a)
      HWY_DYNAMIC_DISPATCH(Sixteens)(a + k * g.m, g.m, depth, sixteens.data(), blocks, left);
    for (int64_t n = p.n0; n < p.n1; n += kColumns) {
      const int64_t columns = std::min(kColumns, p.n1 - n);
      if (g.transpose_b)
        HWY_DYNAMIC_DISPATCH(PanelsOfColumns)(b + n * g.k + k, g.k, depth, columns, right);
      else
        HWY_DYNAMIC_DISPATCH(PanelsOfRows)(b + k * g.n + n, g.n, depth, columns, right);
      for (int64_t i = 0; i < blocks; ++i) {
        const int64_t first = row_of(i), count = row_of(i + 1) - first;
        float* to = y + first * g.n + n;
        if (bias && part == 0)
          for (int64_t r = 0; r < count; ++r) std::copy(bias + n, bias + n + columns, to + r * g.n);
        const bool add = bias || part > 0;
        if (g.transpose_a)
          panel_product(count, columns, depth,
                        left + i * 16 * depth + (first - sixteens[static_cast<size_t>(i)]), 1, 16,
                        right, to, g.n, add);
        else
          panel_product(count, columns, depth, a + first * g.k + k, g.k, 1, right, to, g.n, add);
      }
    }
  }
}

}  // namespace

bool gemm_knows(const Gemm& g) {
  return g.n % 16 == 0 && g.k > 0 && g.n > 0 && (!g.transpose_a || g.m >= 16);
}

int64_t gemm_scratch_floats(const Gemm& g) {
  return num_threads() * (left_floats(g) + right_floats(g));
}

void gemm(const Gemm& g, const float* a, const float* b, const float* bias, float* y,
          float* scratch) {
  const int64_t parts = num_threads();
  // Threads share the rows or the columns: each brings its part of the one factor in order, and all
  // of the other.
  const bool by_rows = g.transpose_a ? g.m >= g.n : g.n < 16 * parts;
  const int64_t sixteens = g.n / 16;
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      Piece piece{0, g.m, 0, g.n};
      if (by_rows)
        piece.m0 = begin_of(g.m, part, parts), piece.m1 = begin_of(g.m, part + 1, parts);
      else
        piece.n0 = 16 * begin_of(sixteens, part, parts),
        piece.n1 = 16 * begin_of(sixteens, part + 1, parts);
      float* left = scratch + part * (left_floats(g) + right_floats(g));
      compute(g, piece, a, b, bias, y, left, left + left_floats(g));
    }
  });
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
