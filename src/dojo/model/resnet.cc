#include "dojo/model/resnet.h"

#include <fmt/format.h>

#include "dojo/model/blocks.h"

namespace dojo {
namespace {

// relu(x + bn(conv(relu(bn(conv(x)))))), with a 1x1 convolution on the short cut where the shape
// changes.
ValueId basic_block(Builder& b, std::string_view name, ValueId x, int64_t channels,
                    int64_t stride) {
  const auto scope = b.scope(name);
  const int64_t in = b.shape(x)[1];
  const auto conv_norm = [&](std::string_view conv_name, std::string_view norm_name, ValueId v,
                             int64_t kernel, int64_t s) {
    const Conv conv(b, conv_name, b.shape(v)[1], channels,
                    {.kernel = kernel, .stride = s, .bias = false});
    return BatchNorm(b, norm_name, channels)(b, conv(b, v));
  };
  const ValueId h = relu(b, conv_norm("conv1", "bn1", x, 3, stride));
  const ValueId y = conv_norm("conv2", "bn2", h, 3, 1);
  if (stride != 1 || in != channels) x = conv_norm("downsample.0", "downsample.1", x, 1, stride);
  return relu(b, b.add(y, x));
}

}  // namespace

TaskGraph resnet18_clip_training(Builder& b, const ResnetOptions& o) {
  const ValueId images = b.data("images", {Format::kF32, {o.images, 3, o.height, o.width}});
  const ValueId target = b.data("target", {Format::kF32, {o.images, 8 * o.first_channels}});
  const Conv stem(b, "conv1", 3, o.first_channels, {.kernel = 7, .stride = 2, .bias = false});
  ValueId x = relu(b, BatchNorm(b, "bn1", o.first_channels)(b, stem(b, images)));
  x = b.op("MaxPool", {x},
           {{"kernel_shape", std::vector<int64_t>{3, 3}},
            {"strides", std::vector<int64_t>{2, 2}},
            {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  for (int64_t stage = 0; stage < 4; ++stage)
    for (int64_t block = 0; block < 2; ++block)
      x = basic_block(b, fmt::format("layer{}.{}", stage + 1, block), x, o.first_channels << stage,
                      stage > 0 && block == 0 ? 2 : 1);
  const ValueId features = b.reshape(b.op("GlobalAveragePool", {x}), b.shape(target));
  return {mean_square(b, b.sub(features, target)), {}, features};
}

}  // namespace dojo
