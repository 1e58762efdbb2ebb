#include "dojo/model/blocks.h"

#include <cmath>
#include <string>
#include <utility>

namespace dojo {

using Integers = std::vector<int64_t>;

Conv::Conv(Builder& b, std::string_view name, int64_t in, int64_t out, const ConvOptions& o)
    : options_(o), weight_(kNoValue), bias_(kNoValue) {
  const auto scope = b.scope(name);
  const double fan_in = static_cast<double>(in * o.kernel * o.kernel);
  const Initial initial = o.starts_at_zero ? constant_value(0) : uniform(1 / std::sqrt(fan_in));
  weight_ = b.parameter("weight", {out, in, o.kernel, o.kernel}, initial);
  if (o.bias) bias_ = b.parameter("bias", {out}, initial);
}

ValueId Conv::operator()(Builder& b, ValueId x) const {
  std::vector<ValueId> operands = {x, weight_};
  if (options_.bias) operands.push_back(bias_);
  const int64_t p = options_.kernel / 2, s = options_.stride;
  return b.op("Conv", operands, {{"pads", Integers{p, p, p, p}}, {"strides", Integers{s, s}}});
}

Dense::Dense(Builder& b, std::string_view name, int64_t in, int64_t out, bool starts_at_zero) {
  const auto scope = b.scope(name);
  const Initial initial =
      starts_at_zero ? constant_value(0) : uniform(1 / std::sqrt(static_cast<double>(in)));
  weight_ = b.parameter("weight", {out, in}, initial);
  bias_ = b.parameter("bias", {out}, initial);
}

ValueId Dense::operator()(Builder& b, ValueId x) const {
  return b.op("Gemm", {x, weight_, bias_}, {{"transB", int64_t{1}}});
}

GroupNorm::GroupNorm(Builder& b, std::string_view name, int64_t channels, int64_t groups)
    : groups_(groups) {
  const auto scope = b.scope(name);
  scale_ = b.parameter("weight", {channels}, constant_value(1));
  bias_ = b.parameter("bias", {channels}, constant_value(0));
}

ValueId GroupNorm::operator()(Builder& b, ValueId x) const {
  return b.op_multi("GroupNormalization", {x, scale_, bias_},
                    {{"num_groups", groups_}, {"epsilon", 1e-5}})[0];
}

ResidualBlock::ResidualBlock(Builder& b, std::string_view name, int64_t channels)
    : ResidualBlock(b.scope(name), b, channels) {}

ResidualBlock::ResidualBlock(const Builder::Scope&, Builder& b, int64_t channels)
    : norm_(b, "norm", channels, kNormGroups),
      first_(b, "a", channels, channels),
      second_(b, "b", channels, channels) {}

ValueId ResidualBlock::operator()(Builder& b, ValueId x) const {
  return b.add(x, second_(b, gelu(b, first_(b, norm_(b, x)))));
}

BatchNorm::BatchNorm(Builder& b, std::string_view name, int64_t channels) {
  const auto scope = b.scope(name);
  scale_ = b.parameter("weight", {channels}, constant_value(1));
  bias_ = b.parameter("bias", {channels}, constant_value(0));
  mean_ = b.state("running_mean", {Format::kF32, {channels}}, constant_value(0));
  variance_ = b.state("running_var", {Format::kF32, {channels}}, constant_value(1));
}

ValueId BatchNorm::operator()(Builder& b, ValueId x) const {
  const auto y = b.op_multi("BatchNormalization", {x, scale_, bias_, mean_, variance_},
                            {{"epsilon", 1e-5}, {"momentum", 0.9}, {"training_mode", int64_t{1}}});
  b.update(mean_, y[1]);
  b.update(variance_, y[2]);
  return y[0];
}

ValueId gelu(Builder& b, ValueId x) { return b.op("Gelu", {x}); }
ValueId relu(Builder& b, ValueId x) { return b.op("Relu", {x}); }
ValueId mean(Builder& b, ValueId x) { return b.op("ReduceMean", {x}, {{"keepdims", int64_t{0}}}); }

ValueId mean_square(Builder& b, ValueId x) {
  const ValueId sum = b.op("ReduceSumSquare", {x}, {{"keepdims", int64_t{0}}});
  return b.mul(sum, 1.0 / static_cast<double>(b.type(x).num_elements()));
}

ValueId average_pool(Builder& b, ValueId x, int64_t size) {
  return b.op("AveragePool", {x},
              {{"kernel_shape", Integers{size, size}}, {"strides", Integers{size, size}}});
}

ValueId upsample(Builder& b, ValueId x, int64_t factor) {
  const Shape s = b.shape(x);
  return b.op("Resize", {x},
              {{"sizes", Integers{s[0], s[1], s[2] * factor, s[3] * factor}},
               {"mode", std::string("linear")},
               {"coordinate_transformation_mode", std::string("half_pixel")}});
}

ValueId warp(Builder& b, ValueId x, ValueId flow, double scale) {
  const int64_t height = b.shape(x)[2], width = b.shape(x)[3];
  // GridSample counts from -1 (the first pixel's centre) to 1 (the last one's).
  const ValueId identity = b.constant({1, 2, 3}, {1, 0, 0, 0, 1, 0});
  const ValueId here =
      b.op("AffineGrid", {identity},
           {{"size", Integers{1, 2, height, width}}, {"align_corners", int64_t{1}}});
  const ValueId unit = b.constant({2}, {2 * scale / static_cast<double>(width - 1),
                                        2 * scale / static_cast<double>(height - 1)});
  const ValueId grid = b.add(b.mul(b.transpose(flow, {0, 2, 3, 1}), unit), here);
  return b.op("GridSample", {x, grid},
              {{"mode", std::string("linear")},
               {"padding_mode", std::string("border")},
               {"align_corners", int64_t{1}}});
}

ValueId mirror(Builder& b, ValueId x) {
  const Shape s = b.shape(x);
  std::vector<double> theta;  // the grid of the map (x, y) -> (-x, y), for each image of the batch
  for (int64_t n = 0; n < s[0]; ++n) theta.insert(theta.end(), {-1, 0, 0, 0, 1, 0});
  const ValueId grid = b.op("AffineGrid", {b.constant({s[0], 2, 3}, std::move(theta))},
                            {{"size", s}, {"align_corners", int64_t{1}}});
  return b.op("GridSample", {x, grid},
              {{"mode", std::string("linear")},
               {"padding_mode", std::string("border")},
               {"align_corners", int64_t{1}}});
}

ValueId mirrored_clip(Builder& b, ValueId clip) {
  const int64_t width = b.shape(clip)[3];
  Integers from_the_right;
  for (int64_t x = width - 1; x >= 0; --x) from_the_right.push_back(x);
  const ValueId columns = b.op("Constant", {},
                               {{"format", std::string("i32")},
                                {"shape", Shape{width, 1}},
                                {"value", std::move(from_the_right)}});
  const ValueId turned = b.op("GatherND", {b.transpose(clip, {3, 0, 1, 2, 4}), columns});
  return b.transpose(turned, {1, 2, 3, 0, 4});
}

ValueId matching(Builder& b, ValueId first, ValueId second, int64_t radius) {
  const ValueId costs =
      b.op("AveragePool", {b.op("CostVolume", {first, second}, {{"radius", radius}})},
           {{"kernel_shape", Integers{3, 3}},
            {"strides", Integers{1, 1}},
            {"pads", Integers{1, 1, 1, 1}},
            {"count_include_pad", int64_t{1}}});
  const ValueId mean =
      b.op("ReduceMean", {costs}, {{"axes", Integers{1}}, {"keepdims", int64_t{1}}});
  return b.mul(b.sub(costs, mean), 4);
}

ValueId frame(Builder& b, ValueId clip, int64_t t) {
  const Shape s = b.shape(clip);
  ValueId x = b.reshape(b.slice(clip, 1, t, t + 1), {s[0], s[2], s[3], s[4]});
  if (b.type(x).format == Format::kU8)
    x = b.mul(b.op("Cast", {x}, {{"to", std::string("f32")}}), 1.0 / 255);
  return b.transpose(x, {0, 3, 1, 2});
}

}  // namespace dojo
