// Convolutions of 3x3 with stride 1 on channels-last images, by Winograd's minimal filtering
// F(4x4, 3x3) (A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2015):
// tiles of 4x4 results cost 36 products for each pair of channels, where the direct way takes 144.
//
//   forward   Y = A' [ (G w G') . (B' x B) ] A      x: tiles of 6x6, two pixels shared with the
//   next by input  the same, of dy with the kernel turned round and its channels exchanged by
//   weight dW = A3' [ sum over tiles of (G4 dy G4') . (B' x B) ] A3      dy: tiles of 4x4
//
// The products of one frequency, of 36, are a matrix product over the channels. Rounding errors are
// larger than those of the direct way; winograd_test.cc has their bound. For the same number of
// threads the same bits, on every vector target that has fused multiply-add.
#pragma once

#include <cstdint>

namespace dojo::kernels {

struct WinogradConv {
  int64_t n = 0, h = 0, w = 0, c = 0;   // x [n,h,w,c]
  int64_t out_h = 0, out_w = 0, m = 0;  // y [n,out_h,out_w,m]
  int64_t top = 0, left = 0;            // zeros before x; behind it as many as it takes
};

// True iff the kernels below know it: multiples of 16 channels, padding of 0 to 2.
bool winograd_knows(const WinogradConv& conv);

// `weights`, dweights: [3,3,c,m]. Scratch for num_threads() threads, of the weight gradient or of
// either of the others.
int64_t winograd_scratch_floats(const WinogradConv& conv, bool weight_grad);
void winograd_forward(const WinogradConv& conv, const float* x, const float* weights,
                      const float* bias, float* y, float* scratch);  // bias [m], or null
void winograd_input_grad(const WinogradConv& conv, const float* dy, const float* weights, float* dx,
                         float* scratch);
void winograd_weight_grad(const WinogradConv& conv, const float* x, const float* dy,
                          float* dweights, float* dbias, float* scratch);  // dbias [m], or null

}  // namespace dojo::kernels
