#include "dojo/model/mae.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

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

// u8 [B,n,P] -> f32 of the same shape: each channel of each tubelet with mean 0 and (unbiased)
// deviation 1, or 0 where it has none.
ValueId normalised(Builder& b, ValueId tubelets) {
  const Shape shape = b.shape(tubelets);
  const int64_t rows = 3 * shape[0] * shape[1], size = num_elements(shape) / rows;
  const ValueId x = b.reshape(
      b.mul(b.op("Cast", {tubelets}, {{"to", std::string("f32")}}), 1.0 / 255), {rows, size});
  const auto over_values = [&](const char* op, ValueId v) {
    return b.op(op, {v}, {{"axes", Integers{1}}, {"keepdims", int64_t{1}}});
  };
  const ValueId centred = b.sub(x, over_values("ReduceMean", x));
  const ValueId variance =
      b.mul(over_values("ReduceSumSquare", centred), 1.0 / static_cast<double>(size - 1));
  // VideoMAE adds 1e-6; one value of 512 that is a grey level off gives a deviation of 1.7e-4.
  return b.reshape(b.div(centred, b.add(b.op("Sqrt", {variance}), 1e-6)), shape);
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
  if (o.encoder.values() < 6)
    fail("a tubelet of one pixel cannot be normalised", "take larger patches");
  VitOptions decoder = o.encoder;
  decoder.channels = o.decoder_channels;
  decoder.layers = o.decoder_layers;
  decoder.heads = o.decoder_heads;
  check(decoder);
}

TaskGraph mae_training(Builder& b, const MaeOptions& o) {
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
  const ValueId target = normalised(b, take(b, cut, masked));
  return {
      mean_square(b, b.sub(answer, target)), {{"patch_mean_mse", mean_square(b, target)}}, answer};
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
