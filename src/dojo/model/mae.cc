#include "dojo/model/mae.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/model/blocks.h"
#include "dojo/model/transformer.h"

namespace dojo {
namespace {

using Integers = std::vector<int64_t>;

// values [B,N,C] or, the same for all clips, [N,C]; which i32 [B,n] -> [B,n,C].
ValueId take(Builder& b, ValueId values, ValueId which) {
  const Shape shape = b.shape(which);
  return b.op("GatherND", {values, b.reshape(which, {shape[0], shape[1], 1})},
              {{"batch_dims", std::ssize(b.shape(values)) - 2}});
}

// Of the 3Bn channels of tubelets, a row each.
struct Contrast {
  ValueId normalised;       // f32 [B,n,P]: with mean 0 and (unbiased) deviation 1, or 0 without one
  ValueId mean, deviation;  // [3Bn,1], of values in [0,1]; never 0
};

// u8 [B,n,P]
Contrast contrast_of(Builder& b, ValueId tubelets) {
  const Shape shape = b.shape(tubelets);
  const int64_t rows = 3 * shape[0] * shape[1], size = num_elements(shape) / rows;
  const ValueId x = b.reshape(
      b.mul(b.op("Cast", {tubelets}, {{"to", std::string("f32")}}), 1.0 / 255), {rows, size});
  const auto over_values = [&](const char* op, ValueId v) {
    return b.op(op, {v}, {{"axes", Integers{1}}, {"keepdims", int64_t{1}}});
  };
  const ValueId mean = over_values("ReduceMean", x);
  const ValueId centred = b.sub(x, mean);
  const ValueId variance =
      b.mul(over_values("ReduceSumSquare", centred), 1.0 / static_cast<double>(size - 1));
  // VideoMAE adds 1e-6; one value of 512 that is a grey level off gives a deviation of 1.7e-4.
  const ValueId deviation = b.add(b.op("Sqrt", {variance}), 1e-6);
  return {b.reshape(b.div(centred, deviation), shape), mean, deviation};
}

// The inverse: normalised values [B,n,P] -> values in [0,1].
ValueId with_contrast(Builder& b, ValueId values, const Contrast& contrast) {
  const Shape shape = b.shape(values);
  const int64_t rows = b.shape(contrast.mean)[0];
  const ValueId x = b.reshape(values, {rows, num_elements(shape) / rows});
  return b.reshape(b.add(b.mul(x, contrast.deviation), contrast.mean), shape);
}

// [B,n,P] -> [B]
ValueId mean_square_of_each(Builder& b, ValueId x) {
  const Shape shape = b.shape(x);
  return b.mul(b.op("ReduceSumSquare", {x}, {{"axes", Integers{1, 2}}, {"keepdims", int64_t{0}}}),
               1.0 / static_cast<double>(shape[1] * shape[2]));
}

// [B*V,C] of the visible tubelets -> values of the masked ones [B,M,P].
ValueId decoded(Builder& b, const MaeOptions& o, ValueId encoded, ValueId visible, ValueId masked) {
  const VitOptions& e = o.encoder;
  const int64_t clips = e.clips, seen = o.visible_tokens(), tokens = e.tokens();
  const int64_t channels = o.decoder_channels;
  const ValueId places = positions(b, e, channels);
  const ValueId narrow = linear(b, "encoder_to_decoder", encoded, channels, /*bias=*/false);
  const ValueId token = b.parameter("mask_token", {1, 1, channels}, normal(0.02));
  const ValueId known = b.add(b.reshape(narrow, {clips, seen, channels}), take(b, places, visible));
  ValueId x = b.reshape(b.concat({known, b.add(take(b, places, masked), token)}, 1),
                        {clips * tokens, channels});
  const auto scope = b.scope("decoder");
  for (int64_t i = 0; i < o.decoder_layers; ++i)
    x = transformer_block(b, fmt::format("blocks.{}", i), x, clips, o.decoder_heads);
  x = b.slice(b.reshape(x, {clips, tokens, channels}), 1, seen, tokens);
  x = layer_norm(b, "norm", b.reshape(x, {clips * o.masked_tokens(), channels}));
  return b.reshape(linear(b, "head", x, e.values()), {clips, o.masked_tokens(), e.values()});
}

// What training and evaluation have in common: the answer and what it should have been.
struct Reconstruction {
  ValueId answer;  // [B,masked_tokens,P]
  Contrast truth;
};

Reconstruction reconstruction(Builder& b, const MaeOptions& o) {
  check(o);
  const VitOptions& e = o.encoder;
  const ValueId clip = b.data("clip", {Format::kU8, {e.clips, e.frames, e.height, e.width, 3}});
  const ValueId visible = b.data("visible", {Format::kI32, {e.clips, o.visible_tokens()}});
  const ValueId masked = b.data("masked", {Format::kI32, {e.clips, o.masked_tokens()}});
  const ValueId cut = tubelets(b, e, clip);
  const ValueId encoded = [&] {
    const auto scope = b.scope("encoder");
    return vit_encoder(b, e, take(b, cut, visible), take(b, positions(b, e, e.channels), visible));
  }();
  const ValueId answer = decoded(b, o, encoded, visible, masked);
  return {answer, contrast_of(b, take(b, cut, masked))};
}

}  // namespace

int64_t MaeOptions::visible_places() const {
  const int64_t places = encoder.rows() * encoder.columns();
  const auto visible = std::llround((1 - masked) * static_cast<double>(places));
  return std::clamp<int64_t>(visible, 1, std::max<int64_t>(1, places - 1));
}

void check(const MaeOptions& o) {
  check(o.encoder);
  const auto fail = [](std::string what, std::string hint) {
    throw Error(Category::kConfig, std::move(what), "", std::move(hint));
  };
  if (!(o.masked > 0 && o.masked < 1))
    fail(fmt::format("a share of {} is masked", o.masked), "take 0.75 to 0.9");
  if (o.encoder.rows() * o.encoder.columns() < 2)
    fail(fmt::format("{} place in a frame of {}x{}", o.encoder.rows() * o.encoder.columns(),
                     o.encoder.height, o.encoder.width),
         "take a size of several patches");
  const int64_t places = o.encoder.rows() * o.encoder.columns();
  const auto visible = std::llround((1 - o.masked) * static_cast<double>(places));
  if (visible < 1 || visible >= places)
    fail(fmt::format("a share of {} of {} places hides {}", o.masked, places,
                     visible < 1 ? "all" : "none"),
         "take another share, or smaller patches");
  if (o.encoder.values() < 6)
    fail("a tubelet of one pixel cannot be normalised", "take larger patches");
  VitOptions decoder = o.encoder;
  decoder.channels = o.decoder_channels;
  decoder.layers = o.decoder_layers;
  decoder.heads = o.decoder_heads;
  check(decoder);
}

void set_width(MaeOptions* o, int64_t channels) {
  if (channels < 12 || channels % 12 != 0)
    refuse_option(fmt::format("{} channels", channels),
                  "a masked autoencoder takes a multiple of 12");
  o->encoder.channels = channels;
  o->encoder.heads = usual_heads(channels);
  o->decoder_channels = channels / 2;
  o->decoder_heads = usual_heads(channels / 2);
}

ModelMetadata to_metadata(const MaeOptions& o) {
  ModelMetadata metadata = common_metadata(o.encoder);
  metadata["tubelet"] = std::to_string(o.encoder.tubelet);
  metadata["patch"] = std::to_string(o.encoder.patch);
  metadata["layers"] = std::to_string(o.encoder.layers);
  metadata["heads"] = std::to_string(o.encoder.heads);
  metadata["masked"] = fmt::format("{}", o.masked);
  metadata["decoder_channels"] = std::to_string(o.decoder_channels);
  metadata["decoder_layers"] = std::to_string(o.decoder_layers);
  metadata["decoder_heads"] = std::to_string(o.decoder_heads);
  return metadata;
}

MaeOptions mae_options_from(const ModelMetadata& metadata) {
  MaeOptions o{.encoder = common_options_from<VitOptions>(metadata)};
  const auto get = [&](const char* key) { return metadata_integer(metadata, key); };
  o.encoder.tubelet = get("tubelet");
  o.encoder.patch = get("patch");
  o.encoder.layers = get("layers");
  o.encoder.heads = get("heads");
  o.masked = metadata_number(metadata, "masked");
  o.decoder_channels = get("decoder_channels");
  o.decoder_layers = get("decoder_layers");
  o.decoder_heads = get("decoder_heads");
  return checked_metadata(o);
}

TaskGraph mae_training(Builder& b, const MaeOptions& o) {
  const auto [answer, truth] = reconstruction(b, o);
  const ValueId target = truth.normalised;
  return {
      mean_square(b, b.sub(answer, target)), {{"patch_mean_mse", mean_square(b, target)}}, answer};
}

Graph mae_inference(const MaeOptions& o) {
  Builder b("mae");
  const auto [answer, truth] = reconstruction(b, o);
  b.output("mse", mean_square_of_each(b, b.sub(answer, truth.normalised)));
  b.output("patch_mean_mse", mean_square_of_each(b, truth.normalised));
  b.output("pixels", with_contrast(b, answer, truth));
  return std::move(b).finish();
}

TubeMask tube_mask(const MaeOptions& o, Random& random) {
  const int64_t places = o.encoder.rows() * o.encoder.columns();
  TubeMask mask;
  std::vector<int64_t> order(static_cast<size_t>(places));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (int64_t clip = 0; clip < o.encoder.clips; ++clip) {
    std::vector<bool> is_visible(static_cast<size_t>(places), false);
    for (int64_t i = 0; i < o.visible_places(); ++i) {
      std::swap(order[static_cast<size_t>(i)],
                order[static_cast<size_t>(i + random.below(places - i))]);
      is_visible[static_cast<size_t>(order[static_cast<size_t>(i)])] = true;
    }
    for (int64_t token = 0; token < o.encoder.tokens(); ++token) {
      const bool seen = is_visible[static_cast<size_t>(token % places)];
      (seen ? mask.visible : mask.masked).push_back(static_cast<int32_t>(token));
    }
  }
  return mask;
}

}  // namespace dojo
