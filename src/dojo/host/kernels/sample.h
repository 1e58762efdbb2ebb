// Reading an image between its pixels: GridSample (warping by a flow), AffineGrid and linear
// Resize, all channels-last f32. Meaning and gradients are PyTorch's grid_sample, affine_grid and
// interpolate(mode="bilinear"), which ONNX follows.
#pragma once

#include <cstdint>
#include <vector>

namespace dojo::kernels {

enum class Padding : uint8_t { kZeros, kBorder };

// x [n,h,w,c], grid [n,out_h,out_w,2] as (x, y) with -1 ... 1 from edge to edge, y
// [n,out_h,out_w,c]. A pitch is the number of floats from a pixel to the next (0: c), so that x may
// be a slice of, and y be written into, a wider array.
struct GridSample {
  int64_t n = 0, h = 0, w = 0, c = 0;
  int64_t out_h = 0, out_w = 0;
  Padding padding = Padding::kZeros;
  bool align_corners = false;
  int64_t x_pitch = 0, y_pitch = 0;
};

void grid_sample(const GridSample& s, const float* x, const float* grid, float* y);

// dx like x (set, not added to) and dgrid like grid; either may be nullptr. dy is laid out like y.
// Where padding is kBorder and the coordinate was clipped, the gradient of that coordinate is 0.
void grid_sample_backward(const GridSample& s, const float* x, const float* grid, const float* dy,
                          float* dx, float* dgrid);

// theta [n,2,3] -> grid [n,h,w,2].
void affine_grid(int64_t n, int64_t h, int64_t w, bool align_corners, const float* theta,
                 float* grid);
void affine_grid_backward(int64_t n, int64_t h, int64_t w, bool align_corners, const float* dgrid,
                          float* dtheta);

// Of ONNX Resize, mode linear.
enum class Coordinates : uint8_t { kHalfPixel, kAlignCorners, kAsymmetric };

// x [n,h,w,c] -> y [n,out_h,out_w,c]. Make one for each shape; const and thread-safe afterwards.
class ResizeLinear {
 public:
  // A scale of 0 means out / in.
  ResizeLinear(int64_t n, int64_t h, int64_t w, int64_t c, int64_t out_h, int64_t out_w,
               Coordinates coordinates, double scale_h = 0, double scale_w = 0);
  // y = factor * resize(x), and its gradient dx = factor * transpose(dy).
  void forward(const float* x, float* y, float factor = 1) const;
  void backward(const float* dy, float* dx, float factor = 1) const;

  // One dimension: output i is (1 - weight[i]) * x[low[i]] + weight[i] * x[high[i]]; and its
  // transpose by rows: input k gets the sum of back_weight[j] * dy[back_index[j]] for j in
  // [back_begin[k], back_begin[k + 1]).
  struct Axis {
    std::vector<int32_t> low, high;
    std::vector<float> weight;
    std::vector<int32_t> back_begin, back_index;
    std::vector<float> back_weight;
  };

 private:
  int64_t n_, h_, w_, c_, out_h_, out_w_;
  Axis y_, x_;
};

}  // namespace dojo::kernels
