// The mean over a window around each pixel of channels-last f32 images; what is outside counts as
// 0. AveragePool with stride 1, odd windows and "same" padding that counts, which is its own
// gradient.
#pragma once

#include <cstdint>

namespace dojo::kernels {

// x [n,h,w,c] -> y [n,h,w,c], not in place. REQUIRES: kernel_h and kernel_w are odd.
struct BoxFilter {
  int64_t n = 0, h = 0, w = 0, c = 0;
  int64_t kernel_h = 3, kernel_w = 3;
};
int64_t scratch_floats(const BoxFilter& f);
void box_filter(const BoxFilter& f, const float* x, float* y, float* scratch);

}  // namespace dojo::kernels
