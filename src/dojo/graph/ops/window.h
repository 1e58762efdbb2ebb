// The geometry of ops that slide a window over space: convolutions and pools, with ONNX's
// attributes strides, pads (all begins, then all ends), dilations. One, two and three spatial
// dimensions are treated alike: missing outer ones have size 1.
#pragma once

#include <array>

#include "dojo/graph/op.h"

namespace dojo::ops {

using Space = std::array<int64_t, 3>;  // depth, height, width

// The spatial part of an [N,C,...] shape.
Space space_of(const Shape& shape);
inline int64_t volume(const Space& s) { return s[0] * s[1] * s[2]; }

struct Window {
  size_t rank = 0;  // spatial dimensions in use: 1 to 3
  Space kernel{1, 1, 1}, stride{1, 1, 1}, begin{0, 0, 0}, end{0, 0, 0}, dilation{1, 1, 1};

  // `kernel` has one size for each spatial dimension. Throws Error(kInput) for a stride of 0,
  // negative pads and the like.
  static Window read(const OpCall& call, const Shape& kernel);

  // The spatial sizes of the output for an [N,C,...] input; throws where the window is larger than
  // the padded input.
  Shape output_space(const Shape& input) const;
};

// Calls f(output index, input index, kernel index), all flat within their space, for each tap that
// lies inside the input: outputs in row-major order, for each the taps in row-major order.
template <class F>
void for_each_tap(const Window& w, const Space& in, const Space& out, F f) {
  for (int64_t od = 0; od < out[0]; ++od)
    for (int64_t oh = 0; oh < out[1]; ++oh)
      for (int64_t ow = 0; ow < out[2]; ++ow)
        for (int64_t kd = 0; kd < w.kernel[0]; ++kd)
          for (int64_t kh = 0; kh < w.kernel[1]; ++kh)
            for (int64_t kw = 0; kw < w.kernel[2]; ++kw) {
              const int64_t d = od * w.stride[0] + kd * w.dilation[0] - w.begin[0];
              const int64_t h = oh * w.stride[1] + kh * w.dilation[1] - w.begin[1];
              const int64_t x = ow * w.stride[2] + kw * w.dilation[2] - w.begin[2];
              if (d < 0 || d >= in[0] || h < 0 || h >= in[1] || x < 0 || x >= in[2]) continue;
              f((od * out[1] + oh) * out[2] + ow, (d * in[1] + h) * in[2] + x,
                (kd * w.kernel[1] + kh) * w.kernel[2] + kw);
            }
}

}  // namespace dojo::ops
