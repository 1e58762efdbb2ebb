// For tests: the smallest network that can be trained by the loop, and clips made of arithmetic.
// The clips move one grey level a frame, the network adds a learned constant to the last frame.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/train/clip_source.h"
#include "dojo/train/evaluate.h"
#include "dojo/train/step.h"

namespace dojo::tiny {

inline constexpr int64_t kBatch = 2, kInputs = 2, kSide = 4, kFrame = kSide * kSide * 3;

// [B,T+1,H,W,3] u8 -> frame i as f32 [B,1,H,W,3] in [0,1]
inline ValueId frame_of(Builder& b, ValueId clip, int64_t i) {
  const ValueId wide = b.op("Cast", {b.slice(clip, 1, i, i + 1)}, {{"to", std::string("f32")}});
  return b.mul(wide, 1.0 / 255);
}

inline TaskGraph training(Builder& b) {
  const ValueId clip = b.data("clip", {Format::kU8, {kBatch, kInputs + 1, kSide, kSide, 3}});
  const ValueId offset = b.parameter("offset", {kSide, kSide, 3}, normal(0.02));
  const ValueId gain = b.parameter("gain", {3}, constant_value(1));
  const ValueId last = frame_of(b, clip, kInputs - 1), target = frame_of(b, clip, kInputs);
  const auto mean_square = [&](ValueId a, ValueId c) {
    const ValueId d = b.sub(a, c);
    return b.op("ReduceMean", {b.mul(d, d)}, {{"keepdims", int64_t{0}}});
  };
  const ValueId mse = mean_square(b.add(b.mul(last, gain), offset), target);
  return {mse, {{"mse", mse}, {"copy_last_mse", mean_square(last, target)}}};
}

inline Graph step_graph() { return build_training_step("tiny", training, {}); }

inline Graph inference_graph() {
  Builder b("tiny_inference");
  const ValueId frames = b.data("frames", {Format::kF32, {kBatch, kInputs, kSide, kSide, 3}});
  const ValueId offset = b.parameter("offset", {kSide, kSide, 3}, constant_value(0));
  const ValueId gain = b.parameter("gain", {3}, constant_value(1));
  const ValueId last =
      b.reshape(b.slice(frames, 1, kInputs - 1, kInputs), {kBatch, kSide, kSide, 3});
  b.output("next", b.add(b.mul(last, gain), offset));
  return std::move(b).finish();
}

// Frame `t` of the clip that starts at grey level `start`.
inline void fill(uint8_t* frame, int64_t start, int64_t t) {
  for (int64_t i = 0; i < kFrame; ++i) frame[i] = static_cast<uint8_t>(start + i + 8 * t);
}

class Source : public ClipSource {
 public:
  void seek(uint64_t position) override { position_ = position; }
  uint64_t position() const override { return position_; }
  bool wait(double /*seconds*/) override { return true; }
  std::span<const uint8_t> next() override {
    clips_.resize(kBatch * (kInputs + 1) * kFrame);
    for (int64_t b = 0; b < kBatch; ++b, ++position_) {
      Random random(1, stream_id("tiny clips"), position_);
      const int64_t start = random.below(100);
      for (int64_t t = 0; t <= kInputs; ++t)
        fill(clips_.data() + (b * (kInputs + 1) + t) * kFrame, start, t);
    }
    if (on_next) on_next(position_);
    return clips_;
  }
  LoaderStats stats() const override { return {}; }
  std::vector<Quarantined> quarantined() const override { return lost; }

  std::function<void(uint64_t position)> on_next;
  std::vector<Quarantined> lost;

 private:
  uint64_t position_ = 0;
  std::vector<uint8_t> clips_;
};

inline HeldOutSet held_out(int64_t clips_each = 3, int64_t horizons = 2) {
  HeldOutSet set{.inputs = kInputs,
                 .height = kSide,
                 .width = kSide,
                 .interval_seconds = 0.1,
                 .recordings = {"a.mp4", "b.mp4"},
                 .clips = {}};
  for (int32_t recording = 0; recording < 2; ++recording)
    for (int64_t i = 0; i < clips_each; ++i) {
      HeldOutClip clip{
          .recording = recording, .frame = i + kInputs, .horizons = horizons, .frames = {}};
      clip.frames.resize(static_cast<size_t>((kInputs + horizons) * kFrame));
      for (int64_t t = 0; t < kInputs + horizons; ++t)
        fill(clip.frames.data() + t * kFrame, 10 * i + recording, t);
      set.clips.push_back(std::move(clip));
    }
  return set;
}

}  // namespace dojo::tiny
