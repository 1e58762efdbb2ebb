// C = A B with a block of C in each node, which stays there until it is done; the factors are in
// SRAM too and travel. Two ways:
//
//   gemm_summa   panels of A and B are multicast: a column of nodes that has panel p of A sends it
//                along the rows, a row that has panel p of B along the columns. Any rectangle of
//                nodes, any number of panels.
//   gemm_cannon  output-stationary among neighbours: blocks of A go round the rows and blocks of B
//                round the columns, one node in each step (Cannon's way, in rings that are folded:
//                folded_ring.h). A square of nodes; nothing goes further than two links.
//
// Thread 0 multiplies, threads 2 and 3 send. They run ahead by as many panels as a node has places
// for, and word comes back when one is free, so that neither waits while the other is quick enough.
#pragma once

#include <optional>

#include "dojo/compiler/library/target.h"
#include "dojo/program/element.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct GemmSizes {
  int64_t m = 1024, n = 1024, k = 1024;
  program::Element factor = {program::ElementKind::kBF16};  // bf16 or a CFloat8
  std::optional<int64_t> panel = {};  // columns of A that are sent as one, SUMMA only; without: 64
  std::optional<int64_t> slots = {};  // panels of each factor that a node has places for
};

// How the matrices are cut: the node in column x and row y has rows y * block_m ... of C and
// columns x * block_n ...; what is beyond m, n and k is filled up, with zeros by whoever makes the
// inputs.
struct GemmShape {
  program::Coord grid;
  int64_t block_m = 0, block_n = 0;  // of C in a node: multiples of the matrix unit's 8
  int64_t panel = 0, panels = 0;     // of k
  int64_t slots = 0;
  // SUMMA: cycles between the first panels, for which there is room at once: each comes nearly as
  // soon as if it were alone, and those behind it while it is multiplied.
  int64_t gap = 0;
};
GemmShape summa_shape(const Target& target, const GemmSizes& sizes);
GemmShape cannon_shape(const Target& target, const GemmSizes& sizes);

//   a   [panels of a node, block_m, panel], input: element [i] is panel x + i * columns of A
//   b   [panels of a node, panel, block_n], input: element [i] is panel y + i * rows of B
//   c   f32[block_m, block_n], output
program::Program gemm_summa(const Target& target, const GemmSizes& sizes);

//   a   [block_m, panel], input: the block in column x of A's columns
//   b   [panel, block_n], input: the block in row y of B's rows
//   c   f32[block_m, block_n], output
program::Program gemm_cannon(const Target& target, const GemmSizes& sizes);

}  // namespace dojo::compiler
