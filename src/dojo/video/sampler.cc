#include "dojo/video/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <list>
#include <numeric>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/random.h"

namespace dojo {
namespace {

// Groups of pictures are joined to runs of at least so many clips, and cut where a run would be
// twice as long. Beyond its last clip's beginning a run decodes frames that belong to the next run,
// too, one span of a clip: with eight spans these cost 1/9.
constexpr int64_t kShortRun = 32, kLongestShortRun = 256;
constexpr int64_t kSpans = 8;
constexpr int64_t kUniformWindow = 256;

// Times in containers are rounded to a millisecond or so: of two frames about equally near, take
// the earlier.
constexpr double kTie = 1e-3;

}  // namespace

std::string_view name(SamplingOrder order) {
  return order == SamplingOrder::kUniform ? "uniform" : "gop-run";
}

std::optional<SamplingOrder> parse_sampling_order(std::string_view text) {
  for (SamplingOrder order : {SamplingOrder::kGopRun, SamplingOrder::kUniform})
    if (text == name(order)) return order;
  return std::nullopt;
}

// A balanced Feistel network of four Philox rounds on the smallest even number of bits that holds
// n; values >= n walk on.
int64_t permuted(int64_t i, int64_t n, uint64_t seed, uint64_t stream, uint64_t substream) {
  DOJO_CHECK(i >= 0 && i < n);
  int half = 1;
  while (int64_t{1} << (2 * half) < n) ++half;
  const uint64_t mask = (uint64_t{1} << half) - 1;
  const std::array<uint32_t, 2> key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  const auto fold = [](uint64_t x) { return static_cast<uint32_t>(x ^ x >> 32); };
  uint64_t x = static_cast<uint64_t>(i);
  do {
    uint64_t left = x >> half, right = x & mask;
    for (uint32_t round = 0; round < 4; ++round) {
      const uint64_t f = philox4x32_10(
          {static_cast<uint32_t>(right), round, fold(stream), fold(substream)}, key)[0];
      const uint64_t next = (left ^ f) & mask;
      left = right;
      right = next;
    }
    x = left << half | right;
  } while (x >= static_cast<uint64_t>(n));
  return static_cast<int64_t>(x);
}

namespace {

// True iff the frames `stride` apart stand evenly in time: each within half a frame of its place.
// REQUIRES: they are all there.
bool are_even(const Recording& r, int64_t first, int64_t frames, int64_t stride,
              double frame_seconds) {
  const double* t = r.pts_seconds.data() + first;
  for (int64_t k = 1; k < frames; ++k)
    if (std::abs(t[k * stride] - t[0] - static_cast<double>(k * stride) * frame_seconds) >
        frame_seconds / 2)
      return false;
  return true;
}

// The frames nearest to the times wanted, or nothing where one would be taken twice or is far off.
std::vector<int64_t> nearest_frames(const Recording& r, int64_t first, int64_t frames,
                                    double interval) {
  const std::vector<double>& t = r.pts_seconds;
  std::vector<int64_t> clip{first};
  const auto end = t.begin() + r.end_frame;
  for (int64_t k = 1; k < frames; ++k) {
    const double wanted = t[static_cast<size_t>(first)] + static_cast<double>(k) * interval;
    auto at = std::lower_bound(t.begin() + first, end, wanted);
    if (at == end) {  // beyond the last frame: it counts until half a frame later
      const double step = *(end - 1) - *(end - 2);
      if (wanted - *(end - 1) > step / 2 + kTie) return {};
      --at;
    } else if (at != t.begin() + first && wanted - *(at - 1) <= *at - wanted + kTie) {
      --at;
    }
    const int64_t frame = at - t.begin();
    if (frame <= clip.back() || std::abs(*at - wanted) > interval / 2 + kTie) return {};
    clip.push_back(frame);
  }
  return clip;
}

}  // namespace

std::vector<int64_t> clip_frames(const Recording& r, int64_t first, int64_t frames,
                                 double interval) {
  if (first < r.first_frame || first + frames > r.end_frame) return {};
  const int64_t near = std::min(first + 8, r.end_frame - 1);
  if (near == first) return {first};
  const double frame_seconds =
      (r.pts_seconds[static_cast<size_t>(near)] - r.pts_seconds[static_cast<size_t>(first)]) /
      static_cast<double>(near - first);
  if (!(frame_seconds > 0)) return {};  // times so large that neighbours are one number
  const double ratio = interval / frame_seconds;
  const int64_t stride = std::max<int64_t>(1, std::llround(std::ceil(ratio - 0.5 - kTie)));
  if (std::abs(static_cast<double>(stride) - ratio) <= ratio / 2 + kTie) {
    const int64_t last = first + (frames - 1) * stride;
    if (last >= r.end_frame) return {};
    if (are_even(r, first, frames, stride, frame_seconds)) {
      std::vector<int64_t> clip;
      for (int64_t frame = first; frame <= last; frame += stride) clip.push_back(frame);
      return clip;
    }
  }
  return nearest_frames(r, first, frames, interval);
}

struct ClipSampler::Epoch {
  uint64_t number = 0;
  std::vector<int32_t> files;      // block after block, ascending in each
  std::vector<int64_t> block_end;  // clips before the end of each block, as far as that is known
};

struct ClipSampler::Block {
  uint64_t epoch = 0;
  int64_t number = 0;
  struct Place {
    int32_t file;
    size_t run;
  };
  std::vector<Place> runs;       // in their order
  std::vector<int64_t> run_end;  // clips before the end of each run of `runs`
};

struct ClipSampler::Memory {
  std::list<Epoch> epochs;  // the last used first
  std::list<Block> blocks;
};

ClipSampler::ClipSampler(const std::vector<Recording>& recordings, const SamplerOptions& options)
    : options_(options),
      files_(recordings.size()),
      unknown_(recordings.size()),
      memory_(std::make_shared<Memory>()) {
  if (options.frames < 1)
    throw Error(Category::kConfig, fmt::format("a clip of {} frames", options.frames));
  if (!(options.interval_seconds > 0))
    throw Error(Category::kConfig,
                fmt::format("an interval of {} s between frames", options.interval_seconds));
  if (options.interval_factors.empty())
    throw Error(Category::kConfig, "no factor for the interval");
  if (options.runs_mixed < 1 || options.files_mixed < 1)
    throw Error(Category::kConfig,
                fmt::format("{} runs of {} files mixed", options.runs_mixed, options.files_mixed));
  for (double f : options.interval_factors)
    if (!(f > 0)) throw Error(Category::kConfig, fmt::format("a factor of {} for the interval", f));
  for (size_t i = 0; i < recordings.size(); ++i)
    if (recordings[i].is_indexed()) set_recording(static_cast<int32_t>(i), recordings[i]);
}

void ClipSampler::set_recording(int32_t i, const Recording& r) {
  File& file = files_[static_cast<size_t>(i)];
  DOJO_CHECK(!file.known);
  file.known = true;
  --unknown_;
  int64_t last_key = -1, span = 0;  // frames from the first of a clip to its last, so far
  for (int64_t first = r.first_frame; first < r.end_frame; ++first) {
    int64_t last = -1;
    for (double f : options_.interval_factors)
      if (const auto frames = clip_frames(r, first, options_.frames, options_.interval_seconds * f);
          !frames.empty())
        last = std::max(last, frames.back());
    if (last < 0) continue;
    span = std::max(span, last - first);
    // A new run begins with a recording, and at a key frame when the run has some length, and at
    // last when it is long.
    const auto key =
        std::upper_bound(r.key_frames.begin(), r.key_frames.end(), first) - r.key_frames.begin();
    const int64_t count = file.clips();
    const int64_t length = last_key < 0 ? 0 : count - file.runs.back().begin;
    const int64_t enough = std::clamp(kSpans * span, kShortRun, kLongestShortRun);
    if (last_key < 0 || (key != last_key && length >= enough) || length >= 2 * enough)
      file.runs.push_back({count, count});
    last_key = key;
    file.first_frames.push_back(first);
    file.runs.back().end = count + 1;
    longest_run_ = std::max(longest_run_, count + 1 - file.runs.back().begin);
  }
  clips_ += file.clips();
  if (file.clips() == 0) return;
  file.recording.pts_seconds = r.pts_seconds;
  file.recording.first_frame = r.first_frame;
  file.recording.end_frame = r.end_frame;
}

int64_t ClipSampler::clips_per_epoch() const {
  DOJO_CHECK(is_complete());
  return clips_;
}

int64_t ClipSampler::window() const {
  return options_.order == SamplingOrder::kUniform ? kUniformWindow
                                                   : 2 * longest_run_ * options_.runs_mixed;
}

int64_t ClipSampler::files_in_block() const {
  const int64_t all = std::max<int64_t>(1, std::ssize(files_));
  return options_.order == SamplingOrder::kUniform ? all : std::min(all, options_.files_mixed);
}

int64_t ClipSampler::block_begin(int64_t block) const {
  const int64_t all = std::ssize(files_), size = files_in_block();
  if (all <= size) return std::min(block, int64_t{1}) * all;
  return block == 0 ? 0 : std::min(all, std::max<int64_t>(1, size / 4) + (block - 1) * size);
}

std::span<const int32_t> ClipSampler::files_of(const Epoch& epoch, int64_t block) const {
  const int64_t begin = block_begin(block), end = block_begin(block + 1);
  return std::span(epoch.files)
      .subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

const ClipSampler::Epoch& ClipSampler::epoch(uint64_t number) const {
  std::list<Epoch>& epochs = memory_->epochs;
  auto at = std::find_if(epochs.begin(), epochs.end(),
                         [&](const Epoch& e) { return e.number == number; });
  const int64_t n = std::ssize(files_);
  if (at == epochs.end()) {
    Epoch made{.number = number, .files = {}, .block_end = {}};
    for (int64_t i = 0; i < n; ++i)
      made.files.push_back(
          static_cast<int32_t>(permuted(i, n, options_.seed, stream_id("files"), number)));
    for (int64_t block = 0; block_begin(block) < n; ++block)
      std::sort(made.files.begin() + block_begin(block),
                made.files.begin() + block_begin(block + 1));
    epochs.push_front(std::move(made));
    if (epochs.size() > 2) epochs.pop_back();
    at = epochs.begin();
  }
  epochs.splice(epochs.begin(), epochs, at);
  for (int64_t block = std::ssize(at->block_end); block_begin(block) < n; ++block) {
    int64_t clips = block == 0 ? 0 : at->block_end.back();
    bool known = true;
    for (int32_t file : files_of(*at, block)) {
      known &= files_[static_cast<size_t>(file)].known;
      clips += files_[static_cast<size_t>(file)].clips();
    }
    if (!known) break;
    at->block_end.push_back(clips);
  }
  return *at;
}

std::optional<ClipSampler::Place> ClipSampler::find(uint64_t position) const {
  Place place{.epoch = 0, .block = 0, .offset = 0};
  if (is_complete() && clips_ > 0) {
    place.epoch = position / static_cast<uint64_t>(clips_);
    position %= static_cast<uint64_t>(clips_);
  }
  const std::vector<int64_t>& ends = epoch(place.epoch).block_end;
  const int64_t offset = static_cast<int64_t>(std::min<uint64_t>(position, INT64_MAX));
  place.block = std::upper_bound(ends.begin(), ends.end(), offset) - ends.begin();
  if (place.block == std::ssize(ends)) return std::nullopt;
  place.offset = offset - (place.block == 0 ? 0 : ends[static_cast<size_t>(place.block) - 1]);
  return place;
}

std::vector<int32_t> ClipSampler::missing(uint64_t position) const {
  if (is_complete() || find(position)) return {};
  const Epoch& first = epoch(0);
  std::vector<int32_t> files;  // of the first block that is not known
  for (int32_t file : files_of(first, std::ssize(first.block_end)))
    if (!files_[static_cast<size_t>(file)].known) files.push_back(file);
  return files;
}

std::vector<int32_t> ClipSampler::order_of_need() const { return epoch(0).files; }

std::optional<uint64_t> ClipSampler::needed_from(int32_t recording) const {
  const Epoch& first = epoch(0);
  for (int64_t block = 0; block <= std::ssize(first.block_end); ++block) {
    if (block_begin(block) >= std::ssize(files_)) break;
    const std::span<const int32_t> files = files_of(first, block);
    if (std::find(files.begin(), files.end(), recording) != files.end())
      return block == 0 ? 0
                        : static_cast<uint64_t>(first.block_end[static_cast<size_t>(block) - 1]);
  }
  return std::nullopt;
}

const ClipSampler::Block& ClipSampler::block(const Place& place) const {
  std::list<Block>& blocks = memory_->blocks;
  const auto at = std::find_if(blocks.begin(), blocks.end(), [&](const Block& b) {
    return b.epoch == place.epoch && b.number == place.block;
  });
  if (at != blocks.end()) {
    blocks.splice(blocks.begin(), blocks, at);
    return blocks.front();
  }
  std::vector<Block::Place> all;
  for (int32_t file : files_of(epoch(place.epoch), place.block))
    for (size_t run = 0; run < files_[static_cast<size_t>(file)].runs.size(); ++run)
      all.push_back({file, run});
  Block made{.epoch = place.epoch, .number = place.block, .runs = {}, .run_end = {}};
  const int64_t n = std::ssize(all);
  int64_t clips = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t stream = stream_id("runs") + static_cast<uint64_t>(place.block);
    made.runs.push_back(
        all[static_cast<size_t>(permuted(i, n, options_.seed, stream, place.epoch))]);
    const Block::Place& at_run = made.runs.back();
    const Run& run = files_[static_cast<size_t>(at_run.file)].runs[at_run.run];
    made.run_end.push_back(clips += run.end - run.begin);
  }
  blocks.push_front(std::move(made));
  if (blocks.size() > 3) blocks.pop_back();
  return blocks.front();
}

ClipRef ClipSampler::make_clip(int32_t recording, int64_t start, uint64_t position) const {
  const File& file = files_[static_cast<size_t>(recording)];
  const int64_t first = file.first_frames[static_cast<size_t>(start)];
  std::vector<std::vector<int64_t>> possible;  // of the factors for which the clip fits
  for (double f : options_.interval_factors) {
    std::vector<int64_t> frames =
        clip_frames(file.recording, first, options_.frames, options_.interval_seconds * f);
    if (!frames.empty()) possible.push_back(std::move(frames));
  }
  Random random(options_.seed ^ position >> 32 << 32, stream_id("interval"), position);
  const int64_t which = random.below(std::ssize(possible));
  return {recording, std::move(possible[static_cast<size_t>(which)])};
}

// Clip number `n` of these recordings, counted in order of recording and time.
ClipRef ClipSampler::nth_of(std::span<const int32_t> files, int64_t n, uint64_t position) const {
  for (int32_t i : files) {
    const int64_t clips = files_[static_cast<size_t>(i)].clips();
    if (n < clips) return make_clip(i, n, position);
    n -= clips;
  }
  DOJO_CHECK(false);
  return {};
}

ClipRef ClipSampler::clip(uint64_t position) const {
  const std::optional<Place> place = find(position);
  DOJO_CHECK(place);
  if (options_.order == SamplingOrder::kUniform) {
    const Epoch& all = epoch(place->epoch);
    const int64_t n =
        permuted(place->offset, clips_, options_.seed, stream_id("clips"), place->epoch);
    return nth_of(all.files, n, position);
  }
  const Block& order = block(*place);
  const int64_t group = group_of(order, place->offset);
  const auto [begin, end] = mixed(order, group);
  const uint64_t stream = stream_id("mix") + static_cast<uint64_t>(place->block);
  const int64_t n = begin + permuted(place->offset - begin, end - begin, options_.seed, stream,
                                     place->epoch << 20 ^ static_cast<uint64_t>(group));
  const auto run = static_cast<size_t>(
      std::upper_bound(order.run_end.begin(), order.run_end.end(), n) - order.run_end.begin());
  const Block::Place& r = order.runs[run];
  const int64_t run_end = files_[static_cast<size_t>(r.file)].runs[r.run].end;
  return make_clip(r.file, run_end - (order.run_end[run] - n), position);
}

// The runs come in groups of `runs_mixed`; within a group all clips are shuffled.
int64_t ClipSampler::group_of(const Block& block, int64_t offset) const {
  return (std::upper_bound(block.run_end.begin(), block.run_end.end(), offset) -
          block.run_end.begin()) /
         options_.runs_mixed;
}

ClipSampler::Run ClipSampler::mixed(const Block& block, int64_t group) const {
  const int64_t first = group * options_.runs_mixed;
  const int64_t last = std::min<int64_t>(first + options_.runs_mixed, std::ssize(block.runs));
  return {first == 0 ? 0 : block.run_end[static_cast<size_t>(first - 1)],
          block.run_end[static_cast<size_t>(last - 1)]};
}

uint64_t ClipSampler::mixed_until(uint64_t position) const {
  if (options_.order == SamplingOrder::kUniform) return position + 1;
  const std::optional<Place> place = find(position);
  DOJO_CHECK(place);
  const Block& order = block(*place);
  const int64_t end = mixed(order, group_of(order, place->offset)).end;
  return position + static_cast<uint64_t>(end - place->offset);
}

std::optional<ClipRef> ClipSampler::replacement(uint64_t position, int64_t attempt) const {
  constexpr int64_t kRandomAttempts = 1000;  // then few clips are left: try all
  const std::optional<Place> place = find(position);
  DOJO_CHECK(place);
  const std::span<const int32_t> files = files_of(epoch(place->epoch), place->block);
  int64_t clips = 0;
  for (int32_t i : files) clips += files_[static_cast<size_t>(i)].clips();
  if (attempt < kRandomAttempts) {
    Random random(options_.seed ^ position >> 32 << 32,
                  stream_id("replacement") + static_cast<uint64_t>(attempt), position);
    return nth_of(files, random.below(clips), position);
  }
  const auto in_turn = [&](std::span<const int32_t> of, int64_t count) {
    const uint64_t n = position + static_cast<uint64_t>(attempt);
    return nth_of(of, static_cast<int64_t>(n % static_cast<uint64_t>(count)), position);
  };
  if (attempt < kRandomAttempts + clips) return in_turn(files, clips);
  if (!is_complete() || attempt >= kRandomAttempts + clips + clips_ || clips == clips_)
    return std::nullopt;
  std::vector<int32_t> all(files_.size());
  std::iota(all.begin(), all.end(), 0);
  return in_turn(all, clips_);
}

std::vector<ClipRef> held_out_clips(const std::vector<Recording>& recordings, int64_t frames,
                                    double interval_seconds, int64_t max_clips) {
  std::vector<std::vector<ClipRef>> all;
  for (size_t i = 0; i < recordings.size(); ++i) {
    std::vector<ClipRef> clips;
    for (int64_t first = recordings[i].first_frame; first < recordings[i].end_frame; ++first) {
      std::vector<int64_t> clip = clip_frames(recordings[i], first, frames, interval_seconds);
      if (!clip.empty()) clips.push_back({static_cast<int32_t>(i), std::move(clip)});
    }
    if (!clips.empty()) all.push_back(std::move(clips));
  }
  // The same share for each recording; what short ones leave over goes to the later, longer ones.
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
  std::vector<ClipRef> chosen;
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t left = max_clips - static_cast<int64_t>(chosen.size());
    const int64_t size = static_cast<int64_t>(all[i].size());
    const int64_t share = std::min(size, left / static_cast<int64_t>(all.size() - i));
    for (int64_t k = 0; k < share; ++k)
      chosen.push_back(all[i][static_cast<size_t>((2 * k + 1) * size / (2 * share))]);
  }
  std::stable_sort(chosen.begin(), chosen.end(), [](const ClipRef& a, const ClipRef& b) {
    return a.recording != b.recording ? a.recording < b.recording : a.frames[0] < b.frames[0];
  });
  return chosen;
}

}  // namespace dojo
