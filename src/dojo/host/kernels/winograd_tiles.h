// The vector parts of winograd.cc. A frequency is one of 6x6. "Panels" are those of product.h.
// Numbers of channels are multiples of 16.
#pragma once

#include <cstdint>

namespace dojo::kernels {

// A tile of an image: `x` points at its first pixel, which may lie outside of the image. Rows
// [row_begin, row_end) and columns [column_begin, column_end) of it are inside; the rest is zero.
struct ImageTile {
  const float* x;
  int64_t row_stride, pixel_stride;  // floats
  int64_t row_begin, row_end, column_begin, column_end;
};

// B' x B of a 6x6 tile, G4 dy G4' of a 4x4 one: frequency f of channel i goes to to[f * step + i].
void winograd_input_tile(const ImageTile& tile, int64_t channels, float* to, int64_t step);
// The same to row `row` of panels of `rows` rows.
void winograd_gradient_tile(const ImageTile& tile, int64_t channels, int64_t row, int64_t rows,
                            float* to, int64_t step);

// sum[i] += the pixels of a 4x4 tile.
void winograd_add_tile(const ImageTile& tile, int64_t channels, float* sum);

// A' y A of the tile whose frequencies are at from[f * step + i], its first rows and columns to y.
void winograd_output_tile(const float* from, int64_t step, int64_t channels, const float* bias,
                          float* y, int64_t row_stride, int64_t pixel_stride, int64_t rows,
                          int64_t columns);

// G w G' for one channel `c` of x and all m of y, weights [3,3,c,m]: to row c of panels of m; or,
// by input, of the kernel turned round, to column c of panels of c, in all rows m.
void winograd_weights(const float* weights, int64_t c, int64_t channels, int64_t m, bool by_input,
                      float* to, int64_t step);

// A3' w A3: frequencies from[f * step + i] of channel i to weights to[k * to_step + i].
void winograd_weight_grad_row(const float* from, int64_t step, int64_t channels, float* to,
                              int64_t to_step);

}  // namespace dojo::kernels
