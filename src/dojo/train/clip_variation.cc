#include "dojo/train/clip_variation.h"

namespace dojo {

ClipVariation clip_variation(const AugmentOptions& options, const ClipGeometry& geometry,
                             uint64_t seed) {
  return
      [=](uint64_t position, const ClipRef&, std::span<const uint8_t> in, std::span<uint8_t> clip) {
        augment_clip(options, geometry, variation_stream(seed, position), in, clip);
      };
}

}  // namespace dojo
