// The matrix product inside of other kernels (Winograd's convolutions, attention, gemm.h): one
// thread's work, on operands that are in its caches.
//
// "Panels" are columns of a matrix in groups of two vectors, the last of which may be narrower: the
// rows of a panel lie one after the other, and the panel with column i begins at i * rows. How long
// a vector is depends on the processor: product-inl.h. Numbers of columns are multiples of 16.
#pragma once

#include <cstdint>

namespace dojo::kernels {

// to[i * to_stride + j] (+)= sum over k of a[i * a_row + k * a_step] * b, with b [depth, columns]
// in panels.
void panel_product(int64_t rows, int64_t columns, int64_t depth, const float* a, int64_t a_row,
                   int64_t a_step, const float* b, float* to, int64_t to_stride, bool add);

// How many rows it sums in registers at once, at most 16.
int64_t panel_rows();

}  // namespace dojo::kernels
