// What is joined where values of bf16 lie in memory as such (native_bf16.h):
//
//   Gemm, Cast to bf16              -> the product writes bf16; so do MatMul, Conv, ConvInputGrad,
//                                      norms and their gradients, Softmax and its gradient
//   Mul(y, dy), ReduceSum over the last dimension, Sub(dy, sum), Mul(y, difference)
//                                   -> the gradient of a softmax whose result y is bf16
#pragma once

#include "dojo/host/merger.h"

namespace dojo::host {

// REQUIRES: norms and their activations are joined, elementwise chains are not.
void fuse_bf16(const Graph& graph, Merger& m);

// The node that makes the value, or what the value is rounded from; nullptr for an input.
const Node* unrounded(const Graph& graph, ValueId v);

}  // namespace dojo::host
