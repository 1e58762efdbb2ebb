// Batch normalisation over all dies of a machine: the mean and the variance of each channel over
// the positions of all nodes, with which each node normalises its own.
//
//   node  --row-->  head of the row  --column-->  head of the die  --dies-->  root  --> all nodes
//
// On each of the three ways everyone sends straight to the one who adds, which adds them up by
// their numbers: the time is that of latencies, and a chain of neighbours would have one for each
// node. The root's sums go back in one multicast.
#pragma once

#include "dojo/compiler/library/target.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct BatchNormSizes {
  int64_t positions = 64;  // of a node: images times rows times columns
  int64_t channels = 64;
};

// Columns and rows of nodes that are used of each die, the same of all: those that every die has.
program::Coord batch_norm_die(const Target& target);

//   data        bf16[positions, channels], input
//   gamma beta  f32[channels], input, the same in all nodes
//   result      bf16[positions, channels], output: gamma (data - mean) / sqrt(variance + 1e-5) +
//   beta
// mean and variance are of sums of x and of x^2 in f32; the variance is the mean of x^2 less the
// square of the mean.
program::Program batch_norm(const Target& target, const BatchNormSizes& sizes);

}  // namespace dojo::compiler
