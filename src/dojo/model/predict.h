// The task `predict`: from T frames the next one, by motion consistency. Labels are never needed.
//
// On a pyramid of levels (1/16, 1/8, 1/4, 1/2 of the size) a flow f [B,2,h,w] (pixels of that
// level) starts at zero, is corrected by a small residual network `rounds` times a level, and is
// doubled and upsampled between levels. The last frame is warped by f, the one before by 2f, the
// one before that by 3f: where f is right they agree with each other and with the future. At the
// end
//
//   next = warp(last, f) + gate * (warp(previous, 2f) - warp(last, f)) + residual
//
// where gate and residual come from the features of the finest level. All heads start at zero, so
// an untrained network is exactly the copy-last baseline, and each improvement on it is real.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/model/options.h"
#include "dojo/model/task.h"

namespace dojo {

struct PredictOptions {
  int64_t batch = 8;
  int64_t frames = 3;    // T, at least 2: the frames that are given
  int64_t height = 128;  // multiples of the coarsest level
  int64_t width = 256;
  int64_t channels = 32;  // of the correcting networks; a multiple of 8
  std::vector<int64_t> levels = {
      16, 8, 4, 2};  // divisors of the size, each half of the one before, ending in 2
  std::vector<int64_t> rounds = {2, 2, 2, 1};  // corrections at each level
};

// The architecture as text and back, for checkpoints; batch is not part of it. Throws Error(kInput)
// for a missing or senseless entry.
ModelMetadata to_metadata(const PredictOptions& options);
PredictOptions predict_options_from(const ModelMetadata& metadata);

// Throws Error(kConfig) that says which option is wrong.
void check(const PredictOptions& options);

// data "clip" u8 [B,T+1,H,W,3], the last frame is the target. Metrics: "mse" and "copy_last_mse" on
// [0,1].
TaskGraph predict_training(Builder& b, const PredictOptions& options);

// data "frames" f32 [B,T,H,W,3] in [0,1] -> output "next" f32 [B,H,W,3], not clamped. The same
// parameter names. The prediction is the mean of that for the frames and, mirrored back, that for
// their mirror images: the world has no preferred side, a network trained on few drives has.
Graph predict_inference(const PredictOptions& options);

}  // namespace dojo
