// The gradient of slices that share out a value is a sum of their gradients, each with zeros around
// it. Where such a sum is rounded to bf16 and the parts do not meet, it is the rounded parts side
// by side: the same numbers, moved once instead of added.
//
//   %p: f32[4] = Pad(%a; pads=[0,2])          %a.rounded: bf16[2] = Cast(%a; to="bf16")
//   %q: f32[4] = Pad(%b; pads=[2,0])    ->    %b.rounded: bf16[2] = Cast(%b; to="bf16")
//   %s: f32[4] = Add(%p, %q)                  %h: bf16[4] = Concat(%a.rounded, %b.rounded; axis=0)
//   %h: bf16[4] = Cast(%s; to="bf16")
#pragma once

#include "dojo/graph/graph.h"

namespace dojo::host {

// Sums that something else reads too stay as they are. Only the sign of a zero may change.
Graph with_concat_for_pads(const Graph& graph);

}  // namespace dojo::host
