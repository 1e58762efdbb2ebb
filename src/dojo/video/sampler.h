// Which frames make up the n-th clip: arithmetic on (seed, position), no state. The n-th clip of an
// epoch is the same whatever was asked before, so resuming and re-sharding are exact.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dojo/video/recording.h"

namespace dojo {

enum class SamplingOrder {
  kGopRun,   // runs of neighbouring clips share one decode; a shuffle over runs mixes them
  kUniform,  // a random permutation of all clips of the epoch: exact, and slower
};

struct SamplerOptions {
  int64_t frames = 5;  // T
  double interval_seconds =
      0.1;  // between the frames of a clip, rounded to whole frames where the rate is constant
  std::vector<double> interval_factors = {1.0};  // one is drawn for each clip: varied intervals
  uint64_t seed = 1;
  SamplingOrder order = SamplingOrder::kGopRun;
  int64_t runs_mixed = 8;  // kGopRun: how many runs are open at a time
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

  int64_t clips_per_epoch() const;  // 0: no recording is long enough
  ClipRef clip(uint64_t position)
      const;  // epoch = position / clips_per_epoch(). Each clip once in an epoch.

  // What position `position` gets in place of clip(position) if that cannot be read: the first
  // usable of attempt 0, 1, 2, ...
  ClipRef replacement(uint64_t position, int64_t attempt) const;

  int64_t window() const;  // how many positions ahead of one share their decoding with it

 private:
  struct Start {
    int32_t recording;
    int64_t first_frame;
  };
  struct Run {
    int64_t begin, end;
  };             // of starts_
  struct Order;  // of one epoch; a pure function of it, remembered
  ClipRef make_clip(int64_t start, uint64_t position) const;
  std::shared_ptr<const Order> order_of(uint64_t epoch) const;

  SamplerOptions options_;
  std::vector<Recording> recordings_;
  std::vector<Start> starts_;  // clips in order of recording and time
  std::vector<Run> runs_;      // neighbouring clips, about a group of pictures or more
  struct Memory;
  std::shared_ptr<Memory> memory_;
};

// The frames of a clip of `frames` frames that begins with frame `first`. Where the frame rate is
// constant they are a whole number of frames apart, the nearest to the interval, so that a steady
// motion looks steady (0.1 s at 25 frames/s: every second frame, not 2, 3, 2, 3 ...); else those
// nearest in time to first + k * interval. Empty if the recording has no such clip: it would leave
// [first_frame, end_frame), take a frame twice, or miss a time by more than half an interval.
std::vector<int64_t> clip_frames(const Recording& recording, int64_t first, int64_t frames,
                                 double interval_seconds);

// Clips for evaluation, the same in every run: at most `max_clips`, spread evenly over all possible
// ones of each recording in turn.
std::vector<ClipRef> held_out_clips(const std::vector<Recording>& recordings, int64_t frames,
                                    double interval_seconds, int64_t max_clips);

// Number `i` of a random permutation of [0, n), chosen by the key; costs no memory. REQUIRES: 0 <=
// i < n.
int64_t permuted(int64_t i, int64_t n, uint64_t seed, uint64_t stream, uint64_t substream);

}  // namespace dojo
