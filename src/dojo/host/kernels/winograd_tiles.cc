#include "dojo/host/kernels/winograd_tiles.h"

#include <algorithm>

#include "dojo/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/host/kernels/winograd_tiles.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/host/kernels/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

using V = hn::Vec<PanelTag>;
constexpr PanelTag kD;

int64_t Lanes() { return static_cast<int64_t>(hn::Lanes(kD)); }

V Times(float factor, V x) { return hn::Mul(hn::Set(kD, factor), x); }
V TimesAdd(float factor, V x, V y) { return hn::MulAdd(hn::Set(kD, factor), x, y); }

// One dimension of each transform, for the points 0, 1, -1, 2, -2 and infinity.

// B': 6 values to 6.
HWY_INLINE void InputPoints(const V* x, V* y) {
  y[0] = TimesAdd(4, x[0], TimesAdd(-5, x[2], x[4]));
  y[5] = TimesAdd(4, x[1], TimesAdd(-5, x[3], x[5]));
  const V even = TimesAdd(-4, x[2], x[4]), odd = TimesAdd(-4, x[1], x[3]);
  y[1] = hn::Add(even, odd);
  y[2] = hn::Sub(even, odd);
  const V even2 = hn::Sub(x[4], x[2]), odd2 = Times(2, hn::Sub(x[3], x[1]));
  y[3] = hn::Add(even2, odd2);
  y[4] = hn::Sub(even2, odd2);
}

// G: 3 values to 6; G4: 4 values to 6.
HWY_INLINE void FilterPoints(const V* x, V* y) {
  y[0] = Times(1.0f / 4, x[0]);
  const V even = Times(-1.0f / 6, hn::Add(x[0], x[2])), odd = Times(1.0f / 6, x[1]);
  y[1] = hn::Sub(even, odd);
  y[2] = hn::Add(even, odd);
  const V even2 = TimesAdd(1.0f / 24, x[0], Times(1.0f / 6, x[2])), odd2 = Times(1.0f / 12, x[1]);
  y[3] = hn::Add(even2, odd2);
  y[4] = hn::Sub(even2, odd2);
  y[5] = x[2];
}
HWY_INLINE void GradientPoints(const V* x, V* y) {
  y[0] = Times(1.0f / 4, x[0]);
  const V even = Times(-1.0f / 6, hn::Add(x[0], x[2])), odd = Times(1.0f / 6, hn::Add(x[1], x[3]));
  y[1] = hn::Sub(even, odd);
  y[2] = hn::Add(even, odd);
  const V even2 = TimesAdd(1.0f / 24, x[0], Times(1.0f / 6, x[2]));
  const V odd2 = TimesAdd(1.0f / 12, x[1], Times(1.0f / 3, x[3]));
  y[3] = hn::Add(even2, odd2);
  y[4] = hn::Sub(even2, odd2);
  y[5] = x[3];
}

// A': 6 values to 4; A3': 6 values to 3.
HWY_INLINE void OutputPoints(const V* x, V* y) {
  const V sum = hn::Add(x[1], x[2]), difference = hn::Sub(x[1], x[2]);
  const V sum2 = hn::Add(x[3], x[4]), difference2 = hn::Sub(x[3], x[4]);
  y[0] = hn::Add(x[0], hn::Add(sum, sum2));
  y[1] = TimesAdd(2, difference2, difference);
  y[2] = TimesAdd(4, sum2, sum);
  y[3] = hn::Add(TimesAdd(8, difference2, difference), x[5]);
}
HWY_INLINE void WeightPoints(const V* x, V* y) {
  const V sum = hn::Add(x[1], x[2]), sum2 = hn::Add(x[3], x[4]);
  y[0] = hn::Add(x[0], hn::Add(sum, sum2));
  y[1] = TimesAdd(2, hn::Sub(x[3], x[4]), hn::Sub(x[1], x[2]));
  y[2] = hn::Add(TimesAdd(4, sum2, sum), x[5]);
}

// Both dimensions: `points` takes kIn values to kOut.
template <int kIn, int kOut, class Points, class Load, class Store>
HWY_INLINE void Transform(Points points, Load load, Store store) {
  V half[kOut][kIn];  // columns are done
  for (int column = 0; column < kIn; ++column) {
    V x[kIn], y[kOut];
    for (int row = 0; row < kIn; ++row) x[row] = load(row, column);
    points(x, y);
    for (int row = 0; row < kOut; ++row) half[row][column] = y[row];
  }
  for (int row = 0; row < kOut; ++row) {
    V y[kOut];
    points(half[row], y);
    for (int column = 0; column < kOut; ++column) store(row, column, y[column]);
  }
}

HWY_INLINE V LoadPixel(const ImageTile& t, int64_t row, int64_t column, int64_t channel) {
  const bool inside =
      row >= t.row_begin && row < t.row_end && column >= t.column_begin && column < t.column_end;
  return inside ? hn::LoadU(kD, t.x + row * t.row_stride + column * t.pixel_stride + channel)
                : hn::Zero(kD);
}

void InputTile(const ImageTile& tile, int64_t channels, float* to, int64_t step) {
  for (int64_t i = 0; i < channels; i += Lanes())
    Transform<6, 6>(
        InputPoints, [&](int row, int column) { return LoadPixel(tile, row, column, i); },
        [&](int row, int column, V v) { hn::StoreU(v, kD, to + (row * 6 + column) * step + i); });
}

void GradientTile(const ImageTile& tile, int64_t channels, int64_t row, int64_t rows, float* to,
                  int64_t step) {
  for (int64_t i = 0; i < channels; i += Lanes()) {
    float* place = PanelPlace(to, channels, rows, row, i);
    Transform<4, 6>(
        GradientPoints, [&](int y, int x) { return LoadPixel(tile, y, x, i); },
        [&](int y, int x, V v) { hn::StoreU(v, kD, place + (y * 6 + x) * step); });
  }
}

void AddTile(const ImageTile& tile, int64_t channels, float* sum) {
  for (int64_t i = 0; i < channels; i += Lanes()) {
    V total = hn::LoadU(kD, sum + i);
    for (int64_t y = 0; y < std::min<int64_t>(4, tile.row_end); ++y)
      for (int64_t x = 0; x < std::min<int64_t>(4, tile.column_end); ++x)
        total = hn::Add(total, LoadPixel(tile, y, x, i));
    hn::StoreU(total, kD, sum + i);
  }
}

void OutputTile(const float* from, int64_t step, int64_t channels, const float* bias, float* y,
                int64_t row_stride, int64_t pixel_stride, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < channels; i += Lanes()) {
    const V offset = bias ? hn::LoadU(kD, bias + i) : hn::Zero(kD);
    Transform<6, 4>(
        OutputPoints,
        [&](int row, int column) { return hn::LoadU(kD, from + (row * 6 + column) * step + i); },
        [&](int row, int column, V v) {
          if (row < rows && column < columns)
            hn::StoreU(hn::Add(v, offset), kD, y + row * row_stride + column * pixel_stride + i);
        });
  }
}

void Weights(const float* weights, int64_t c, int64_t channels, int64_t m, bool by_input, float* to,
             int64_t step) {
  const int64_t plane = channels * m;
  for (int64_t i = 0; i < m; i += Lanes()) {
    const float* from = weights + c * m + i;
    Transform<3, 6>(
        FilterPoints,
        [&](int row, int column) {
          const int k = row * 3 + column;
          return hn::LoadU(kD, from + (by_input ? 8 - k : k) * plane);
        },
        [&](int row, int column, V v) {
          float* frequency = to + (row * 6 + column) * step;
          if (!by_input) {
            hn::StoreU(v, kD, PanelPlace(frequency, m, channels, c, i));
            return;
          }
          HWY_ALIGN float lanes[16];
          hn::Store(v, kD, lanes);
          float* place = PanelPlace(frequency, channels, m, i, c);
          const int64_t width = PanelWidth(channels, c);
          for (int64_t k = 0; k < Lanes(); ++k) place[k * width] = lanes[k];
        });
  }
}

void WeightGradRow(const float* from, int64_t step, int64_t channels, float* to, int64_t to_step) {
  for (int64_t i = 0; i < channels; i += Lanes())
    Transform<6, 3>(
        WeightPoints,
        [&](int row, int column) { return hn::LoadU(kD, from + (row * 6 + column) * step + i); },
        [&](int row, int column, V v) {
          hn::StoreU(v, kD, to + (row * 3 + column) * to_step + i);
        });
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo::kernels {
HWY_EXPORT(InputTile);
HWY_EXPORT(GradientTile);
HWY_EXPORT(AddTile);
HWY_EXPORT(OutputTile);
HWY_EXPORT(Weights);
HWY_EXPORT(WeightGradRow);

void winograd_input_tile(const ImageTile& tile, int64_t channels, float* to, int64_t step) {
  HWY_DYNAMIC_DISPATCH(InputTile)(tile, channels, to, step);
}

void winograd_gradient_tile(const ImageTile& tile, int64_t channels, int64_t row, int64_t rows,
                            float* to, int64_t step) {
  HWY_DYNAMIC_DISPATCH(GradientTile)(tile, channels, row, rows, to, step);
}

void winograd_add_tile(const ImageTile& tile, int64_t channels, float* sum) {
  HWY_DYNAMIC_DISPATCH(AddTile)(tile, channels, sum);
}

void winograd_output_tile(const float* from, int64_t step, int64_t channels, const float* bias,
                          float* y, int64_t row_stride, int64_t pixel_stride, int64_t rows,
                          int64_t columns) {
  HWY_DYNAMIC_DISPATCH(OutputTile)
  (from, step, channels, bias, y, row_stride, pixel_stride, rows, columns);
}

void winograd_weights(const float* weights, int64_t c, int64_t channels, int64_t m, bool by_input,
                      float* to, int64_t step) {
  HWY_DYNAMIC_DISPATCH(Weights)(weights, c, channels, m, by_input, to, step);
}

void winograd_weight_grad_row(const float* from, int64_t step, int64_t channels, float* to,
                              int64_t to_step) {
  HWY_DYNAMIC_DISPATCH(WeightGradRow)(from, step, channels, to, to_step);
}

}  // namespace dojo::kernels
#endif  // HWY_ONCE
