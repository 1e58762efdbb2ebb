// bf16 on processors without it: emulated, with the same numbers and no speed. A value of bf16 lies
// in memory as an f32 whose lower 16 bits are zero. A cast to bf16 becomes a rounding of f32, which
// runs in an elementwise kernel with its neighbours; a cast from bf16 is nothing at all; products
// run in f32 on the rounded factors, which is what bf16 with sums in f32 means: a product of two
// numbers of bf16 is exact in f32.
//
//   %h: bf16[4] = Cast(%x; to="bf16")       %h: f32[4] = Cast(%x; to="bf16")
//   %y: f32[4] = Cast(%h; to="f32")    ->   %z: f32[4] = Neg(%h)
//   %z: f32[4] = Neg(%y)
#pragma once

#include "dojo/graph/graph.h"

namespace dojo::host {

// The graph with f32 for bf16; one without bf16 stays as it is. It is no graph for verify(): the
// casts to bf16 that are left have f32 results, see rounds_to_bf16(). Inputs, outputs and updates
// keep their order and names.
Graph emulate_bf16(const Graph& graph);

// True iff the node rounds to bf16, in any of these graphs.
bool rounds_to_bf16(const Node& node);

}  // namespace dojo::host
