// How the clips of a run are varied on their way out of the loader.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/train/augment.h"
#include "dojo/video/loader.h"

namespace dojo {

// Of the nominal interval between frames: half of the clips have another one.
inline const std::vector<double> kIntervalFactors = {0.5, 0.75, 1, 1, 1, 1.5};

// The random numbers that the clip at `position` is varied by.
inline Random variation_stream(uint64_t seed, uint64_t position) {
  return Random(seed, stream_id("augment"), position);
}

// Makes a clip of the frames that are kept.
using ClipVariation = decltype(LoaderOptions::transform);
ClipVariation clip_variation(const AugmentOptions& options, const ClipGeometry& geometry,
                             uint64_t seed);

}  // namespace dojo
