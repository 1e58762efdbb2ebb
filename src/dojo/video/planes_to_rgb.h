// The colours of a video's planes, all of one size, as full-range RGB. Integer arithmetic with one
// meaning on every processor; a channel is within 0.6 of a level of the real numbers (the error of
// rounding is 0.5 of it):
//
//   R = clamp((q(y, luma) + q(v, v_to_r) + 16) >> 5)           y = 128 (Y - black)
//   G = clamp((q(y, luma) + q(u, u_to_g) + q(v, v_to_g) + 16) >> 5)    u = 128 (Cb - 128)
//   B = clamp((q(y, luma) + q(u, u_to_b) + 16) >> 5)           v = 128 (Cr - 128)
//   q(a, b) = (a b + 16384) >> 15
//
// planes_to_rgb_scalar is the definition; the other uses the widest vectors that the processor has,
// and gives the same bytes. Thread-safe.
#pragma once

#include <cstdint>

namespace dojo {

// Weights are a quarter of the matrix's, times 2^15: the largest that is in use is 2.14.
struct ColourWeights {
  int black = 0;  // luma of black: 16 in limited range
  int16_t luma = 0, v_to_r = 0, u_to_g = 0, v_to_g = 0, u_to_b = 0;

  // `table`: the weights of Cr in R, Cb in B, Cb in G, Cr in G (the latter two are subtracted), for
  // limited range, times 2^16: what FFmpeg's sws_getCoefficients gives.
  static ColourWeights of(const int table[4], bool full_range);
};

// One row of pixels: `rgb` is [width, 3].
void planes_to_rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int64_t width,
                   const ColourWeights& weights, uint8_t* rgb);
void planes_to_rgb_scalar(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int64_t width,
                          const ColourWeights& weights, uint8_t* rgb);

}  // namespace dojo
