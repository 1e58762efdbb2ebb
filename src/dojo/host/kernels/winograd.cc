// Tiles are worked on in blocks, each by one thread from the pixels to the results, so that what
// lies between stays in its caches. The transformed kernel is shared by all.
#include "dojo/host/kernels/winograd.h"

#include <algorithm>

#include "dojo/base/parallel_for.h"
#include "dojo/host/kernels/product.h"
#include "dojo/host/kernels/winograd_tiles.h"

namespace dojo::kernels {
namespace {

constexpr int64_t kFrequencies = 36, kTile = 4;
// Between the matrices of two frequencies, so that they do not fall on the same sets of a cache.
constexpr int64_t kGap = 16;
// Floats of a block: about the half of a second-level cache. But no fewer tiles than a transformed
// kernel, which each block reads, is worth.
constexpr int64_t kBlockFloats = 300'000, kFewestTiles = 48;

int64_t tiles_along(int64_t pixels) { return (pixels + kTile - 1) / kTile; }

// The tiles of the results of a convolution of images `in` to images `out`, by blocks.
struct Tiles {
  int64_t n, in_h, in_w, in_c, out_h, out_w, out_c, top, left;
  int64_t rows = tiles_along(out_h), columns = tiles_along(out_w), count = n * rows * columns;
  int64_t in_block = std::clamp(kBlockFloats / (kFrequencies * (in_c + out_c)) / 12 * 12,
                                kFewestTiles, std::max(kFewestTiles, count));
  int64_t blocks = (count + in_block - 1) / in_block;

  // Floats between the frequencies of a block's tiles.
  int64_t step(int64_t channels) const { return in_block * channels + kGap; }

  struct Place {
    int64_t image, y, x;  // of the tile's first result
  };
  Place place(int64_t tile) const {
    return {tile / (rows * columns), tile / columns % rows * kTile, tile % columns * kTile};
  }
  ImageTile input(const float* x, int64_t tile) const {
    const Place p = place(tile);
    const int64_t row = p.y - top, column = p.x - left;
    return {.x = x + ((p.image * in_h + row) * in_w + column) * in_c,
            .row_stride = in_w * in_c,
            .pixel_stride = in_c,
            .row_begin = -row,
            .row_end = in_h - row,
            .column_begin = -column,
            .column_end = in_w - column};
  }
  ImageTile output(const float* y, int64_t tile) const {
    const Place p = place(tile);
    return {.x = y + ((p.image * out_h + p.y) * out_w + p.x) * out_c,
            .row_stride = out_w * out_c,
            .pixel_stride = out_c,
            .row_begin = 0,
            .row_end = out_h - p.y,
            .column_begin = 0,
            .column_end = out_w - p.x};
  }
};

Tiles forward_tiles(const WinogradConv& v) {
  return {v.n, v.h, v.w, v.c, v.out_h, v.out_w, v.m, v.top, v.left};
}
Tiles input_grad_tiles(const WinogradConv& v) {
  return {v.n, v.out_h, v.out_w, v.m, v.h, v.w, v.c, 2 - v.top, 2 - v.left};
}

int64_t kernel_step(const WinogradConv& v) { return v.c * v.m + kGap; }

// Floats of one thread.
int64_t block_floats(const Tiles& t) { return kFrequencies * (t.step(t.in_c) + t.step(t.out_c)); }

// Calls body(part, begin, end) for each of num_threads() parts of `n` pieces of work.
template <class Body>
void for_parts(int64_t n, Body body) {
  const int64_t parts = num_threads();
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) body(p, p * n / parts, (p + 1) * n / parts);
  });
}

// The images `x` with the transformed kernel `u`.
void convolve(const Tiles& t, const float* x, const float* u, int64_t u_step, const float* bias,
              float* y, float* scratch) {
  const int64_t in_step = t.step(t.in_c), out_step = t.step(t.out_c);
  for_parts(t.blocks, [&](int64_t part, int64_t begin, int64_t end) {
    float* in = scratch + part * block_floats(t);
    float* out = in + kFrequencies * in_step;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * t.in_block, tiles = std::min(t.in_block, t.count - first);
      for (int64_t i = 0; i < tiles; ++i)
        winograd_input_tile(t.input(x, first + i), t.in_c, in + i * t.in_c, in_step);
      for (int64_t f = 0; f < kFrequencies; ++f)
        panel_product(tiles, t.out_c, t.in_c, in + f * in_step, t.in_c, 1, u + f * u_step,
                      out + f * out_step, t.out_c, false);
      for (int64_t i = 0; i < tiles; ++i) {
        const ImageTile to = t.output(y, first + i);
        winograd_output_tile(out + i * t.out_c, out_step, t.out_c, bias, const_cast<float*>(to.x),
                             to.row_stride, to.pixel_stride, to.row_end, to.column_end);
      }
    }
  });
}

void transform_kernel(const WinogradConv& v, const float* weights, bool by_input, float* u) {
  parallel_for(v.c, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c)
      winograd_weights(weights, c, v.c, v.m, by_input, u, kernel_step(v));
  });
}

}  // namespace

bool winograd_knows(const WinogradConv& v) {
  return v.c % 16 == 0 && v.m % 16 == 0 && v.top >= 0 && v.top <= 2 && v.left >= 0 && v.left <= 2;
}

int64_t winograd_scratch_floats(const WinogradConv& v, bool weight_grad) {
  const int64_t kernel = kFrequencies * kernel_step(v), threads = num_threads();
  const int64_t block = std::max(block_floats(forward_tiles(v)), block_floats(input_grad_tiles(v)));
  return weight_grad ? threads * (kernel + block + v.m) : kernel + threads * block;
}

void winograd_forward(const WinogradConv& v, const float* x, const float* weights,
                      const float* bias, float* y, float* scratch) {
  transform_kernel(v, weights, false, scratch);
  convolve(forward_tiles(v), x, scratch, kernel_step(v), bias, y,
           scratch + kFrequencies * kernel_step(v));
}

void winograd_input_grad(const WinogradConv& v, const float* dy, const float* weights, float* dx,
                         float* scratch) {
  transform_kernel(v, weights, true, scratch);
  convolve(input_grad_tiles(v), dy, scratch, kernel_step(v), nullptr, dx,
           scratch + kFrequencies * kernel_step(v));
}

void winograd_weight_grad(const WinogradConv& v, const float* x, const float* dy, float* dweights,
                          float* dbias, float* scratch) {
  const Tiles t = forward_tiles(v);
  const int64_t in_step = t.step(t.in_c), out_step = t.step(t.out_c);
  const int64_t sum_step = kernel_step(v), sum_floats = kFrequencies * sum_step;
  const int64_t parts = num_threads(), last = parts - 1;
  const auto is_empty = [&](int64_t p) {  // never the last
    return p * t.blocks / parts == (p + 1) * t.blocks / parts;
  };
  float* const sums = scratch;                         // of each part: [36][c,m]
  float* const bias_sums = sums + parts * sum_floats;  // of each part: [m]
  float* const blocks = bias_sums + parts * v.m;
  for_parts(t.blocks, [&](int64_t part, int64_t begin, int64_t end) {
    float* in = blocks + part * block_floats(t);
    float* out = in + kFrequencies * in_step;
    float* bias_sum = bias_sums + part * v.m;
    std::fill(bias_sum, bias_sum + v.m, 0.0f);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * t.in_block, tiles = std::min(t.in_block, t.count - first);
      for (int64_t i = 0; i < tiles; ++i) {
        const ImageTile gradient = t.output(dy, first + i);
        winograd_input_tile(t.input(x, first + i), v.c, in + i * v.c, in_step);
        winograd_gradient_tile(gradient, v.m, i, tiles, out, out_step);
        if (dbias) winograd_add_tile(gradient, v.m, bias_sum);
      }
      for (int64_t f = 0; f < kFrequencies; ++f)
        panel_product(v.c, v.m, tiles, in + f * in_step, 1, v.c, out + f * out_step,
                      sums + part * sum_floats + f * sum_step, v.m, b > begin);
    }
  });
  parallel_for(v.c, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      float* row = sums + last * sum_floats + c * v.m;
      for (int64_t p = 0; p < last; ++p) {
        if (is_empty(p)) continue;
        const float* other = sums + p * sum_floats + c * v.m;
        for (int64_t f = 0; f < kFrequencies; ++f)
          for (int64_t i = 0; i < v.m; ++i) row[f * sum_step + i] += other[f * sum_step + i];
      }
      winograd_weight_grad_row(row, sum_step, v.m, dweights + c * v.m, v.c * v.m);
    }
  });
  if (!dbias) return;
  std::fill(dbias, dbias + v.m, 0.0f);
  for (int64_t p = 0; p < parts; ++p)
    for (int64_t i = 0; i < v.m; ++i) dbias[i] += bias_sums[p * v.m + i];
}

}  // namespace dojo::kernels
