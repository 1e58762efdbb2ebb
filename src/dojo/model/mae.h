// A video masked autoencoder in the manner of VideoMAE (Tong et al., 2022). Most of a clip's
// tubelets are hidden, the same places in all frames (tube masking), so that motion cannot give
// them away. A ViT encodes the visible ones, a light decoder tells what the hidden ones look like:
//
//   visible tubelets -> ViT -> linear -+
//                                      +-> + positions -> blocks -> of the hidden: norm -> values
//   one learned token a hidden one ----+
//
// The loss is the mean square error over the hidden tubelets' values, each channel of a tubelet
// normalised by its own mean and deviation. Which tubelets are hidden is data of the step, how many
// is not, so the graph is the same for every mask. Parameters have VideoMAE's names.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/model/options.h"
#include "dojo/model/vit.h"

namespace dojo {

struct MaeOptions {
  VitOptions encoder;
  double masked = 0.9;  // share of the places that is hidden, 0.75 to 0.9 in the paper
  int64_t decoder_channels = 192;
  int64_t decoder_layers = 4;
  int64_t decoder_heads = 3;

  int64_t visible_places() const;  // of the rows() * columns() places of a frame: at least 1
  int64_t visible_tokens() const { return encoder.times() * visible_places(); }
  int64_t masked_tokens() const { return encoder.tokens() - visible_tokens(); }
};

// Throws Error(kConfig) that says which option is wrong.
void check(const MaeOptions& options);

// Another width of the encoder, with the rest in the usual proportions: heads of about 64 channels,
// and a decoder half as wide. Throws Error(kConfig) for what is no multiple of 12.
void set_width(MaeOptions* options, int64_t channels);

// The architecture as text and back, as predict.h does it; how many clips is not part of it.
ModelMetadata to_metadata(const MaeOptions& options);
MaeOptions mae_options_from(const ModelMetadata& metadata);

// data "clip" u8 [B,T,H,W,3]; "visible" i32 [B,visible_tokens] and "masked" i32 [B,masked_tokens]:
// numbers of tubelets (vit.h), which together are all of a clip. Metric: "patch_mean_mse", the loss
// of predicting each channel's mean of each hidden tubelet.
TaskGraph mae_training(Builder& b, const MaeOptions& options);

// The same data -> of each clip "mse" and "patch_mean_mse" f32 [B], the loss and that of predicting
// the means; "pixels" f32 [B,masked_tokens,P], what the hidden tubelets look like, in [0,1] but not
// clamped. For these an answer gets the true mean and deviation of its channel of its tubelet,
// which the network is not asked for. The same parameter names.
Graph mae_inference(const MaeOptions& options);

// What "visible" and "masked" are fed with: for each clip visible places drawn at random.
struct TubeMask {
  std::vector<int32_t> visible, masked;  // [B,visible_tokens], [B,masked_tokens], rising in a row
};
TubeMask tube_mask(const MaeOptions& options, Random& random);

}  // namespace dojo
