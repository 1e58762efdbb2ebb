// The layers that the networks are made of. A layer's constructor adds its parameters to the
// builder's graph under the name given; calling it adds nodes, so one layer can be used several
// times. Activations are [B,C,H,W] f32. Convolutions start as PyTorch's defaults do:
// U[-1/sqrt(fan_in), 1/sqrt(fan_in)).
#pragma once

#include <string_view>

#include "dojo/graph/builder.h"

namespace dojo {

struct ConvOptions {
  int64_t kernel = 3;
  int64_t stride = 1;
  bool bias = true;
  bool starts_at_zero = false;  // a head whose output is exactly 0 before the first update
};

// Convolution with "same" padding (kernel / 2 on each side): [B,in,H,W] ->
// [B,out,H/stride,W/stride].
class Conv {
 public:
  Conv(Builder& b, std::string_view name, int64_t in, int64_t out, const ConvOptions& options = {});
  ValueId operator()(Builder& b, ValueId x) const;

 private:
  ConvOptions options_;
  ValueId weight_, bias_;
};

// Fully connected: [B,in] -> [B,out]. It starts as a convolution does.
class Dense {
 public:
  Dense(Builder& b, std::string_view name, int64_t in, int64_t out, bool starts_at_zero = false);
  ValueId operator()(Builder& b, ValueId x) const;

 private:
  ValueId weight_, bias_;
};

inline constexpr int64_t kNormGroups = 8;  // of the networks of this folder

class GroupNorm {
 public:
  GroupNorm(Builder& b, std::string_view name, int64_t channels, int64_t groups);
  ValueId operator()(Builder& b, ValueId x) const;

 private:
  int64_t groups_;
  ValueId scale_, bias_;
};

// x + conv(gelu(conv(norm(x)))) with as many channels: a multiple of kNormGroups.
class ResidualBlock {
 public:
  ResidualBlock(Builder& b, std::string_view name, int64_t channels);
  ValueId operator()(Builder& b, ValueId x) const;

 private:
  ResidualBlock(const Builder::Scope&, Builder& b, int64_t channels);

  GroupNorm norm_;
  Conv first_, second_;
};

// Training mode: normalises by the batch's statistics and keeps running ones as states. REQUIRES:
// used once, since it updates them.
class BatchNorm {
 public:
  BatchNorm(Builder& b, std::string_view name, int64_t channels);
  ValueId operator()(Builder& b, ValueId x) const;

 private:
  ValueId scale_, bias_, mean_, variance_;
};

ValueId gelu(Builder& b, ValueId x);
ValueId relu(Builder& b, ValueId x);
ValueId mean(Builder& b, ValueId x);                        // over all elements: a scalar
ValueId mean_square(Builder& b, ValueId x);                 // a scalar
ValueId average_pool(Builder& b, ValueId x, int64_t size);  // size x size windows, stride `size`
ValueId upsample(Builder& b, ValueId x, int64_t factor);    // bilinear, half-pixel centres

// out(p) = x(p + scale * flow(p)) with bilinear sampling and border padding. x [B,C,H,W]; flow
// [B,2,H,W] in pixels: (dx, dy).
ValueId warp(Builder& b, ValueId x, ValueId flow, double scale = 1);

// Left and right exchanged.
ValueId mirror(Builder& b, ValueId x);
ValueId mirrored_clip(Builder& b, ValueId clip);  // of [B,T,H,W,3] in any format, exactly

// How well `first` matches `second` at each shift of at most `radius` pixels, averaged over 3x3
// windows and relative to the mean over all shifts (negative: better than others): [B,C,H,W] twice
// -> [B,(2 radius + 1)^2,H,W].
ValueId matching(Builder& b, ValueId first, ValueId second, int64_t radius);

// u8 or f32 frames [B,T,H,W,3] -> frame t as f32 [B,3,H,W]; u8 is scaled to [0,1].
ValueId frame(Builder& b, ValueId clip, int64_t t);

}  // namespace dojo
