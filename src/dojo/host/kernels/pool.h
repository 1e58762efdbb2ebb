// Pooling of channels-last f32 images [n,h,w,c].
#pragma once

#include <cstdint>

namespace dojo::kernels {

// Windows of kernel x kernel, without padding, stride = kernel: [n,h,w,c] ->
// [n,h/kernel,w/kernel,c] (the rest is dropped).
struct AveragePool {
  int64_t n = 0, h = 0, w = 0, c = 0;
  int64_t kernel_h = 2, kernel_w = 2;
};
void average_pool(const AveragePool& p, const float* x, float* y);
void average_pool_backward(const AveragePool& p, const float* dy, float* dx);

// Any window, stride and padding; padded places never win. `index` holds the place of each maximum
// within its image as (row * w + column), the first one of equals; backward needs it. A NaN wins.
struct MaxPool {
  int64_t n = 0, h = 0, w = 0, c = 0;
  int64_t out_h = 0, out_w = 0;
  int64_t kernel_h = 3, kernel_w = 3, stride_h = 2, stride_w = 2, pad_h = 1,
          pad_w = 1;  // pads: above and to the left
};
void max_pool(const MaxPool& p, const float* x, float* y, int32_t* index);  // index may be nullptr
void max_pool_backward(const MaxPool& p, const float* dy, const int32_t* index, float* dx);
// The same where no index was kept: finds the maxima again.
void max_pool_backward_from_x(const MaxPool& p, const float* x, const float* dy, float* dx);

void global_average_pool(int64_t n, int64_t pixels, int64_t c, const float* x,
                         float* y);  // [n,pixels,c] -> [n,c]
void global_average_pool_backward(int64_t n, int64_t pixels, int64_t c, const float* dy, float* dx);

}  // namespace dojo::kernels
