#include "dojo/program/barrier_tree.h"

namespace dojo::program {
namespace {

// In one row or column: numbers count outwards from the head, on each side of it.
int32_t parent_on_line(const Range& range, int32_t head, int32_t at, int32_t fan) {
  const int32_t number = std::abs(at - head) / range.step;
  const int32_t parent = (number - 1) / fan * range.step;
  return at > head ? head + parent : head - parent;
}

}  // namespace

Coord barrier_parent(const Barrier& barrier, Coord node) {
  const Coord root = barrier.root;
  if (node.x != root.x)
    return {parent_on_line(barrier.region.x, root.x, node.x, barrier.fan), node.y};
  if (node.y != root.y)
    return {node.x, parent_on_line(barrier.region.y, root.y, node.y, barrier.fan)};
  return root;
}

}  // namespace dojo::program
