#include "dojo/video/bench/cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <span>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/video/frame_index.h"
#include "dojo/video/loader.h"
#include "dojo/video/media_file.h"
#include "dojo/video/picture.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace dojo::bench {
namespace {

// A file, opened, and its conversion.
struct Reader {
  explicit Reader(const std::string& path) : file(open_source(path)) {}
  MediaFile file;
  RgbConverter converter;
  bool draining = false;

  // The next picture that the decoder shows, or null at the end.
  const AVFrame* next() {
    for (;;) {
      if (const AVFrame* picture = file.receive()) return picture;
      if (draining) return nullptr;
      draining = !file.read();
      file.send(draining ? nullptr : file.packet());
    }
  }
};

// Frames of one file, each into its place in `out`. Returns the number of pictures decoded.
int64_t read_clip_plainly(Reader& reader, const Recording& r, std::span<const int64_t> frames,
                          const WorkloadOptions& o, std::span<uint8_t> out) {
  const FrameIndex& index = *r.index;
  const size_t frame_bytes = out.size() / frames.size();
  reader.draining = false;
  if (!reader.file.seek(index.key_before(frames[0]).dts)) reader.file.restart();
  int64_t decoded = 0;
  for (size_t slot = 0; slot < frames.size();) {
    const AVFrame* picture = reader.next();
    if (!picture)
      throw Error(Category::kInput, fmt::format("frame {} does not come out", frames[slot]), r.path,
                  "the file may be damaged: see dojo inspect");
    ++decoded;
    if (picture->pts != index.pts[static_cast<size_t>(frames[slot])]) continue;
    reader.converter.convert(*picture, index.rotation, o.height, o.width,
                             out.subspan(slot * frame_bytes, frame_bytes));
    ++slot;
  }
  return decoded;
}

bool equal(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

// What the short-gop tier promises of each frame (copy_cache.h), here of a clip.
bool alike(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  if (a.size() != b.size()) return false;
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  const double mean = sum / static_cast<double>(a.size());
  return mean <= 255.0 * 255.0 * std::pow(10, -CopyCache::kMinPsnr / 10);
}

// Batches from the loader while more(clips so far, processor seconds so far); the first clips are
// compared. The loader and its workers are gone when this returns, so that all of their time
// counts.
template <class More>
Measured load(const std::vector<Recording>& recordings, const SamplerOptions& sampling,
              const LoaderOptions& options, const std::vector<ExactClip>& exact, More more) {
  Measured m;
  const Stopwatch watch;
  {
    ClipLoader loader(recordings, sampling, options);
    const size_t clip_bytes =
        static_cast<size_t>(sampling.frames * options.height * options.width * 3);
    while (more(m.clips, watch.cpu_seconds() + loader.stats().decode_seconds)) {
      const Batch& batch = loader.next();
      for (int64_t i = 0; i < options.batch; ++i, ++m.clips) {
        const auto at = static_cast<size_t>(batch.first_position) + static_cast<size_t>(i);
        if (at >= exact.size()) continue;
        ++m.checked;
        const std::span<const uint8_t> clips(batch.clips);
        const auto clip = clips.subspan(static_cast<size_t>(i) * clip_bytes, clip_bytes);
        const bool lossy = options.copy_tier == CopyTier::kShortGop;
        m.wrong += !(batch.refs[static_cast<size_t>(i)] == exact[at].clip &&
                     (lossy ? alike(clip, exact[at].pixels) : equal(clip, exact[at].pixels)));
      }
    }
    m.wall_seconds = watch.wall_seconds();
    m.frames_decoded = loader.stats().frames_decoded;
    m.frames_from_copies = loader.stats().frames_from_copies;
  }
  m.cpu_seconds = watch.cpu_seconds();
  return m;
}

LoaderOptions loader_options(const Workload& w) {
  LoaderOptions o;
  o.height = w.options.height;
  o.width = w.options.width;
  return o;
}

}  // namespace

Measured decode_clips(const Workload& w, const std::vector<ClipRef>& clips, bool keep_open,
                      double seconds, const std::vector<ExactClip>& exact) {
  capture_ffmpeg_log();
  Measured m;
  std::map<int32_t, std::unique_ptr<Reader>> open;
  std::vector<uint8_t> out(static_cast<size_t>(w.clip_bytes()));
  const auto read = [&](const ClipRef& clip) {
    const Recording& r = w.parts[static_cast<size_t>(clip.recording)];
    std::unique_ptr<Reader>& reader = open[clip.recording];
    if (!reader) reader = std::make_unique<Reader>(r.path);
    m.frames_decoded += read_clip_plainly(*reader, r, clip.frames, w.options, out);
    if (!keep_open) open.clear();
  };
  for (const ExactClip& e : exact) {
    read(e.clip);
    ++m.checked;
    m.wrong += !equal(out, e.pixels);
  }
  m.frames_decoded = 0;
  const Stopwatch watch;
  for (; m.clips == 0 || watch.cpu_seconds() < seconds; ++m.clips)
    read(clips[static_cast<size_t>(m.clips) % clips.size()]);
  m.wall_seconds = watch.wall_seconds();
  m.cpu_seconds = watch.cpu_seconds();
  return m;
}

Measured decode_all(const Workload& w, bool convert, const std::vector<ExactClip>& exact) {
  capture_ffmpeg_log();
  Measured m;
  const size_t frame_bytes = static_cast<size_t>(w.clip_bytes() / w.options.frames);
  std::vector<uint8_t> out(frame_bytes);
  const Stopwatch watch;
  for (size_t part = 0; part < w.parts.size(); ++part) {
    const Recording& r = w.parts[part];
    const FrameIndex& index = *r.index;
    std::map<int64_t, const uint8_t*> pixels;  // of frames to compare
    for (const ExactClip& e : exact)
      for (size_t i = 0; i < e.clip.frames.size(); ++i)
        if (e.clip.recording == static_cast<int32_t>(part))
          pixels[e.clip.frames[i]] = e.pixels.data() + i * frame_bytes;
    Reader reader(r.path);
    const FrameIndex::Key& key = index.key_before(r.first_frame);
    if (key.frame > 0) reader.file.seek(key.dts);
    const int64_t last = index.pts[static_cast<size_t>(r.end_frame - 1)];
    for (int64_t pts = last - 1; pts < last;) {
      const AVFrame* picture = reader.next();
      if (!picture) break;
      ++m.frames_decoded;
      pts = picture->pts;
      if (!convert) continue;
      reader.converter.convert(*picture, index.rotation, w.options.height, w.options.width, out);
      const auto at = std::lower_bound(index.pts.begin(), index.pts.end(), pts);
      const auto known = pixels.find(at - index.pts.begin());
      if (known == pixels.end() || at == index.pts.end() || *at != pts) continue;
      ++m.checked;
      m.wrong += !equal(out, {known->second, frame_bytes});
    }
  }
  m.wall_seconds = watch.wall_seconds();
  m.cpu_seconds = watch.cpu_seconds();
  m.clips = ClipSampler(w.parts, w.sampling(SamplingOrder::kUniform, 1)).clips_per_epoch();
  return m;
}

Measured load_uniform(const Workload& w, uint64_t seed, double seconds,
                      const std::vector<ExactClip>& exact) {
  LoaderOptions o = loader_options(w);
  o.batch = 1;
  o.cache_bytes = w.clip_bytes();  // too little to look at a second clip
  return load(w.parts, w.sampling(SamplingOrder::kUniform, seed), o, exact,
              [&](int64_t done, double cpu_seconds) { return done == 0 || cpu_seconds < seconds; });
}

Measured load_runs(const Workload& w, uint64_t seed, int workers, int copies,
                   const std::vector<ExactClip>& exact) {
  LoaderOptions o = loader_options(w);
  o.workers = workers;
  std::vector<Recording> set;
  for (int i = 0; i < copies; ++i) set.insert(set.end(), w.pieces.begin(), w.pieces.end());
  const SamplerOptions sampling = w.sampling(SamplingOrder::kGopRun, seed);
  const int64_t epoch = ClipSampler(set, sampling).clips_per_epoch();
  return load(set, sampling, o, exact,
              [&](int64_t done, double) { return done + o.batch <= epoch; });
}

Measured fill_copies(const Workload& w, CopyTier tier, const std::string& folder) {
  LoaderOptions o = loader_options(w);
  o.batch = 1;
  o.copy_tier = tier;
  o.copy_folder = folder;
  const SamplerOptions sampling = w.sampling(SamplingOrder::kGopRun, 1);
  const int64_t epoch = ClipSampler(w.pieces, sampling).clips_per_epoch();
  return load(w.pieces, sampling, o, {}, [&](int64_t done, double) { return done < epoch; });
}

Measured load_copies(const Workload& w, CopyTier tier, const std::string& folder,
                     SamplingOrder order, uint64_t seed, double seconds,
                     const std::vector<ExactClip>& exact) {
  LoaderOptions o = loader_options(w);
  o.copy_tier = tier;
  o.copy_folder = folder;
  const SamplerOptions sampling = w.sampling(order, seed);
  if (order == SamplingOrder::kUniform) {
    o.batch = 1;
    o.cache_bytes = w.clip_bytes();
    return load(w.parts, sampling, o, exact, [&](int64_t done, double cpu_seconds) {
      return done == 0 || cpu_seconds < seconds;
    });
  }
  // Memory for the runs that are mixed at a time, so that each run is read from its copy anew.
  const std::vector<Recording> set = set_of_many_runs(w);
  int64_t longest = 0;
  for (const Recording& piece : set)
    longest = std::max(longest, piece.end_frame - piece.first_frame);
  o.cache_bytes = (longest + 1) * sampling.runs_mixed * (w.clip_bytes() / w.options.frames);
  const int64_t epoch = ClipSampler(set, sampling).clips_per_epoch();
  return load(set, sampling, o, exact, [&](int64_t done, double cpu_seconds) {
    return done + o.batch <= epoch || cpu_seconds < seconds;
  });
}

std::vector<Recording> set_of_many_runs(const Workload& w) {
  const auto many = 4 * static_cast<size_t>(SamplerOptions().runs_mixed);
  std::vector<Recording> set;
  while (set.size() < many) set.insert(set.end(), w.pieces.begin(), w.pieces.end());
  return set;
}

int64_t frames_to_decode(const std::vector<Recording>& recordings,
                         const std::vector<ClipRef>& clips) {
  int64_t frames = 0;
  for (const ClipRef& clip : clips) {
    const FrameIndex& index = *recordings[static_cast<size_t>(clip.recording)].index;
    frames += clip.frames.back() + 1 - index.key_before(clip.frames[0]).frame;
  }
  return frames;
}

}  // namespace dojo::bench
