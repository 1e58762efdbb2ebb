#include "dojo/model/predict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "dojo/model/blocks.h"

namespace dojo {
namespace {

constexpr int kResidualBlocks = 3;
constexpr int64_t kMatchingRadius = 1;
constexpr int64_t kMatchingShifts = (2 * kMatchingRadius + 1) * (2 * kMatchingRadius + 1);

// Corrects the flow of one level.
class Corrector {
 public:
  Corrector(Builder& b, const PredictOptions& o, int64_t level)
      : Corrector(b.scope(fmt::format("level{}", level)), b, o) {}

  struct Result {
    ValueId flow, features;
  };

  // Newest first: frames[k] is frame T-1-k, warped[k] the same one warped by (k+1) f.
  Result operator()(Builder& b, const std::vector<ValueId>& frames,
                    const std::vector<ValueId>& warped, ValueId flow) const {
    std::vector<ValueId> parts = warped;
    for (size_t k = 0; k + 1 < warped.size(); ++k) parts.push_back(b.sub(warped[k], warped[k + 1]));
    parts.push_back(b.add(frames[0], -0.5));
    parts.push_back(b.sub(frames[0], frames[1]));
    parts.push_back(b.mul(flow, 0.25));
    parts.push_back(matching(b, warped[0], warped[1], kMatchingRadius));
    ValueId h = gelu(b, stem_(b, b.concat(parts, 1)));
    for (const ResidualBlock& block : body_) h = block(b, h);
    return {b.add(flow, head_(b, h)), h};
  }

 private:
  Corrector(const Builder::Scope&, Builder& b, const PredictOptions& o)
      : stem_(b, "stem", 6 * o.frames + 5 + kMatchingShifts, o.channels),
        head_(b, "head", o.channels, 2, {.starts_at_zero = true}) {
    for (int i = 0; i < kResidualBlocks; ++i)
      body_.emplace_back(b, fmt::format("block{}", i), o.channels);
  }

  Conv stem_, head_;
  std::vector<ResidualBlock> body_;
};

struct Prediction {
  ValueId next;  // [B,3,H,W]
  // After each correction: the last frame of that level warped by the new flow, and the level.
  std::vector<std::pair<int64_t, ValueId>> warped_by_level;
};

// `frames` newest first, each [B,3,H,W].
Prediction predict_next(Builder& b, const PredictOptions& o, const std::vector<ValueId>& frames) {
  Prediction result;
  ValueId flow = kNoValue, features = kNoValue;
  const auto warp_all = [&](const std::vector<ValueId>& images) {
    std::vector<ValueId> warped;
    for (size_t k = 0; k < images.size(); ++k)
      warped.push_back(warp(b, images[k], flow, static_cast<double>(k + 1)));
    return warped;
  };
  for (size_t l = 0; l < o.levels.size(); ++l) {
    const int64_t level = o.levels[l];
    const Corrector correct(b, o, level);
    std::vector<ValueId> images;
    for (ValueId x : frames) images.push_back(average_pool(b, x, level));
    if (l == 0) {
      const Shape shape = {o.batch, 2, o.height / level, o.width / level};
      flow = b.op("Expand", {b.constant(0)}, {{"shape", shape}});
    } else {
      flow = b.mul(upsample(b, flow, 2), 2);
    }
    std::vector<ValueId> warped = warp_all(images);
    for (int64_t round = 0; round < o.rounds[l]; ++round) {
      const auto corrected = correct(b, images, warped, flow);
      flow = corrected.flow;
      features = corrected.features;
      // For the next round; after the last one all but [0] is dropped as dead.
      warped = warp_all(images);
      result.warped_by_level.emplace_back(level, warped[0]);
    }
  }
  flow = b.mul(upsample(b, flow, 2), 2);
  const Conv final_head(b, "final", o.channels, 16, {.starts_at_zero = true});
  const ValueId heads = b.op("DepthToSpace", {final_head(b, features)},
                             {{"blocksize", int64_t{2}}, {"mode", std::string("CRD")}});
  const ValueId gate = b.op("Tanh", {b.slice(heads, 1, 0, 1)});
  const ValueId residual = b.mul(b.slice(heads, 1, 1, 4), 0.5);
  const ValueId last = warp(b, frames[0], flow), previous = warp(b, frames[1], flow, 2);
  result.next = b.add(b.add(last, b.mul(gate, b.sub(previous, last))), residual);
  return result;
}

std::vector<ValueId> newest_first(Builder& b, ValueId clip, int64_t count) {
  std::vector<ValueId> frames;
  for (int64_t t = count - 1; t >= 0; --t) frames.push_back(frame(b, clip, t));
  return frames;
}

}  // namespace

ModelMetadata to_metadata(const PredictOptions& o) {
  ModelMetadata metadata = common_metadata(o);
  metadata["levels"] = fmt::format("{}", fmt::join(o.levels, ","));
  metadata["rounds"] = fmt::format("{}", fmt::join(o.rounds, ","));
  return metadata;
}

PredictOptions predict_options_from(const ModelMetadata& metadata) {
  auto o = common_options_from<PredictOptions>(metadata);
  o.levels = metadata_integers(metadata, "levels");
  o.rounds = metadata_integers(metadata, "rounds");
  return checked_metadata(std::move(o));
}

void check(const PredictOptions& o) {
  check_batch_and_frames(o.batch, o.frames);
  check_channels(o.channels);
  if (o.levels.empty() || o.levels.size() > 8 || o.levels.size() != o.rounds.size() ||
      o.levels.back() != 2)
    refuse_option(fmt::format("levels are {} with rounds {}", o.levels, o.rounds),
                  "give as many rounds as levels, ending at level 2");
  for (size_t l = 0; l < o.levels.size(); ++l) {
    if (l > 0 && (o.levels[l - 1] % 2 != 0 || o.levels[l - 1] / 2 != o.levels[l]))
      refuse_option(fmt::format("levels are {}", o.levels), "each level is half of the one before");
    if (o.rounds[l] < 1 || o.rounds[l] > 16)
      refuse_option(fmt::format("rounds are {}", o.rounds), "take 1 to 16");
  }
  check_size(o.height, o.width, o.levels[0]);
}

TaskGraph predict_training(Builder& b, const PredictOptions& o) {
  check(o);
  const ValueId clip = b.data("clip", {Format::kU8, {o.batch, o.frames + 1, o.height, o.width, 3}});
  const ValueId target = frame(b, clip, o.frames);
  const std::vector<ValueId> frames = newest_first(b, clip, o.frames);
  const Prediction p = predict_next(b, o, frames);

  const ValueId error = b.sub(p.next, target);
  const ValueId mse = mean_square(b, error);
  ValueId loss = b.add(mse, b.mul(mean(b, b.op("Abs", {error})), 0.02));
  // The flow of each level is pulled towards what explains the target there (Charbonnier's smooth
  // L1).
  const double weight = 0.03 / static_cast<double>(p.warped_by_level.size());
  for (const auto& [level, warped] : p.warped_by_level) {
    const ValueId difference = b.sub(warped, average_pool(b, target, level));
    const ValueId distance = b.op("Sqrt", {b.add(b.mul(difference, difference), 1e-4)});
    loss = b.add(loss, b.mul(mean(b, distance), weight));
  }
  return {
      loss, {{"mse", mse}, {"copy_last_mse", mean_square(b, b.sub(frames[0], target))}}, p.next};
}

Graph predict_inference(const PredictOptions& o) {
  check(o);
  Builder b("predict");
  const ValueId input = b.data("frames", {Format::kF32, {o.batch, o.frames, o.height, o.width, 3}});
  std::vector<ValueId> frames = newest_first(b, input, o.frames);
  for (ValueId& x : frames) x = b.concat({x, mirror(b, x)}, 0);
  PredictOptions both = o;
  both.batch = 2 * o.batch;
  const ValueId next = predict_next(b, both, frames).next;
  const ValueId seen = b.slice(next, 0, 0, o.batch);
  const ValueId mirrored = mirror(b, b.slice(next, 0, o.batch, 2 * o.batch));
  b.output("next", b.transpose(b.mul(b.add(seen, mirrored), 0.5), {0, 2, 3, 1}));
  return std::move(b).finish();
}

}  // namespace dojo
