// Sums over all nodes in a tree of neighbours: along each row to the column of the root, and along
// that column to the root. Each node adds what comes to its own numbers and passes the sum on, in
// chunks that follow each other through the tree; the sum that the root has can go back to all.
//
//     o->o->R<-o<-o        the order of every sum is written in the tree: a node adds what comes
//           ^              from the west, the east, the north, the south, in this order, to its own
//     o->o->o<-o<-o
//
// A node has two threads that take chunks in turn, so that one waits while the other adds; or one.
#pragma once

#include <optional>

#include "dojo/compiler/library/target.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct TreeSizes {
  int64_t elements = 16384;  // f32 of each node
  // Numbers that are passed on as one, a multiple of 16; without: see tree_chunk().
  std::optional<int64_t> chunk = {};
  // Chunks of each thread that a node has places for, of each stream; without: as many as
  // are on the longest link at a time, and two.
  std::optional<int64_t> slots = {};
  int64_t threads = 2;  // 1 or 2; with one there is room for longer chunks
  // In the grid of live nodes; without: the middle, which is the nearest to all. In a corner no
  // node has more than two streams to add, so that long sums are quicker.
  std::optional<program::Coord> root = {};
};

//   sums   f32[elements], input and output: the root's is the sum over all nodes in the end, the
//          others' are the sums of what is behind them
program::Program reduce(const Target& target, const TreeSizes& sizes);

//   sums   f32[elements], input and output: the sum over all nodes, in each of them
program::Program all_reduce_tree(const Target& target, const TreeSizes& sizes);

// The chunk for so many numbers: a 64th of them, 128 to 1024.
int64_t tree_chunk(int64_t elements);

}  // namespace dojo::compiler
