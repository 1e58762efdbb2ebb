#include "dojo/video/bench/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/base/error.h"
#include "dojo/video/frame_index.h"

namespace dojo::bench {

int64_t Workload::num_frames() const {
  int64_t frames = 0;
  for (const Recording& r : parts) frames += r.end_frame - r.first_frame;
  return frames;
}

SamplerOptions Workload::sampling(SamplingOrder order, uint64_t seed) const {
  SamplerOptions s;
  s.frames = options.frames;
  s.interval_seconds = options.interval_seconds;
  s.seed = seed;
  s.order = order;
  return s;
}

namespace {

std::vector<Recording> pieces_of(const Workload& w) {
  SamplerOptions runs_alone = w.sampling(SamplingOrder::kGopRun, 1);
  runs_alone.runs_mixed = 1;
  const ClipSampler sampler(w.parts, runs_alone);
  std::vector<Recording> pieces;
  for (uint64_t at = 0; at < static_cast<uint64_t>(sampler.clips_per_epoch());) {
    const ClipRef first = sampler.clip(at);
    Recording piece = w.parts[static_cast<size_t>(first.recording)];
    piece.first_frame = first.frames.front();
    piece.end_frame = first.frames.back() + 1;
    for (const uint64_t end = sampler.mixed_until(at); at < end; ++at) {
      const ClipRef clip = sampler.clip(at);
      piece.first_frame = std::min(piece.first_frame, clip.frames.front());
      piece.end_frame = std::max(piece.end_frame, clip.frames.back() + 1);
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace

Workload choose_workload(std::vector<Recording> recordings, const WorkloadOptions& options) {
  Workload w;
  w.options = options;
  const auto has_no_clip = [&](const Recording& r) {
    return held_out_clips({r}, options.frames, options.interval_seconds, 1).empty();
  };
  const size_t given = recordings.size();
  std::erase_if(recordings, has_no_clip);
  if (recordings.empty())
    throw Error(Category::kInput,
                fmt::format("no clip of {} frames, {:.3f} s apart, in {} recordings",
                            options.frames, options.interval_seconds, given),
                {}, "give a folder with longer recordings");
  std::erase_if(recordings, [](const Recording& r) { return !r.index || !r.index->seekable; });
  if (recordings.empty())
    throw Error(Category::kUnsupported,
                "these files can be read from their start only, so there is nothing to compare", {},
                "give MP4, MOV or MKV files");

  // The same share of pixels for each recording in turn, from a key frame in its middle on; what
  // short ones leave over goes to the others. Small recordings first.
  const auto pixels = [](const Recording& r) { return static_cast<double>(r.width * r.height); };
  std::stable_sort(recordings.begin(), recordings.end(), [&](const auto& a, const auto& b) {
    return pixels(a) * static_cast<double>(a.num_frames()) <
           pixels(b) * static_cast<double>(b.num_frames());
  });
  constexpr size_t kMost = 16;  // recordings: more would leave each too short a part
  if (recordings.size() > kMost) {
    for (size_t i = 0; i < kMost; ++i)
      std::swap(recordings[i], recordings[(2 * i + 1) * recordings.size() / (2 * kMost)]);
    recordings.resize(kMost);
  }
  double left = options.pixels;
  for (size_t i = 0; i < recordings.size(); ++i) {
    Recording r = recordings[i];
    const double share = left / static_cast<double>(recordings.size() - i) / pixels(r);
    const int64_t frames = r.end_frame - r.first_frame;
    if (share < static_cast<double>(frames)) {
      const int64_t middle = r.first_frame + (frames - static_cast<int64_t>(share)) / 2;
      const auto key = std::upper_bound(r.key_frames.begin(), r.key_frames.end(), middle);
      if (key != r.key_frames.begin()) r.first_frame = std::max(r.first_frame, *(key - 1));
      r.end_frame = std::min(r.end_frame, r.first_frame + static_cast<int64_t>(std::ceil(share)));
      if (has_no_clip(r)) continue;
    }
    left -= static_cast<double>(r.end_frame - r.first_frame) * pixels(r);
    w.parts.push_back(std::move(r));
  }
  if (w.parts.empty())
    throw Error(
        Category::kInput,
        "the pictures are too large, or too many a second, for a part that takes a few seconds",
        recordings[0].path, "give --seconds a larger number");
  w.pieces = pieces_of(w);
  return w;
}

std::vector<ExactClip> read_exactly(FrameReader& reader, const std::vector<Recording>& recordings,
                                    const std::vector<ClipRef>& clips, const WorkloadOptions& o,
                                    int64_t shift) {
  std::vector<ExactClip> out;
  for (const ClipRef& clip : clips) {
    ClipRef moved = clip;
    const int64_t last = recordings[static_cast<size_t>(clip.recording)].num_frames() - 1;
    for (int64_t& f : moved.frames) f = std::clamp<int64_t>(f + shift, 0, last);
    out.push_back({moved, read_clip(reader, recordings, moved, o.height, o.width)});
  }
  return out;
}

std::vector<ClipRef> first_clips(const std::vector<Recording>& recordings,
                                 const SamplerOptions& sampling, int64_t count) {
  const ClipSampler sampler(recordings, sampling);
  std::vector<ClipRef> clips;
  for (int64_t i = 0; i < count; ++i) clips.push_back(sampler.clip(static_cast<uint64_t>(i)));
  return clips;
}

}  // namespace dojo::bench
