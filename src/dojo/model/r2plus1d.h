// R(2+1)D-18 (Tran et al., 2018, "A closer look at spatiotemporal convolutions"): a residual
// network on clips, whose convolutions over space and time are two, one over space and one over
// time. Layers and names are those of torchvision's r2plus1d_18.
#pragma once

#include <cstdint>

#include "dojo/model/task.h"

namespace dojo {

struct R2plus1dOptions {
  int64_t clips = 2;
  int64_t frames = 8;
  int64_t height = 112;
  int64_t width = 112;
  int64_t first_channels = 32;  // doubled at each of the three later stages; torchvision's has 64
  // A max-pool behind the stem, as ResNets on images have it: the later stages cost a quarter.
  // torchvision's has none.
  bool pooled_stem = true;
};

// data "clip" u8 [B,T,H,W,3] and "target" f32 [B, 8 * first_channels]; the loss is the mean square
// of (features - target), where the features are the averages over the last map. No metrics.
TaskGraph r2plus1d_training(Builder& b, const R2plus1dOptions& options = {});

}  // namespace dojo
