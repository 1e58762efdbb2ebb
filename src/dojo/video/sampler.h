// Which frames make up the n-th clip: arithmetic on (seed, position), no state. The n-th clip of an
// epoch is the same whatever was asked before, so resuming and re-sharding are exact.
//
// Large collections: the files of an epoch come in a random order, 32 of them make a block (8 the
// first, so that training begins soon), and the blocks follow one another. Clips are shuffled
// within a block. So the first clips need the indexes of the first 8 files only, and training
// begins while the others are still being indexed. Up to 32 files are one block.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/video/align_cameras.h"
#include "dojo/video/recording.h"

namespace dojo {

enum class SamplingOrder {
  kGopRun,   // runs of neighbouring clips share one decode; a shuffle over runs mixes them
  kUniform,  // a random permutation of all clips of the epoch: exact, and slower
};

std::string_view name(SamplingOrder order);                           // "gop-run", "uniform"
std::optional<SamplingOrder> parse_sampling_order(std::string_view);  // of these names

struct SamplerOptions {
  int64_t frames = 5;  // T
  double interval_seconds =
      0.1;  // between the frames of a clip, rounded to whole frames where the rate is constant
  std::vector<double> interval_factors = {1.0};  // one is drawn for each clip: varied intervals
  uint64_t seed = 1;
  SamplingOrder order = SamplingOrder::kGopRun;
  int64_t runs_mixed = 8;    // kGopRun: how many runs are open at a time
  int64_t files_mixed = 32;  // kGopRun: files in a block; of several, a quarter in the first
};

// One clip: frame numbers in presentation order, as a sequential decode counts them.
struct ClipRef {
  int32_t recording = 0;
  std::vector<int64_t> frames;  // [T], ascending
  // [C,T] Of a clip of several cameras: what it shows in place of those frames, which set the times
  // (camera_views.h). A sampler leaves it empty.
  std::vector<CameraFrame> views = {};
  bool operator==(const ClipRef&) const = default;
};

// Not thread-safe.
class ClipSampler {
 public:
  // Recordings that are not indexed yet are given later.
  ClipSampler(const std::vector<Recording>& recordings, const SamplerOptions& options);

  // REQUIRES: recording number `i` was not indexed so far. One without frames gives no clips.
  void set_recording(int32_t i, const Recording& indexed);

  // The recordings that have to be set before clip(position) is known; empty: it is known now.
  // kUniform order needs all, as do the epochs after the first.
  std::vector<int32_t> missing(uint64_t position) const;
  bool is_complete() const { return unknown_ == 0; }  // all recordings are set

  int64_t clips_per_epoch() const;  // REQUIRES: is_complete(). 0: no recording is long enough
  // Each clip comes once in an epoch; epoch = position / clips_per_epoch(). REQUIRES:
  // missing(position) is empty, and there is a clip.
  ClipRef clip(uint64_t position) const;

  // What position `position` gets in place of clip(position) if that cannot be read: the first
  // usable of attempt 0, 1, 2, ...: clips of the same block as long as there are any that were not
  // tried, then those of others. Nothing where all were tried, or where it takes recordings that
  // are not set yet. REQUIRES: as for clip().
  std::optional<ClipRef> replacement(uint64_t position, int64_t attempt) const;

  int64_t window() const;  // how many positions ahead of one share their decoding with it

  // kGopRun: the end of the positions among which the clips of `position`'s runs are mixed; beyond
  // it other runs begin. kUniform: position + 1. REQUIRES: as for clip().
  uint64_t mixed_until(uint64_t position) const;

  // Of the first epoch: the recordings in the order in which they are needed, and the position from
  // which on one is (nothing while that is not known).
  std::vector<int32_t> order_of_need() const;
  std::optional<uint64_t> needed_from(int32_t recording) const;

 private:
  struct Run {
    int64_t begin, end;
  };  // of File::first_frames
  struct File {
    Recording recording;
    bool known = false;
    std::vector<int64_t> first_frames;  // of its clips, ascending
    std::vector<Run> runs;              // neighbouring clips, about a group of pictures or more
    int64_t clips() const { return static_cast<int64_t>(first_frames.size()); }
  };
  struct Epoch;
  struct Block;
  struct Place {
    uint64_t epoch;
    int64_t block, offset;  // of the clip within the block
  };

  const Epoch& epoch(uint64_t number) const;
  const Block& block(const Place& place) const;
  std::optional<Place> find(uint64_t position) const;
  std::span<const int32_t> files_of(const Epoch& epoch, int64_t block) const;
  ClipRef nth_of(std::span<const int32_t> files, int64_t n, uint64_t position) const;
  ClipRef make_clip(int32_t recording, int64_t start, uint64_t position) const;
  int64_t files_in_block() const;
  int64_t block_begin(int64_t block) const;  // in Epoch::files
  int64_t group_of(const Block& block, int64_t offset) const;
  Run mixed(const Block& block, int64_t group) const;  // offsets of its clips in the block

  SamplerOptions options_;
  std::vector<File> files_;
  size_t unknown_ = 0;
  int64_t clips_ = 0;  // of the recordings that are set
  int64_t longest_run_ = 0;
  // Pure functions of the above, remembered.
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
