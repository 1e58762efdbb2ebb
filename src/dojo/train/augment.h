// Variations of the few motions that a set of clips shows, made while the batch is put together:
// crops, flips, brightness, and synthetic ego-motion of still frames. A pure function of (options,
// random stream, frames), so a resumed run sees the same clips.
//
// Synthetic motion: one still frame of the clip is seen by a camera that moves through a random
// smooth world: it zooms about a random focus of expansion, shifts and rolls, scaled by an inverse
// depth (a ground plane below the focus plus smooth noise). The network then has to find the
// motion, not to remember the recordings' own.
#pragma once

#include <cstdint>
#include <span>

#include "dojo/base/random.h"

namespace dojo {

struct AugmentOptions {
  double flip = 0.5;  // probability to mirror left and right
  double flip_vertical = 0.2;
  double crop = 0.5;  // probability of a random part of the frame, 1 to max_zoom times enlarged
  double max_zoom = 1.6;
  double brightness = 0.5;  // probability of a random gain (0.7 to 1.3) and offset (+-0.1)
  double synthetic = 0.5;   // probability of synthetic motion
};

// The geometry of one clip: frames `in` [T,in_height,in_width,3] to `out` [T,height,width,3], all
// u8 RGB.
struct ClipGeometry {
  int64_t frames = 4;
  int64_t in_height = 128, in_width = 256;
  int64_t height = 128, width = 256;
};

// Whether augment_clip() with the same options and random stream mirrors left and right.
bool is_mirrored(const AugmentOptions& options, Random random);

void augment_clip(const AugmentOptions& options, const ClipGeometry& geometry, Random random,
                  std::span<const uint8_t> in, std::span<uint8_t> out);

}  // namespace dojo
