#include "dojo/model/vit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "dojo/base/error.h"
#include "dojo/model/blocks.h"
#include "dojo/model/transformer.h"

namespace dojo {
namespace {

constexpr double kLongestWave = 10000;  // tokens for one radian, as in most transformers

// Beyond what any machine trains; their products stay within 64 bits, and a file that asks for more
// costs nothing.
constexpr int64_t kMostTokens = 1 << 16, kMostChannels = 4096, kMostLayers = 256;

// Row p: the sines of p w_0, p w_1, ..., then the cosines, where w_i falls from 1 to almost
// 1 / kLongestWave.
std::vector<double> waves(int64_t count, int64_t channels) {
  const int64_t frequencies = channels / 2;
  std::vector<double> table;
  for (int64_t p = 0; p < count; ++p)
    for (int64_t i = 0; i < channels; ++i) {
      const double w = std::pow(
          kLongestWave, -static_cast<double>(i % frequencies) / static_cast<double>(frequencies));
      const double angle = static_cast<double>(p) * w;
      table.push_back(i < frequencies ? std::sin(angle) : std::cos(angle));
    }
  return table;
}

}  // namespace

void check(const VitOptions& o) {
  const auto fail = [](std::string what, std::string hint) {
    throw Error(Category::kConfig, std::move(what), "", std::move(hint));
  };
  if (o.clips < 1 || o.clips > 4096) fail(fmt::format("{} clips", o.clips), "take 1 to 4096");
  if (o.tubelet < 1 || o.frames < 1 || o.frames > 1024 || o.frames % o.tubelet != 0)
    fail(fmt::format("{} frames in tubelets of {}", o.frames, o.tubelet),
         "frames are a multiple of the tubelet's, up to 1024");
  if (o.patch < 1 || o.height < 1 || o.width < 1 || o.height > 16384 || o.width > 16384 ||
      o.height % o.patch != 0 || o.width % o.patch != 0)
    fail(fmt::format("size is {}x{} in patches of {}", o.height, o.width, o.patch),
         "height and width are multiples of the patch, up to 16384");
  if (o.tokens() > kMostTokens)
    fail(fmt::format("{} tokens in a clip", o.tokens()),
         fmt::format("take larger patches, {} tokens at most", kMostTokens));
  if (o.channels < 6 || o.channels > kMostChannels || o.channels % 6 != 0 || o.heads < 1 ||
      o.channels % o.heads != 0)
    fail(fmt::format("{} channels in {} heads", o.channels, o.heads),
         "channels are a multiple of 6 and of the heads");
  if (o.layers < 1 || o.layers > kMostLayers)
    fail(fmt::format("{} layers", o.layers), fmt::format("take 1 to {}", kMostLayers));
}

int64_t usual_heads(int64_t channels) {
  int64_t heads = std::max<int64_t>(1, channels / 64);
  while (channels % heads != 0) --heads;
  return heads;
}

ValueId tubelets(Builder& b, const VitOptions& o, ValueId clip) {
  const ValueId cut =
      b.reshape(clip, {o.clips, o.times(), o.tubelet, o.rows(), o.patch, o.columns(), o.patch, 3});
  return b.reshape(b.transpose(cut, {0, 1, 3, 5, 7, 2, 4, 6}), {o.clips, o.tokens(), o.values()});
}

ValueId positions(Builder& b, const VitOptions& o, int64_t channels) {
  const int64_t third = channels / 3;
  const auto along = [&](int64_t count, Shape shape) {
    const ValueId table = b.constant(shape, waves(count, third));
    return b.op("Expand", {table}, {{"shape", Shape{o.times(), o.rows(), o.columns(), third}}});
  };
  const ValueId all = b.concat(
      {along(o.times(), {o.times(), 1, 1, third}), along(o.rows(), {1, o.rows(), 1, third}),
       along(o.columns(), {1, 1, o.columns(), third})},
      3);
  return b.reshape(all, {o.tokens(), channels});
}

ValueId vit_encoder(Builder& b, const VitOptions& o, ValueId cut, ValueId places) {
  const Shape shape = b.shape(cut);
  const int64_t rows = shape[0] * shape[1];
  // From 0 .. 255 to -1 .. 1.
  const ValueId values =
      b.add(b.mul(b.op("Cast", {cut}, {{"to", std::string("f32")}}), 2.0 / 255), -1);
  const double bound = std::sqrt(6.0 / static_cast<double>(o.values() + o.channels));
  const ValueId weight = b.parameter("patch_embed.proj.weight",
                                     {o.channels, 3, o.tubelet, o.patch, o.patch}, uniform(bound));
  const ValueId bias = b.parameter("patch_embed.proj.bias", {o.channels}, constant_value(0));
  ValueId x = b.op(
      "Gemm",
      {b.reshape(values, {rows, o.values()}), b.reshape(weight, {o.channels, o.values()}), bias},
      {{"transB", int64_t{1}}});
  x = b.add(b.reshape(x, {shape[0], shape[1], o.channels}), places);
  x = b.reshape(x, {rows, o.channels});
  for (int64_t i = 0; i < o.layers; ++i)
    x = transformer_block(b, fmt::format("blocks.{}", i), x, o.clips, o.heads);
  return layer_norm(b, "norm", x);
}

TaskGraph vit_training(Builder& b, const VitOptions& o) {
  check(o);
  const ValueId clip = b.data("clip", {Format::kU8, {o.clips, o.frames, o.height, o.width, 3}});
  const ValueId target = b.data("target", {Format::kF32, {o.clips, o.tokens(), o.values()}});
  const ValueId x = vit_encoder(b, o, tubelets(b, o, clip), positions(b, o, o.channels));
  const ValueId answer = b.reshape(linear(b, "head", x, o.values()), b.shape(target));
  return {mean_square(b, b.sub(answer, target)), {}, answer};
}

}  // namespace dojo
