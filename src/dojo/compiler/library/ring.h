// All-reduce in rings: along the rows, then along the columns. Numbers are cut into a part for each
// node; in each step a node passes one part on to its neighbour and adds what comes to another one
// (reduce-scatter), until each node has the whole sum of one part, which then goes round to all
// (all-gather). Each number leaves a node hardly more than twice, however many nodes there are.
//
// Half of the numbers goes this way round, with two threads of each node, the other half the other
// way, with the other two. A ring is folded (folded_ring.h), so that no step has a long way. The
// order of a sum is that of the ring: a part's first addend is that of the node behind the one
// where it ends.
#pragma once

#include "dojo/compiler/library/target.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct RingSizes {
  // f32 of each node. Filled up to a multiple of twice the number of nodes.
  int64_t elements = 16384;
};

//   sums   f32[2, columns, rows, elements of a part], input and output: the sum over all nodes, in
//          each of them. Which part is which does not matter to who has the same order everywhere.
program::Program all_reduce_ring(const Target& target, const RingSizes& sizes);

}  // namespace dojo::compiler
