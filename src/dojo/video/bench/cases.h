// The ways from video files to clips that `dojo bench video` compares. Each function is one timed
// measurement, to be run by measure_in_child(): it decodes in its own process, or by the loader's
// workers. Pixels are made by the same conversion everywhere (picture.h), and sampled clips are
// compared with those of the exact reader.
#pragma once

#include <string>
#include <vector>

#include "dojo/video/bench/measure.h"
#include "dojo/video/bench/workload.h"
#include "dojo/video/cache/copy_cache.h"

namespace dojo::bench {

// What users of common decoding libraries do for each clip: open the file, go to the key frame
// before the clip, decode forward until its last frame, convert its frames, close. With
// `keep_open`, files stay open. One thread. `clips` in turn, over again if need be, until `seconds`
// have passed.
Measured decode_clips(const Workload& w, const std::vector<ClipRef>& clips, bool keep_open,
                      double seconds, const std::vector<ExactClip>& exact);

// Decodes each frame of the workload once, in order, and converts each, or (`convert` false) none:
// the limit. `clips`: of an epoch.
Measured decode_all(const Workload& w, bool convert, const std::vector<ExactClip>& exact);

// The loader in exact uniform order, each clip by itself: as in a set so much larger than the
// memory that no two clips at hand share frames.
Measured load_uniform(const Workload& w, uint64_t seed, double seconds,
                      const std::vector<ExactClip>& exact);

// The loader in the order of runs, as it is by default: a first epoch of the pieces, of `copies` of
// them.
Measured load_runs(const Workload& w, uint64_t seed, int workers, int copies,
                   const std::vector<ExactClip>& exact);

// Makes small copies of all frames in `folder`: a first epoch of the pieces with that tier.
Measured fill_copies(const Workload& w, CopyTier tier, const std::string& folder);

// The pieces over and over, each time as if they were other files: so many runs that few of them
// are mixed at a time.
std::vector<Recording> set_of_many_runs(const Workload& w);

// The loader with copies that fill_copies() has made and an empty memory, until `seconds` have
// passed: by run, at least an epoch of set_of_many_runs() with memory for the runs that are mixed
// at a time, as in a set much larger than the memory; or clips in uniform order, each by itself.
// Pixels of the short-gop
// tier may differ by an error within its bound.
Measured load_copies(const Workload& w, CopyTier tier, const std::string& folder,
                     SamplingOrder order, uint64_t seed, double seconds,
                     const std::vector<ExactClip>& exact);

// Frames from the key frame before a clip to its last frame: what a decoder has to decode for it
// where nothing is shared, summed over clips.
int64_t frames_to_decode(const std::vector<Recording>& recordings,
                         const std::vector<ClipRef>& clips);

}  // namespace dojo::bench
