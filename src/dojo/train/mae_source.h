// Clips with the masks of the task `mae`: which tubelets the network sees, drawn anew for each
// clip.
#pragma once

#include <cstdint>
#include <memory>

#include "dojo/model/mae.h"
#include "dojo/train/augment.h"
#include "dojo/train/clip_source.h"

namespace dojo {

// How clips are varied. Their motion stays that of the recording: it is what is to be learned.
inline constexpr AugmentOptions kMaeVariation{.flip = 0.5,
                                              .flip_vertical = 0,
                                              .crop = 0.5,
                                              .max_zoom = 1.6,
                                              .brightness = 0.5,
                                              .synthetic = 0};

// The mask of the clip at `position`: as the clip itself, a pure function of (seed, position).
TubeMask clip_mask(const MaeOptions& model, uint64_t seed, uint64_t position);

// The mask by which a held-out clip is judged: of its first frame's number only, so that it is the
// same in every run, and whatever is judged beside it.
TubeMask held_out_mask(const MaeOptions& model, int64_t first_frame);

void append(TubeMask* masks, const TubeMask& mask);  // of the next clip

std::unique_ptr<ClipSource> make_mae_source(std::unique_ptr<ClipLoader> loader,
                                            const MaeOptions& model, uint64_t seed);

}  // namespace dojo
