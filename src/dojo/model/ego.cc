#include "dojo/model/ego.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "dojo/model/motion.h"

namespace dojo {
namespace {

constexpr int64_t kSignals = kEgoSignals.size();
constexpr int64_t kPairNumbers = 64;  // that one pair of frames is summed up in
constexpr int64_t kCoarsest = 16;     // of the encoder
constexpr double kHuber = 1;          // standard deviations

// What pairs of frames tell, [pairs * B, size], pair by pair -> [B,3] in deviations from the mean.
ValueId signals_of_pairs(Builder& b, ValueId maps, int64_t pairs) {
  const int64_t batch = b.shape(maps)[0] / pairs, size = b.shape(maps)[1];
  const Dense of_pair(b, "pair", size, kPairNumbers);
  const Dense together(b, "together", pairs * kPairNumbers, kPairNumbers);
  const Dense head(b, "head", kPairNumbers, kSignals, /*starts_at_zero=*/true);

  const ValueId numbers = gelu(b, of_pair(b, maps));
  std::vector<ValueId> parts;
  for (int64_t k = 0; k < pairs; ++k)
    parts.push_back(b.slice(numbers, 0, k * batch, (k + 1) * batch));
  return head(b, gelu(b, together(b, b.concat(parts, 1))));
}

// T frames, oldest first, each [B,3,H,W].
ValueId seen_by_motion(Builder& b, const EgoOptions& o, const std::vector<ValueId>& frames) {
  const MotionEncoder encoder(b, "encoder", o.channels);
  const int64_t pairs = o.frames - 1, batch = b.shape(frames[0])[0];
  const int64_t size = encoder.channels_out() * (o.height / kCoarsest) * (o.width / kCoarsest);
  return signals_of_pairs(b, b.reshape(encoder(b, frames), {pairs * batch, size}), pairs);
}

VitOptions vit_of(const EgoOptions& o, int64_t clips) {
  return {.clips = clips,
          .frames = o.frames,
          .height = o.height,
          .width = o.width,
          .tubelet = o.tubelet,
          .patch = o.patch,
          .channels = o.channels,
          .layers = o.layers,
          .heads = o.heads};
}

// u8 [B,T,H,W,3]
ValueId seen_by_vit(Builder& b, const EgoOptions& o, ValueId clip) {
  const VitOptions vit = vit_of(o, b.shape(clip)[0]);
  const ValueId tokens = [&] {
    const auto scope = b.scope("encoder");
    return vit_encoder(b, vit, tubelets(b, vit, clip), positions(b, vit, vit.channels));
  }();
  const Shape by_time = {vit.clips, vit.times(), vit.rows() * vit.columns(), vit.channels};
  const ValueId pooled =
      b.op("ReduceMean", {b.reshape(tokens, by_time)},
           {{"axes", std::vector<int64_t>{2}}, {"keepdims", int64_t{0}}});  // [B,times,C]
  return signals_of_pairs(
      b, b.reshape(b.transpose(pooled, {1, 0, 2}), {vit.times() * vit.clips, vit.channels}),
      vit.times());
}

std::vector<ValueId> frames_of(Builder& b, ValueId clip, int64_t count) {
  std::vector<ValueId> frames;
  for (int64_t t = 0; t < count; ++t) frames.push_back(frame(b, clip, t));
  return frames;
}

// -> [B,3] in deviations from the mean.
ValueId standardised(Builder& b, const EgoOptions& o, ValueId clip) {
  if (o.network == EgoNetwork::kVit) return seen_by_vit(b, o, clip);
  return seen_by_motion(b, o, frames_of(b, clip, o.frames));
}

// Of the clips, and behind them of their mirror images.
ValueId standardised_both(Builder& b, const EgoOptions& o, ValueId clip) {
  if (o.network == EgoNetwork::kVit)
    return seen_by_vit(b, o, b.concat({clip, mirrored_clip(b, clip)}, 0));
  std::vector<ValueId> frames = frames_of(b, clip, o.frames);
  for (ValueId& x : frames) x = b.concat({x, mirror(b, x)}, 0);
  return seen_by_motion(b, o, frames);
}

ValueId clip_input(Builder& b, const EgoOptions& o) {
  return b.data("clip", {Format::kU8, {o.batch, o.frames, o.height, o.width, 3}});
}

ValueId row(Builder& b, const EgoValues& values) {
  return b.constant({kSignals}, {values.begin(), values.end()});
}

// Huber's loss of each error: half its square up to kHuber, linear beyond.
ValueId huber(Builder& b, ValueId error) {
  const ValueId size = b.op("Abs", {error});
  const ValueId small = b.op("Min", {size, b.constant(kHuber)});
  return b.mul(small, b.sub(size, b.mul(small, 0.5)));
}

}  // namespace

EgoValues untrained_answer(const EgoScale& scale) {
  EgoValues values = scale.mean;
  for (size_t s = 0; s < values.size(); ++s)
    if (kEgoSignals[s].changes_sign) values[s] = 0;
  return values;
}

std::string_view name(EgoNetwork network) { return network == EgoNetwork::kVit ? "vit" : "motion"; }

std::optional<EgoNetwork> parse_ego_network(std::string_view name) {
  for (const EgoNetwork network : {EgoNetwork::kMotion, EgoNetwork::kVit})
    if (name == dojo::name(network)) return network;
  return std::nullopt;
}

std::string_view network_name(const EgoOptions& o) {
  return o.network == EgoNetwork::kVit ? "ego-vit" : "ego";
}

EgoOptions ego_options(EgoNetwork network) {
  if (network == EgoNetwork::kMotion) return {};
  const VitOptions vit;
  return {.network = network,
          .batch = 8,
          .frames = vit.frames,
          .height = vit.height,
          .width = vit.width,
          .channels = vit.channels};
}

void set_width(EgoOptions* o, int64_t channels) {
  o->channels = channels;
  if (o->network == EgoNetwork::kVit) o->heads = usual_heads(channels);
}

ModelMetadata to_metadata(const EgoOptions& o) {
  ModelMetadata metadata = common_metadata(o);
  if (o.network == EgoNetwork::kMotion) return metadata;  // as those of older versions
  metadata["network"] = name(o.network);
  metadata["tubelet"] = std::to_string(o.tubelet);
  metadata["patch"] = std::to_string(o.patch);
  metadata["layers"] = std::to_string(o.layers);
  metadata["heads"] = std::to_string(o.heads);
  return metadata;
}

EgoOptions ego_options_from(const ModelMetadata& metadata) {
  EgoOptions o = common_options_from<EgoOptions>(metadata);
  if (const auto named = metadata.find("network"); named != metadata.end()) {
    const std::optional<EgoNetwork> network = parse_ego_network(named->second);
    if (!network)
      throw Error(
          Category::kInput,
          fmt::format("model metadata 'network' is '{}', not motion or vit", named->second));
    o.network = *network;
  }
  if (o.network == EgoNetwork::kVit) {
    o.tubelet = metadata_integer(metadata, "tubelet");
    o.patch = metadata_integer(metadata, "patch");
    o.layers = metadata_integer(metadata, "layers");
    o.heads = metadata_integer(metadata, "heads");
  }
  return checked_metadata(o);
}

void check(const EgoOptions& o) {
  check_batch_and_frames(o.batch, o.frames);
  if (o.network == EgoNetwork::kVit) return check(vit_of(o, o.batch));
  check_channels(o.channels);
  check_size(o.height, o.width, kCoarsest);
}

TaskGraph ego_training(Builder& b, const EgoOptions& o, const EgoScale& scale) {
  check(o);
  const ValueId clip = clip_input(b, o);
  const ValueId labels = b.data("labels", {Format::kF32, {o.batch, kSignals}});
  const ValueId known = b.data("known", {Format::kF32, {o.batch, kSignals}});
  EgoValues inverse;
  for (size_t s = 0; s < inverse.size(); ++s) inverse[s] = 1 / scale.deviation[s];
  const ValueId target = b.mul(b.sub(labels, row(b, untrained_answer(scale))), row(b, inverse));
  const ValueId answer = standardised(b, o, clip);

  // Each signal's mean over the clips that have it, and of these the mean.
  const ValueId count =
      b.op("ReduceSum", {known}, {{"axes", std::vector<int64_t>{0}}, {"keepdims", int64_t{1}}});
  const ValueId share =
      b.mul(b.div(known, b.op("Max", {count, b.constant(1)})), 1.0 / static_cast<double>(kSignals));
  const auto loss_of = [&](ValueId error) {
    return b.op("ReduceSum", {b.mul(huber(b, error), share)}, {{"keepdims", int64_t{0}}});
  };
  return {loss_of(b.sub(answer, target)), {{"mean_loss", loss_of(target)}}, answer};
}

Graph ego_inference(const EgoOptions& o, const EgoScale& scale) {
  check(o);
  Builder b("ego");
  const ValueId both =
      b.add(b.mul(standardised_both(b, o, clip_input(b, o)), row(b, scale.deviation)),
            row(b, untrained_answer(scale)));
  EgoValues sign;
  for (size_t s = 0; s < sign.size(); ++s) sign[s] = kEgoSignals[s].changes_sign ? -1 : 1;
  const ValueId seen = b.slice(both, 0, 0, o.batch);
  const ValueId mirrored = b.mul(b.slice(both, 0, o.batch, 2 * o.batch), row(b, sign));
  b.output("signals", b.mul(b.add(seen, mirrored), 0.5));
  return std::move(b).finish();
}

}  // namespace dojo
