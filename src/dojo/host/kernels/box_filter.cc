// A row of an image is w * c neighbouring floats, so rows are added as a whole, and a step to the
// side is a shift by c floats.
#include "dojo/host/kernels/box_filter.h"

#include <algorithm>

#include "dojo/base/parallel_for.h"

namespace dojo::kernels {
namespace {

int64_t padded_row(const BoxFilter& f) { return (f.w + f.kernel_w - 1) * f.c; }

}  // namespace

int64_t scratch_floats(const BoxFilter& f) { return f.n * padded_row(f); }

void box_filter(const BoxFilter& f, const float* x, float* y, float* scratch) {
  parallel_for(f.n, 1, [&](int64_t begin, int64_t end) {
    const int64_t row = f.w * f.c, margin = f.kernel_w / 2 * f.c;
    const float scale = 1 / static_cast<float>(f.kernel_h * f.kernel_w);
    for (int64_t n = begin; n < end; ++n) {
      float* sums = scratch + n * padded_row(f);
      std::fill(sums, sums + padded_row(f), 0.0f);
      const float* image = x + n * f.h * row;
      for (int64_t h = 0; h < f.h; ++h) {
        float* middle = sums + margin;
        std::fill(middle, middle + row, 0.0f);
        const int64_t first = std::max<int64_t>(0, h - f.kernel_h / 2),
                      last = std::min(f.h - 1, h + f.kernel_h / 2);
        for (int64_t k = first; k <= last; ++k)
          for (int64_t i = 0; i < row; ++i) middle[i] += image[k * row + i];
        float* out = y + (n * f.h + h) * row;
        std::fill(out, out + row, 0.0f);
        for (int64_t k = 0; k < f.kernel_w; ++k)
          for (int64_t i = 0; i < row; ++i) out[i] += sums[k * f.c + i];
        for (int64_t i = 0; i < row; ++i) out[i] *= scale;
      }
    }
  });
}

}  // namespace dojo::kernels
