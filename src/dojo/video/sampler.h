// Which frames make up the n-th clip: arithmetic on (seed, position), no state. The n-th clip of an epoch is the same whatever
// was asked before, so resuming and re-sharding are exact.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/video/recording.h"

namespace dojo {

enum class SamplingOrder {
  kGopRun,   // runs of neighbouring clips share one decode; a shuffle over runs mixes them
  kUniform,  // a random permutation of all clips of the epoch: exact, and slower
};

struct SamplerOptions {
  int64_t frames = 5;             // T
  double interval_seconds = 0.1;  // between the frames of a clip; the nearest frames in time are taken
  std::vector<double> interval_factors = {1.0};  // one is drawn for each clip: varied intervals
  uint64_t seed = 1;
  SamplingOrder order = SamplingOrder::kGopRun;
  int64_t runs_mixed = 8;         // kGopRun: how many runs are open at a time
};

// One clip: frame numbers in presentation order, as a sequential decode counts them.
struct ClipRef {
  int32_t recording = 0;
  std::vector<int64_t> frames;  // [T], ascending
  bool operator==(const ClipRef&) const = default;
};

class ClipSampler {
 public:
  ClipSampler(const std::vector<Recording>& recordings, const SamplerOptions& options);

  int64_t clips_per_epoch() const;             // 0: no recording is long enough
  ClipRef clip(uint64_t position) const;       // epoch = position / clips_per_epoch(). Each clip once in an epoch.

 private:
  struct Start { int32_t recording; int64_t first_frame; };
  SamplerOptions options_;
  std::vector<Recording> recordings_;
  std::vector<Start> starts_;  // clips in order of recording and time
};

}  // namespace dojo
