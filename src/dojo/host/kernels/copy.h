// Moving data without arithmetic: one strided copy does slices, concatenation, transposition,
// expansion, flips, padding and DepthToSpace; the functions below describe the common ones.
// Elements are 4 bytes (f32, i32), 2 bytes (bf16) or 1 byte (u8).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dojo/numerics/bf16.h"

namespace dojo::kernels {

// dst[sum of index * dst_strides] = src[sum of index * src_strides] for each index in dims. Strides
// in elements; source strides may be 0 (repeat) or negative (flip, with the pointer at the first
// element taken). Prepare it once with simplify().
struct StridedCopy {
  std::vector<int64_t> dims, src_strides, dst_strides;
  int64_t src_offset = 0, dst_offset = 0;  // added to the pointers
};

// The same copy with fewer dimensions, the order that runs fastest, and no dimension of size 1.
StridedCopy simplify(const StridedCopy& copy);

void copy_f32(const StridedCopy& copy, const float* src, float* dst);
void copy_bf16(const StridedCopy& copy, const Bf16* src, Bf16* dst);
void copy_u8(const StridedCopy& copy, const uint8_t* src, uint8_t* dst);
// dst += src. REQUIRES: no destination stride is 0.
void add_f32(const StridedCopy& copy, const float* src, float* dst);

// All of these are simplified already. Layouts are those of the pointers; C is last.
// [rows,c] out of wider rows into wider rows.
StridedCopy channel_copy(int64_t rows, int64_t c, int64_t src_pitch, int64_t dst_pitch);
// ONNX Transpose: dimension i of the result is dimension permutation[i].
StridedCopy transpose_copy(std::span<const int64_t> dims, std::span<const int64_t> permutation);
// ONNX Expand.
StridedCopy expand_copy(std::span<const int64_t> from, std::span<const int64_t> to);
// ONNX Slice with one entry for each dimension; out dims[i] = count[i]. steps may be negative, not
// 0.
StridedCopy slice_copy(std::span<const int64_t> dims, std::span<const int64_t> starts,
                       std::span<const int64_t> counts, std::span<const int64_t> steps);
// The reverse: an array of `counts` into its place within an array of `dims` (Pad, Concat, the
// gradient of Slice).
StridedCopy place_copy(std::span<const int64_t> dims, std::span<const int64_t> starts,
                       std::span<const int64_t> counts, std::span<const int64_t> steps);
// Of ONNX DepthToSpace; kCRD is PyTorch's pixel_shuffle.
enum class DepthOrder : uint8_t { kDCR, kCRD };
StridedCopy depth_to_space_copy(int64_t n, int64_t h, int64_t w, int64_t c, int64_t block,
                                DepthOrder order);  // [n,h,w,c] -> [n,h*block,w*block,c/block^2]
StridedCopy space_to_depth_copy(int64_t n, int64_t h, int64_t w, int64_t c, int64_t block,
                                DepthOrder order);  // [n,h,w,c] -> [n,h/block,w/block,c*block^2]

// Concat along channels: y [rows, sum of c] from parts [rows,c], written once from front to back.
struct ChannelPart {
  const float* data = nullptr;
  int64_t c = 0;
};
void concat_channels(int64_t rows, std::span<const ChannelPart> parts, float* y);

void fill_f32(float* dst, int64_t n, float value);

// y[b,h,w,c] = x[b,frame,h,w,c] * scale + offset: one frame of each clip u8 [B,T,frame_size] as f32
// rows of `y_stride` floats (0: frame_size).
struct FrameToFloat {
  int64_t b = 0, t = 0, frame_size = 0, frame = 0;
  float scale = 1.0f / 255, offset = 0;
  int64_t y_stride = 0;
};
void frame_to_float(const FrameToFloat& f, const uint8_t* x, float* y);
void u8_to_f32(const uint8_t* x, float* y, int64_t n, float scale = 1, float offset = 0);
// Rounds half to even and saturates to 0 ... 255; NaN gives 0.
void f32_to_u8(const float* x, uint8_t* y, int64_t n, float scale = 1, float offset = 0);

}  // namespace dojo::kernels
