#include "dojo/video/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/random.h"

namespace dojo {
namespace {

constexpr int64_t kShortRun = 32,
                  kLongRun = 64;  // clips: groups of pictures are joined below, cut above

// Times in containers are rounded to a millisecond or so: of two frames about equally near, take
// the earlier.
constexpr double kTie = 1e-3;

}  // namespace

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

struct ClipSampler::Order {
  std::vector<int64_t> runs;     // in the order of the epoch
  std::vector<int64_t> run_end;  // clips before the end of each run of `runs`
};

struct ClipSampler::Memory {
  std::mutex mutex;
  uint64_t epoch[2] = {UINT64_MAX, UINT64_MAX};
  std::shared_ptr<const Order> order[2];
};

ClipSampler::ClipSampler(const std::vector<Recording>& recordings, const SamplerOptions& options)
    : options_(options), recordings_(recordings), memory_(std::make_shared<Memory>()) {
  if (options.frames < 1)
    throw Error(Category::kConfig, fmt::format("a clip of {} frames", options.frames));
  if (!(options.interval_seconds > 0))
    throw Error(Category::kConfig,
                fmt::format("an interval of {} s between frames", options.interval_seconds));
  if (options.interval_factors.empty())
    throw Error(Category::kConfig, "no factor for the interval");
  if (options.runs_mixed < 1)
    throw Error(Category::kConfig, fmt::format("{} runs mixed", options.runs_mixed));
  for (double f : options.interval_factors)
    if (!(f > 0)) throw Error(Category::kConfig, fmt::format("a factor of {} for the interval", f));
  for (size_t i = 0; i < recordings_.size(); ++i) {
    const Recording& r = recordings_[i];
    recordings_[i].index.reset();
    for (int64_t first = r.first_frame, run_key = -1; first < r.end_frame; ++first) {
      const bool any = std::any_of(
          options.interval_factors.begin(), options.interval_factors.end(), [&](double f) {
            return !clip_frames(r, first, options.frames, options.interval_seconds * f).empty();
          });
      if (!any) continue;
      // A new run begins with a recording, and with a key frame when the run has some length, and
      // at last when it is long.
      const auto key =
          std::upper_bound(r.key_frames.begin(), r.key_frames.end(), first) - r.key_frames.begin();
      const int64_t count = static_cast<int64_t>(starts_.size());
      const int64_t length = run_key < 0 ? 0 : count - runs_.back().begin;
      if (run_key < 0 || (key != run_key && length >= kShortRun) || length >= kLongRun) {
        runs_.push_back({count, count});
        run_key = key;
      }
      starts_.push_back({static_cast<int32_t>(i), first});
      runs_.back().end = count + 1;
    }
  }
}

int64_t ClipSampler::clips_per_epoch() const { return static_cast<int64_t>(starts_.size()); }

int64_t ClipSampler::window() const {
  return options_.order == SamplingOrder::kUniform ? 4 * kLongRun
                                                   : 2 * kLongRun * options_.runs_mixed;
}

std::shared_ptr<const ClipSampler::Order> ClipSampler::order_of(uint64_t epoch) const {
  const std::lock_guard lock(memory_->mutex);
  const size_t slot = epoch % 2;
  if (memory_->epoch[slot] == epoch) return memory_->order[slot];
  auto order = std::make_shared<Order>();
  const int64_t n = static_cast<int64_t>(runs_.size());
  int64_t clips = 0;
  for (int64_t i = 0; i < n; ++i) {
    order->runs.push_back(permuted(i, n, options_.seed, stream_id("runs"), epoch));
    const Run& run = runs_[static_cast<size_t>(order->runs.back())];
    order->run_end.push_back(clips += run.end - run.begin);
  }
  memory_->epoch[slot] = epoch;
  return memory_->order[slot] = order;
}

ClipRef ClipSampler::make_clip(int64_t start, uint64_t position) const {
  const Start& s = starts_[static_cast<size_t>(start)];
  const Recording& r = recordings_[static_cast<size_t>(s.recording)];
  std::vector<std::vector<int64_t>> possible;  // of the factors for which the clip fits
  for (double f : options_.interval_factors) {
    std::vector<int64_t> frames =
        clip_frames(r, s.first_frame, options_.frames, options_.interval_seconds * f);
    if (!frames.empty()) possible.push_back(std::move(frames));
  }
  Random random(options_.seed ^ position >> 32 << 32, stream_id("interval"), position);
  const int64_t which = random.below(static_cast<int64_t>(possible.size()));
  return {s.recording, std::move(possible[static_cast<size_t>(which)])};
}

ClipRef ClipSampler::clip(uint64_t position) const {
  const int64_t n = clips_per_epoch();
  DOJO_CHECK_LT(0, n);
  const uint64_t epoch = position / static_cast<uint64_t>(n);
  const int64_t offset = static_cast<int64_t>(position % static_cast<uint64_t>(n));
  if (options_.order == SamplingOrder::kUniform)
    return make_clip(permuted(offset, n, options_.seed, stream_id("clips"), epoch), position);

  // The runs come in groups of `runs_mixed`; within a group all clips are shuffled.
  const std::shared_ptr<const Order> order = order_of(epoch);
  const int64_t at = std::upper_bound(order->run_end.begin(), order->run_end.end(), offset) -
                     order->run_end.begin();
  const int64_t group = at / options_.runs_mixed;
  const int64_t first = group * options_.runs_mixed;
  const int64_t last =
      std::min<int64_t>(first + options_.runs_mixed, static_cast<int64_t>(order->runs.size()));
  const int64_t begin = first == 0 ? 0 : order->run_end[static_cast<size_t>(first - 1)];
  const int64_t end = order->run_end[static_cast<size_t>(last - 1)];
  const int64_t mixed =
      begin + permuted(offset - begin, end - begin, options_.seed, stream_id("mix"),
                       epoch << 20 ^ static_cast<uint64_t>(group));
  const int64_t run = std::upper_bound(order->run_end.begin(), order->run_end.end(), mixed) -
                      order->run_end.begin();
  const Run& r = runs_[static_cast<size_t>(order->runs[static_cast<size_t>(run)])];
  return make_clip(r.end - (order->run_end[static_cast<size_t>(run)] - mixed), position);
}

ClipRef ClipSampler::replacement(uint64_t position, int64_t attempt) const {
  const int64_t n = clips_per_epoch();
  if (attempt >= 1000)  // few clips are left: try all
    return make_clip(static_cast<int64_t>((position + static_cast<uint64_t>(attempt)) %
                                          static_cast<uint64_t>(n)),
                     position);
  Random random(options_.seed ^ position >> 32 << 32,
                stream_id("replacement") + static_cast<uint64_t>(attempt), position);
  return make_clip(random.below(n), position);
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
