#include "dojo/model/r2plus1d.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "dojo/model/blocks.h"

namespace dojo {
namespace {

using Integers = std::vector<int64_t>;
using Sizes = std::array<int64_t, 3>;  // time, height, width

ValueId conv(Builder& b, const std::string& name, ValueId x, int64_t out, Sizes kernel,
             Sizes stride) {
  const int64_t in = b.shape(x)[1];
  const auto [t, h, w] = kernel;
  const double fan_in = static_cast<double>(in * t * h * w);
  const ValueId weight =
      b.parameter(name + ".weight", {out, in, t, h, w}, uniform(1 / std::sqrt(fan_in)));
  return b.op("Conv", {x, weight},
              {{"pads", Integers{t / 2, h / 2, w / 2, t / 2, h / 2, w / 2}},
               {"strides", Integers(stride.begin(), stride.end())}});
}

ValueId norm(Builder& b, const std::string& name, ValueId x) {
  return BatchNorm(b, name, b.shape(x)[1])(b, x);
}

// A convolution over space, norm, ReLU, a convolution over time.
ValueId conv_2plus1d(Builder& b, const std::string& name, ValueId x, int64_t between, int64_t out,
                     int64_t stride) {
  const ValueId space = conv(b, name + ".0", x, between, {1, 3, 3}, {1, stride, stride});
  const ValueId h = relu(b, norm(b, name + ".1", space));
  return conv(b, name + ".3", h, out, {3, 1, 1}, {stride, 1, 1});
}

ValueId basic_block(Builder& b, const std::string& name, ValueId x, int64_t out, int64_t stride) {
  const auto scope = b.scope(name);
  const int64_t in = b.shape(x)[1];
  // As many parameters as a convolution over space and time at once has (the paper, section 3.5).
  const int64_t between = in * out * 27 / (in * 9 + 3 * out);
  const ValueId first = conv_2plus1d(b, "conv1.0", x, between, out, stride);
  const ValueId h = relu(b, norm(b, "conv1.1", first));
  const ValueId y = norm(b, "conv2.1", conv_2plus1d(b, "conv2.0", h, between, out, 1));
  if (stride != 1 || in != out)
    x = norm(b, "downsample.1",
             conv(b, "downsample.0", x, out, {1, 1, 1}, {stride, stride, stride}));
  return relu(b, b.add(y, x));
}

// u8 [B,T,H,W,3] -> [B,3,T,H,W], with the means and deviations of torchvision's Kinetics weights.
ValueId normalised(Builder& b, ValueId clip) {
  const ValueId mean = b.constant({3}, {255 * 0.43216, 255 * 0.394666, 255 * 0.37645});
  const ValueId scale =
      b.constant({3}, {1 / (255 * 0.22803), 1 / (255 * 0.22145), 1 / (255 * 0.216989)});
  const ValueId x = b.op("Cast", {clip}, {{"to", std::string("f32")}});
  return b.transpose(b.mul(b.sub(x, mean), scale), {0, 4, 1, 2, 3});
}

}  // namespace

TaskGraph r2plus1d_training(Builder& b, const R2plus1dOptions& o) {
  const ValueId clip = b.data("clip", {Format::kU8, {o.clips, o.frames, o.height, o.width, 3}});
  const ValueId target = b.data("target", {Format::kF32, {o.clips, 8 * o.first_channels}});
  // torchvision's stem has 45 channels between its convolutions for its 64.
  const int64_t between = 45 * o.first_channels / 64;
  ValueId x = conv(b, "stem.0", normalised(b, clip), between, {1, 7, 7}, {1, 2, 2});
  x = relu(b, norm(b, "stem.1", x));
  x = conv(b, "stem.3", x, o.first_channels, {3, 1, 1}, {1, 1, 1});
  x = relu(b, norm(b, "stem.4", x));
  if (o.pooled_stem)
    x = b.op("MaxPool", {x},
             {{"kernel_shape", Integers{1, 3, 3}},
              {"strides", Integers{1, 2, 2}},
              {"pads", Integers{0, 1, 1, 0, 1, 1}}});
  for (int64_t stage = 0; stage < 4; ++stage)
    for (int64_t block = 0; block < 2; ++block)
      x = basic_block(b, fmt::format("layer{}.{}", stage + 1, block), x, o.first_channels << stage,
                      stage > 0 && block == 0 ? 2 : 1);
  const ValueId features = b.reshape(b.op("GlobalAveragePool", {x}), b.shape(target));
  return {mean_square(b, b.sub(features, target)), {}, features};
}

}  // namespace dojo
