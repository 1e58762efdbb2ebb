// Clips to judge a network by, read once and kept in memory: evenly spaced over each held-out
// recording, the same in every run.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/train/evaluate.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/recording.h"
#include "dojo/video/sampler.h"

namespace dojo {

class Catalogue;

struct HeldOutOptions {
  int64_t inputs = 3, horizons = 4;  // frames given, frames to predict
  int64_t height = 128, width = 256;
  double interval_seconds = 0.1;
  int64_t clips_each = 32;     // at most, of a recording
  int64_t clips_in_all = 256;  // with many recordings each gives fewer, but at least 4
  int64_t max_bytes =
      int64_t{1} << 30;          // of all clips; then each recording gives fewer, at least 1
  double deadline_seconds = 60;  // for one clip
};

struct HeldOutClips {
  HeldOutSet set;
  std::vector<Quarantined> quarantined;  // files with clips that could not be read
  std::vector<std::string>
      messages;  // for people: where there are fewer clips or frames than asked for
};

// Reads them one after another; which ones is known at once. A recording too short for all horizons
// gives clips with fewer, and that is said; damaged clips are left out, with a word about how many,
// and it may be that none is left. A file at which decoding crashed or took too long three times is
// not asked again. Not thread-safe, but for stop().
class HeldOutReading {
 public:
  HeldOutReading(std::vector<Recording> recordings, const HeldOutOptions& options);

  int64_t num_clips() const { return total_; }  // that it will try to read
  const std::vector<std::string>& messages() const { return clips_.messages; }

  // Reads one more. False where there is none. Throws Interrupted (base/interrupt.h), also after
  // stop().
  bool next();
  void stop() { stop_ = true; }

  // Those read so far; the last call.
  HeldOutClips take() { return std::move(clips_); }
  bool has_clips() const { return !clips_.set.clips.empty(); }

 private:
  struct Choice {
    std::vector<ClipRef> clips;
    int64_t horizons = 0;
  };
  static Choice choose(const Recording& recording, const HeldOutOptions& options, int64_t count);
  std::string too_short_for_all() const;
  void leave_out(const Recording& recording, const Error& reason);
  void end_recording();

  const std::vector<Recording> recordings_;
  const HeldOutOptions options_;
  std::atomic<bool> stop_ = false;
  FrameReader reader_;
  std::vector<Choice> choices_;  // by recording
  int64_t total_ = 0;
  size_t recording_ = 0, clip_ = 0;  // the next one
  int64_t read_ = 0, left_out_ = 0;  // of this recording
  int failures_ = 0;                 // of this recording, other than damaged frames
  HeldOutClips clips_;
};

HeldOutClips load_held_out(const std::vector<Recording>& recordings, const HeldOutOptions& options);

// What was met in the files, for whoever looks at them next. Not what may be the machine's, nor
// where more is known already.
void note_problems(const std::vector<Quarantined>& quarantined, Catalogue* catalogue);

// The error, Category::kInput, that none is left, with the first reason.
Error no_clip_to_judge_by(const HeldOutClips& held, const HeldOutOptions& options);

}  // namespace dojo
