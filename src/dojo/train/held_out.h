// Clips to judge a network by, read once and kept in memory: evenly spaced over each held-out
// recording, the same in every run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/train/evaluate.h"
#include "dojo/video/recording.h"

namespace dojo {

struct HeldOutOptions {
  int64_t inputs = 3, horizons = 4;  // frames given, frames to predict
  int64_t height = 128, width = 256;
  double interval_seconds = 0.1;
  int64_t clips_each = 32;     // at most, of a recording
  int64_t clips_in_all = 256;  // with many recordings each gives fewer, but at least 4
  int64_t max_bytes =
      int64_t{1} << 30;          // of all clips; then each recording gives fewer, at least 1
  double deadline_seconds = 60;  // for one clip; then its file is given up
  std::function<void(int64_t done, int64_t total)> progress = {};  // before each clip
};

struct HeldOutClips {
  HeldOutSet set;
  std::vector<Quarantined> quarantined;  // files with clips that could not be read
  std::vector<std::string>
      messages;  // for people: where there are fewer clips or frames than asked for
};

// A recording too short for all horizons gives clips with fewer, and that is said; damaged clips
// are left out, and it may be that none is left.
HeldOutClips load_held_out(const std::vector<Recording>& recordings, const HeldOutOptions& options);

// The error, Category::kInput, that none is left, with the first reason.
Error no_clip_to_judge_by(const HeldOutClips& held, const HeldOutOptions& options);

}  // namespace dojo
