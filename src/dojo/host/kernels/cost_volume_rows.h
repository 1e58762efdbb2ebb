// The inner loops of cost_volume.cc over one row of pixels, with the vectors that the processor
// has. Sums run in the order of the plain loops in the comments, so every target gives their bits.
#pragma once

#include <cstdint>

namespace dojo::kernels {

// for x: y[x] = sum over c of |a[c * a_plane + x] - b[c * b_plane + x]|
void distance_row(const float* a, int64_t a_plane, const float* b, int64_t b_plane, int64_t c,
                  int64_t w, float* y);

// One channel: `b` and `db` begin at the row's smallest shift.
// for shift (i, j) in [0, side)^2, row by row, with g the gradient of that shift, [side^2, w]:
//   for x: d = a[x] - b[i * pitch + j + x], s = g[x] * sign(d); da[x] += s, db[...] -= s
void distance_row_backward(const float* a, const float* b, const float* gradients, int64_t side,
                           int64_t pitch, int64_t w, float* da, float* db);

}  // namespace dojo::kernels
