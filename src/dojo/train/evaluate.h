// How good a predictor is on held-out clips, beside two baselines that a person understands:
// copying the last frame, and the classical optical flow between the last two frames applied once
// more (optical_flow.h). Frames are RGB in [0,1], predictions are clamped to [0,1], errors are
// means over pixels and channels. A score is the mean over the clips of a recording, or over all
// clips for the overall score (so that a recording counts by its clips). Beyond the first frame,
// predictions are fed back; the baselines do the same.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/train/safetensors.h"

namespace dojo {

struct HeldOutClip {
  int32_t recording = 0;        // index into HeldOutSet::recordings
  int64_t first_frame = 0;      // number of its first frame in its recording
  int64_t frame = 0;            // that of the first predicted one
  int64_t horizons = 0;         // frames that follow the given ones, at least 1
  std::vector<uint8_t> frames;  // [T+horizons,H,W,3] u8
};

struct HeldOutSet {
  int64_t inputs = 3;  // T
  int64_t height = 0, width = 0;
  double interval_seconds = 0.1;
  std::vector<std::string> recordings;  // names
  std::vector<HeldOutClip> clips;       // in order of recording and frame
};

struct Score {
  double mse = 0, copy_last_mse = 0, flow_mse = 0;  // means
  int64_t clips = 0;
};

struct Evaluation {
  Score overall;                              // of the next frame, as by_recording
  std::map<std::string, Score> by_recording;  // without recordings that gave no clip
  std::vector<Score> by_horizon;  // [h]: of the h+1-th frame, over the clips that have it
  double interval_seconds = 0;
};

// One object: mse, copy_last_mse, flow_mse, psnr, clips, by_recording {name: the same}, by_horizon
// [{horizon, seconds, the same}], score (mean_ratio()). psnr is 10 log10(1/mse), null for an error
// of 0.
std::string to_json(const Evaluation& evaluation);

// How far the error is below copy-last: 1 for the same, lower is better. What rounding to 8 bits
// costs is added to both, so that a camera that stands still gives about 1 for all small errors.
double score_ratio(const Score& score);

// The mean of score_ratio over the recordings: what `best` is chosen by. A recording in which
// little moves counts as much as one in which much does.
double mean_ratio(const Evaluation& evaluation);

// For people: "0.910", or "-" where the baseline's error is 0.
std::string ratio_text(double mse, double baseline_mse);

class Evaluator {
 public:
  // `inference`: data "frames" f32 [B,T,H,W,3] -> output "next" f32 [B,H,W,3]. Measures the optical
  // flow of the next frames, which takes some seconds.
  Evaluator(HeldOutSet set, const Graph& inference, const ExecutorFactory& make_executor);

  // The weights to judge. Throws Error(kInput) that names `path` where they do not fit.
  void load(const SafeTensors& weights, const std::string& path);

  // Errors of the first `horizons` predicted frames. Where `stop` is given and becomes true in
  // between, the result is empty: without clips. It may be called from other threads, one at a
  // time.
  Evaluation run(int64_t horizons, const std::function<bool()>& stop = {});

  // The frames that are predicted for clip `clip`, [h][H*W*3] in [0,1]: by the network, by optical
  // flow.
  std::vector<std::vector<float>> predict(size_t clip, int64_t horizons);
  std::vector<std::vector<float>> predict_by_flow(size_t clip, int64_t horizons) const;
  std::vector<float> frame(size_t clip,
                           int64_t index) const;  // [H*W*3] in [0,1]; index < T + horizons

  const HeldOutSet& set() const { return set_; }
  int64_t memory_bytes() const { return executor_->memory_bytes(); }

 private:
  // Calls visit(clip, h, predicted frame) for the clips and horizons that exist. False if stopped.
  template <typename Visit>
  bool predict_all(const std::vector<size_t>& clips, int64_t horizons, const Visit& visit,
                   const std::function<bool()>& stop);
  void measure_flow(int64_t horizons, const std::function<bool()>& stop);
  double error(size_t clip, int64_t h, const float* prediction) const;

  HeldOutSet set_;
  std::unique_ptr<Executor> executor_;
  int64_t batch_ = 0, frame_size_ = 0;
  std::vector<std::vector<double>> flow_mse_;  // [clip][h], computed once
};

}  // namespace dojo
