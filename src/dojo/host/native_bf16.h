// bf16 on processors that multiply it: values of bf16 take two bytes in memory, products run on
// them as they are, and every other kernel widens them as it loads them. So a cast from bf16 needs
// no kernel and no memory: what reads its result reads the value of bf16. Ops that only move values
// move two bytes for each then. A rounding between two values of bf16 is nothing at all.
//
//   %h: bf16[4] = Cast(%x; to="bf16")       %h: bf16[4] = Cast(%x; to="bf16")
//   %y: f32[4] = Cast(%h; to="f32")         %z: f32[4] = Neg(%h)
//   %z: f32[4] = Neg(%y)               ->   %r: bf16[2,2] = Reshape(%h; shape=[2,2])
//   %r: f32[2,2] = Reshape(%y; ...)         %w: f32[2,2] = Exp(%r)
//   %w: f32[2,2] = Exp(%r)
//
// emulate.h is what becomes of the same graph on other processors.
#pragma once

#include <vector>

#include "dojo/graph/graph.h"

namespace dojo::host {

// What the executor runs: the graph as with_native_bf16() makes it where `native` and the processor
// allows it, else as emulate_bf16() does.
Graph with_host_bf16(const Graph& graph, bool native);

// The graph without casts from bf16 but where an output or an update is one; a graph without bf16
// stays as it is. It is no graph for verify(): ops in f32 have operands of bf16. Inputs, outputs
// and updates keep their order, names and formats.
Graph with_native_bf16(const Graph& graph);

// By value: true for a rounding to bf16 of which only convolutions read, as their weights. Each of
// them wants it in an order of its own, which is best made from what was rounded.
std::vector<bool> rounded_weights(const Graph& graph);

// True iff the node swaps the last two dimensions of a value of bf16. Products of matrices read
// such a factor the other way round instead.
bool swaps_rows_and_columns(const Graph& graph, const Node& node);

}  // namespace dojo::host
