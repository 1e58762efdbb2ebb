// The algorithm of a convolution or of one of its gradients: oneDNN's direct one, or our Winograd.
#pragma once

#include <cstdint>
#include <optional>

#include "dojo/host/algorithms.h"
#include "dojo/host/kernels/winograd.h"
#include "dojo/host/onednn.h"

namespace dojo::host {

enum class ConvWork : uint8_t { kForward, kInputGrad, kWeightGrad };
enum class ConvAlgorithm : uint8_t {
  kOneDnn,
  kWinograd,  // takes and makes weights in the order of onednn::weights_by_pixel()
};

// The convolution for kernels/winograd.h; nothing where they do not know it.
std::optional<kernels::WinogradConv> winograd_of(const onednn::ConvShape& shape);

// `algorithms` may be null: then a rule decides, by the numbers of channels and tiles; also where
// the images are more than max_bytes, which the executor refuses once all is planned.
ConvAlgorithm choose_conv_algorithm(const onednn::ConvShape& shape, ConvWork work,
                                    Algorithms* algorithms, int64_t max_bytes);

}  // namespace dojo::host
