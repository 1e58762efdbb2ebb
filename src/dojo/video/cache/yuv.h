// Colours of the small copies: 8-bit RGB to full-range YCbCr with one pair of colour samples for
// 2x2 pixels, and back. The weights are those of JPEG (BT.601, JFIF 1.02); the colour of 2x2 pixels
// is that of their mean. Integer arithmetic with one meaning on every processor:
//
//   Y  = (77 R + 150 G + 29 B + 128) >> 8
//   Cb = (32895 - 43 r - 85 g + 128 b) >> 8     r, g, b: (sum of the 2x2 pixels + 2) >> 2
//   Cr = (32895 + 128 r - 107 g - 21 b) >> 8
//   R  = clamp(Y + mul(2 v, 22970))             u = Cb - 128, v = Cr - 128
//   G  = clamp(Y + mul(u, -11277) + mul(v, -23401))
//   B  = clamp(Y + mul(2 u, 29032))             mul(a, b) = (a b + 16384) >> 15
//
// Grey stays as it is. The definitions are the *_scalar functions; the others use the widest
// vectors that the processor has, and give the same bytes. Thread-safe.
#pragma once

#include <cstdint>

namespace dojo {

// Planes of a picture of H x W pixels: `y` has H x W samples, `cb` and `cr` ceil(H/2) x ceil(W/2).
// Encoders want even sides: an odd side has one more row or column in `y`, a copy of the last.
template <class Byte>
struct YuvPlanes {
  Byte* y = nullptr;
  Byte* cb = nullptr;
  Byte* cr = nullptr;
  int64_t y_stride = 0, c_stride = 0;  // bytes from row to row
};

// `rgb`: [height, width, 3].
void rgb_to_yuv420(const uint8_t* rgb, int64_t height, int64_t width,
                   const YuvPlanes<uint8_t>& yuv);
void yuv420_to_rgb(const YuvPlanes<const uint8_t>& yuv, int64_t height, int64_t width,
                   uint8_t* rgb);

void rgb_to_yuv420_scalar(const uint8_t* rgb, int64_t height, int64_t width,
                          const YuvPlanes<uint8_t>& yuv);
void yuv420_to_rgb_scalar(const YuvPlanes<const uint8_t>& yuv, int64_t height, int64_t width,
                          uint8_t* rgb);

// Sum of squared differences of two arrays of n bytes.
int64_t squared_error(const uint8_t* a, const uint8_t* b, int64_t n);

}  // namespace dojo
