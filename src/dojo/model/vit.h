// A vision transformer on clips. A clip is cut into tubelets of a few frames by a square of pixels,
// each of which becomes a token:
//
//   u8 [B,T,H,W,3] -> tubelets [B,N,P] -> one linear layer + where it is -> blocks -> norm
//
// N = T/tubelet * H/patch * W/patch tokens of P = 3 * tubelet * patch^2 values, in the order
// (channel, time, row, column) within a tubelet and (time, row, column) among them. The defaults
// are ViT-S (Steiner et al., 2021; timm's vit_small_patch16) on 2 x 392 tokens, with VideoMAE's
// tubelets and fixed positions. Parameters have timm's names.
#pragma once

#include <cstdint>

#include "dojo/model/task.h"

namespace dojo {

struct VitOptions {
  int64_t clips = 2;
  int64_t frames = 8;
  int64_t height = 112;
  int64_t width = 224;
  int64_t tubelet = 2;  // frames of a tubelet
  int64_t patch = 16;   // pixels of its sides
  int64_t channels = 384;
  int64_t layers = 12;
  int64_t heads = 6;

  int64_t times() const { return frames / tubelet; }
  int64_t rows() const { return height / patch; }
  int64_t columns() const { return width / patch; }
  int64_t tokens() const { return times() * rows() * columns(); }
  int64_t values() const { return 3 * tubelet * patch * patch; }  // of a tubelet
};

// Throws Error(kConfig) that says which option is wrong.
void check(const VitOptions& options);

// Of about 64 channels each; a divisor of `channels`, which is positive.
int64_t usual_heads(int64_t channels);

// u8 [B,T,H,W,3] -> u8 [B,N,P].
ValueId tubelets(Builder& b, const VitOptions& options, ValueId clip);

// Where each token is, f32 [N,channels], fixed: a third of the channels each for time, row and
// column, sines and cosines of falling frequencies. REQUIRES: 6 divides channels.
ValueId positions(Builder& b, const VitOptions& options, int64_t channels);

// u8 tubelets [B,n,P] and their positions [n,channels] or [B,n,channels] -> [B*n,channels].
ValueId vit_encoder(Builder& b, const VitOptions& options, ValueId tubelets, ValueId positions);

// data "clip" u8 [B,T,H,W,3] and "target" f32 [B,N,P]; the loss is the mean square of
// (answer - target), where a linear layer, "head", makes a token's answer. No metrics.
TaskGraph vit_training(Builder& b, const VitOptions& options = {});

}  // namespace dojo
