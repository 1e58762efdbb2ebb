// What `dojo bench video` reads: parts of recordings, of about a given number of pixels, and clips
// of them. One epoch of all clips of the workload is what every case is about, whatever its order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/video/frame_reader.h"
#include "dojo/video/sampler.h"

namespace dojo::bench {

struct WorkloadOptions {
  int64_t frames = 8;                   // T of a clip
  double interval_seconds = 4.0 / 36;   // each fourth frame of R1
  int64_t height = 128, width = 256;    // of a clip
  double pixels = 1440.0 * 1280 * 960;  // of the parts together: those of R1
};

struct Workload {
  // Parts of recordings, read by time stamps. Files that can be read from their start only are left
  // out: the usual pattern does not exist for them.
  std::vector<Recording> parts;
  // The same clips, cut into pieces as if each were a file of its own: one for each run of the
  // loader's order. In a set that is larger than the memory neighbouring runs are decoded at other
  // times; so here too, no frame is found in memory that a neighbour has left there.
  std::vector<Recording> pieces;
  WorkloadOptions options;

  int64_t clip_bytes() const { return options.frames * options.height * options.width * 3; }
  int64_t num_frames() const;  // of `parts`: what a sequential pass decodes
  SamplerOptions sampling(SamplingOrder order, uint64_t seed) const;
};

// Throws Error(kInput) if no recording has a clip, Error(kUnsupported) if none can be read by time.
Workload choose_workload(std::vector<Recording> recordings, const WorkloadOptions& options);

// A clip, and its pixels by the exact reader: [T,H,W,3] u8.
struct ExactClip {
  ClipRef clip;
  std::vector<uint8_t> pixels;
};

// The frames of these clips moved by `shift` and held at the ends of the recording.
std::vector<ExactClip> read_exactly(FrameReader& reader, const std::vector<Recording>& recordings,
                                    const std::vector<ClipRef>& clips, const WorkloadOptions& o,
                                    int64_t shift = 0);

// The first `count` clips of an order.
std::vector<ClipRef> first_clips(const std::vector<Recording>& recordings,
                                 const SamplerOptions& sampling, int64_t count);

}  // namespace dojo::bench
