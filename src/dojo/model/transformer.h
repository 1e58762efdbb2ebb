// The layers of vision transformers. An activation is [R,C] f32: a row for each token, the tokens
// of one clip one after the other. Parameters have timm's names. Weights start as VideoMAE's do,
// Xavier uniform: U[-b, b) with b = sqrt(6 / (in + out)); biases start at 0.
#pragma once

#include <string_view>

#include "dojo/graph/builder.h"

namespace dojo {

// [R,in] -> [R,out]
ValueId linear(Builder& b, std::string_view name, ValueId x, int64_t out, bool bias = true);

ValueId layer_norm(Builder& b, std::string_view name, ValueId x);  // epsilon 1e-6, as timm's

// x + attention(norm1(x)), then h + mlp(norm2(h)) with four times as many channels inside; the
// tokens of each of `clips` clips look at each other. REQUIRES: clips divides R, heads divides C.
ValueId transformer_block(Builder& b, std::string_view name, ValueId x, int64_t clips,
                          int64_t heads);

}  // namespace dojo
