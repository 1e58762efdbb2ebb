// ResNet-18 (He et al., 2015) as an encoder of single frames: the everyday yardstick of training
// engines. Parameters have torchvision's names.
#pragma once

#include <cstdint>

#include "dojo/model/task.h"

namespace dojo {

struct ResnetOptions {
  int64_t images = 16;  // two clips of eight frames
  int64_t height = 128;
  int64_t width = 256;
  int64_t first_channels = 64;  // doubled at each of the three later stages
};

// data "images" f32 [N,3,H,W] and "target" f32 [N, 8 * first_channels]; the loss is the mean square
// of (features - target), where the features are the averages over the last map. 11.18 M parameters
// at 64 channels. No metrics.
TaskGraph resnet18_clip_training(Builder& b, const ResnetOptions& options = {});

}  // namespace dojo
