#include "dojo/model/ego.h"

#include <vector>

#include "dojo/model/motion.h"

namespace dojo {
namespace {

constexpr int64_t kSignals = kEgoSignals.size();
constexpr int64_t kPairNumbers = 64;  // that one pair of frames is summed up in
constexpr int64_t kCoarsest = 16;     // of the encoder
constexpr double kHuber = 1;          // standard deviations

// T frames, oldest first, each [B,3,H,W] -> [B,3] in deviations from the mean.
ValueId standardised(Builder& b, const EgoOptions& o, const std::vector<ValueId>& frames) {
  const MotionEncoder encoder(b, "encoder", o.channels);
  const int64_t pairs = o.frames - 1, batch = b.shape(frames[0])[0];
  const int64_t size = encoder.channels_out() * (o.height / kCoarsest) * (o.width / kCoarsest);
  const Dense of_pair(b, "pair", size, kPairNumbers);
  const Dense together(b, "together", pairs * kPairNumbers, kPairNumbers);
  const Dense head(b, "head", kPairNumbers, kSignals, /*starts_at_zero=*/true);

  const ValueId maps = b.reshape(encoder(b, frames), {pairs * batch, size});
  const ValueId numbers = gelu(b, of_pair(b, maps));
  std::vector<ValueId> parts;
  for (int64_t k = 0; k < pairs; ++k)
    parts.push_back(b.slice(numbers, 0, k * batch, (k + 1) * batch));
  return head(b, gelu(b, together(b, b.concat(parts, 1))));
}

std::vector<ValueId> frames_of(Builder& b, ValueId clip, int64_t count) {
  std::vector<ValueId> frames;
  for (int64_t t = 0; t < count; ++t) frames.push_back(frame(b, clip, t));
  return frames;
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

ModelMetadata to_metadata(const EgoOptions& o) { return common_metadata(o); }

EgoOptions ego_options_from(const ModelMetadata& metadata) {
  return checked_metadata(common_options_from<EgoOptions>(metadata));
}

void check(const EgoOptions& o) {
  check_batch_and_frames(o.batch, o.frames);
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
  const ValueId answer = standardised(b, o, frames_of(b, clip, o.frames));

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
  std::vector<ValueId> frames = frames_of(b, clip_input(b, o), o.frames);
  for (ValueId& x : frames) x = b.concat({x, mirror(b, x)}, 0);
  const ValueId both = b.add(b.mul(standardised(b, o, frames), row(b, scale.deviation)),
                             row(b, untrained_answer(scale)));
  EgoValues sign;
  for (size_t s = 0; s < sign.size(); ++s) sign[s] = kEgoSignals[s].changes_sign ? -1 : 1;
  const ValueId seen = b.slice(both, 0, 0, o.batch);
  const ValueId mirrored = b.mul(b.slice(both, 0, o.batch, 2 * o.batch), row(b, sign));
  b.output("signals", b.mul(b.add(seen, mirrored), 0.5));
  return std::move(b).finish();
}

}  // namespace dojo
