// The tree over which the packets of a barrier travel; docs/program.md, "barrier".
#pragma once

#include <cstdlib>

#include "dojo/program/program.h"

namespace dojo::program {

// Whom a node tells that it and those behind it have come, and who tells it to go on. The root is
// its own parent. REQUIRES: the node is in the barrier's region.
Coord barrier_parent(const Barrier& barrier, Coord node);

namespace internal {

// Nodes of one row or column: fn(coordinate) for those whose parent is at `at`. The head of a line
// has children on both sides, others on their own.
template <typename Fn>
void for_each_child_on_line(const Range& range, int32_t head, int32_t at, int32_t fan,
                            const Fn& fn) {
  const int32_t number = std::abs(at - head) / range.step;
  for (const int32_t side : {-1, 1}) {
    if ((at - head) * side < 0) continue;
    const int64_t first = int64_t{number} * fan + 1;
    for (int64_t child = first; child < first + fan; ++child) {
      const int64_t place = (head - range.start) / range.step + side * child;
      if (place < 0 || place >= range.count) break;
      fn(range.at(static_cast<int32_t>(place)));
    }
  }
}

}  // namespace internal

// fn(child) for all nodes whose parent is this one, those of its row first.
// REQUIRES: the node is in the barrier's region.
template <typename Fn>
void for_each_barrier_child(const Barrier& barrier, Coord node, const Fn& fn) {
  const Coord root = barrier.root;
  internal::for_each_child_on_line(barrier.region.x, root.x, node.x, barrier.fan, [&](int32_t x) {
    fn(Coord{x, node.y});
  });
  if (node.x == root.x)
    internal::for_each_child_on_line(barrier.region.y, root.y, node.y, barrier.fan, [&](int32_t y) {
      fn(Coord{node.x, y});
    });
}

}  // namespace dojo::program
