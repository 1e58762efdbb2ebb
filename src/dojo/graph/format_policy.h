// Which numbers of a training step are bf16: a graph in f32 becomes one in mixed precision, in
// which every rounding is a Cast that stands in the graph, so that all executors and machines round
// alike.
//
//   %y: f32[4,2] = MatMul(%x, %w)          %x.bf16: bf16[4,3] = Cast(%x; to="bf16")
//   %z: f32[4,2] = Tanh(%y)                %w.bf16: bf16[3,2] = Cast(%w; to="bf16")
//                                     ->   %y: f32[4,2] = MatMul(%x.bf16, %w.bf16)
//                                          %y.bf16: bf16[4,2] = Cast(%y; to="bf16")
//                                          %y.f32: f32[4,2] = Cast(%y.bf16; to="f32")
//                                          %z: f32[4,2] = Tanh(%y.f32)
//
// The rules, in which a product is a MatMul, Gemm, Conv, ConvInputGrad or ConvWeightGrad:
//
//   1. The factors of products are bf16; biases, sums and results are f32.
//   2. What a product takes as a factor, and what a product makes, is rounded to bf16 where it is
//      made, once, and all that reads it reads the rounded value: activations, and the gradients
//      that flow through them, need only be kept in bf16. Reshape, Transpose, Slice, Concat, Expand
//      and Identity are done in bf16 then, behind the rounding.
//   3. Exceptions, which stay f32: parameters, states and data (a product gets a rounded copy of
//      them, made once; all else reads the f32 master); outputs and updates; and a product from
//      which only sums and moves lead to outputs, updates, the optimizer or the gradients' norm,
//      such as the gradient of a parameter.
//   4. A factor that is a Constant becomes a rounded Constant.
//
// All other ops compute in f32: norms and their statistics, softmax, losses, reductions, the
// optimizer. It is what others call automatic mixed precision with bf16; bf16 has f32's range, so
// the loss needs no scaling.
#pragma once

#include "dojo/graph/graph.h"

namespace dojo {

// Values of the graph keep their names; NAME.bf16 and NAME.f32 are new. Error(kInput) for a graph
// that has bf16 in it already. REQUIRES: the graph was verified.
Graph with_bf16(const Graph& graph);

// The graph for a step in this format: f32, as it is, or bf16. REQUIRES: one of them.
Graph in_format(const Graph& graph, Format format);

}  // namespace dojo
