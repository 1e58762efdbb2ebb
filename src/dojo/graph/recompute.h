// Less memory for more arithmetic: what the forward part of a step leaves for the backward part is
// dropped and computed again where it is wanted (Chen et al., "Training deep nets with sublinear
// memory cost", 2016). The nodes before the loss are cut into segments that leave about as many
// bytes each; what one segment hands to another is kept, what the backward part needs of the inside
// of a segment is computed again just before its first use there. The last segment is kept, because
// its backward part follows at once. A layer of two in two segments:
//
//   %a: f32[32,64] = MatMul(%x, %u)             %a: f32[32,64] = MatMul(%x, %u)
//   %b: f32[32,64] = Relu(%a)                   %b: f32[32,64] = Relu(%a)
//   %c: f32[32,64] = MatMul(%b, %v)        ->   %c: f32[32,64] = MatMul(%b, %v)
//   ... the loss, and its gradient by %b        ... the loss, and its gradient by %b
//                                               %a.again: f32[32,64] = MatMul(%x, %u)
//   %da: f32[32,64] = ReluGrad(%db, %a)         %da: f32[32,64] = ReluGrad(%db, %a.again)
//
// The same numbers come out: a node that is computed again does what it did before.
#pragma once

#include <cstdint>
#include <functional>

#include "dojo/graph/graph.h"

namespace dojo {

// A graph without an output "loss", or with 1 segment, stays as it is. REQUIRES: segments >= 1.
Graph recomputed(const Graph& graph, int64_t segments);

struct FittedStep {
  int64_t segments = 1;
  int64_t bytes = 0, whole_bytes = 0;  // that the step takes, and would without
  double more_flop = 0;                // arithmetic that is done again, of that of the graph
};
// The fewest segments with which the step takes at most max_bytes; bytes_of tells what a graph
// takes. Throws Error(kConfig) where none does, with what the least is.
FittedStep fit_step(const Graph& graph, int64_t max_bytes,
                    const std::function<int64_t(const Graph&)>& bytes_of);

}  // namespace dojo
