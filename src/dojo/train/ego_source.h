// Clips with the labels of the task `ego`. Some are mirrored (augment.h); their labels with them.
#pragma once

#include <memory>
#include <vector>

#include "dojo/train/clip_source.h"
#include "dojo/train/clip_variation.h"
#include "dojo/train/ego_labels.h"

namespace dojo {

// How clips are varied: what changes no label, or one whose change is known. The views of a
// slightly turned camera and of other light, and the mirror image.
inline constexpr AugmentOptions kEgoVariation{.flip = 0.5,
                                              .flip_vertical = 0,
                                              .crop = 0.5,
                                              .max_zoom = 1.1,
                                              .brightness = 0.5,
                                              .synthetic = 0};

// The labels of one clip and which of them are known, as ego_training() takes them.
struct EgoTarget {
  std::array<float, kEgoSignals.size()> labels{}, known{};
};
EgoTarget ego_target(const EgoValues& label);

// The recordings of `labels` are those of the loader, which varies by kEgoVariation.
std::unique_ptr<ClipSource> make_ego_source(std::unique_ptr<ClipLoader> loader,
                                            const std::vector<Recording>& recordings,
                                            std::shared_ptr<const EgoLabels> labels, uint64_t seed,
                                            double interval_seconds);

}  // namespace dojo
