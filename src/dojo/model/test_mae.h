// For tests of the task mae: a network small enough to count by hand. Clips of 4 frames of 8x12
// pixels, cut into 2 layers of 2x3 patches: 12 tokens, of which those at 4 of the 6 places are
// hidden.
#pragma once

#include <cstdint>

#include "dojo/model/mae.h"

namespace dojo {

inline MaeOptions tiny_mae(int64_t clips = 2) {
  return {.encoder = {.clips = clips,
                      .frames = 4,
                      .height = 8,
                      .width = 12,
                      .patch = 4,
                      .channels = 12,
                      .layers = 1,
                      .heads = 2},
          .masked = 0.7,
          .decoder_channels = 12,
          .decoder_layers = 1,
          .decoder_heads = 2};
}

}  // namespace dojo
