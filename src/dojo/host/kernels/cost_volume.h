// How well two channels-last f32 images match at small shifts: the op CostVolume and its gradient.
#pragma once

#include <cstdint>

namespace dojo::kernels {

// a, b [n,h,w,c] -> y [n,h,w,(2r+1)^2]: mean over channels of |a(p) - b(p + d)|, b repeating its
// border.
struct CostVolume {
  int64_t n = 0, h = 0, w = 0, c = 0;
  int64_t radius = 1;
  int64_t y_pitch = 0;  // floats from a pixel of y (or dy) to the next; 0: (2r+1)^2
};

// Floats of scratch memory that each call below needs.
int64_t scratch_floats(const CostVolume& v);

void cost_volume(const CostVolume& v, const float* a, const float* b, float* y, float* scratch);

// Sets da and db, like a and b. The order of each sum is fixed.
void cost_volume_backward(const CostVolume& v, const float* dy, const float* a, const float* b,
                          float* da, float* db, float* scratch);

}  // namespace dojo::kernels
