// What moved between neighbouring frames: an encoder for every task that asks how the camera moves.
//
//   frame t  --> features at 1/2, 1/4, 1/8 of the size (the same layers for every frame)
//   pair     --> how well each place of the later frame matches the earlier one at small shifts
//                (matching(), blocks.h) on each of the three levels, and what the later frame shows
//                there --> one map at 1/16 of the size
//
// Shifts of up to 4 pixels are told at 1/2, 12 at 1/4 and 24 at 1/8, so that the layers after it
// read motion off instead of having to find it.
#pragma once

#include <string_view>
#include <vector>

#include "dojo/model/blocks.h"

namespace dojo {

class MotionEncoder {
 public:
  // `channels`: c, of the features at 1/2; a multiple of kNormGroups.
  MotionEncoder(Builder& b, std::string_view name, int64_t channels);

  // `frames`: at least two, oldest first, each [B,3,H,W] in [0,1], H and W multiples of 16 ->
  // [(T-1) B, 6 c, H/16, W/16], pair by pair: rows [k B, (k+1) B) are of frames k and k+1.
  ValueId operator()(Builder& b, const std::vector<ValueId>& frames) const;

  int64_t channels_out() const { return 6 * channels_; }

 private:
  // A convolution that halves the size, a normalisation, GELU.
  struct Level {
    Level(Builder& b, std::string_view name, int64_t in, int64_t out);
    ValueId operator()(Builder& b, ValueId x) const;
    Conv conv;
    GroupNorm norm;
  };
  MotionEncoder(const Builder::Scope&, Builder& b, int64_t channels);

  int64_t channels_;
  Level half_, quarter_, eighth_;
  Conv fine_, merge_, mix_;
  ResidualBlock block_;
  Level sixteenth_;
};

}  // namespace dojo
