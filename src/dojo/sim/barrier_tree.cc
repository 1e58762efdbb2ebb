#include "dojo/sim/barrier_tree.h"

#include "dojo/program/barrier_tree.h"

namespace dojo::sim {

using program::Coord;

size_t BarrierTree::index(Coord node) const {
  const program::Region& region = barrier_->region;
  const int32_t i = (node.x - region.x.start) / region.x.step;
  const int32_t j = (node.y - region.y.start) / region.y.step;
  return static_cast<size_t>(j) * static_cast<size_t>(region.x.count) + static_cast<size_t>(i);
}

void BarrierTree::come(Coord node, bool itself, const Clock* known) {
  if (nodes_.empty()) {  // many barriers of a program may have none that comes
    nodes_.resize(static_cast<size_t>(barrier_->region.num_nodes()));
    if (with_clocks_) clocks_.resize(nodes_.size());
  }
  Node& n = nodes_[index(node)];
  ++(itself ? n.itself : n.children_came);
  if (known && has_clocks()) clocks_[index(node)].join(*known);
}

bool BarrierTree::complete(Coord node) {
  Node& n = nodes_[index(node)];
  int32_t children = 0;
  program::for_each_barrier_child(*barrier_, node, [&](Coord) { ++children; });
  if (n.itself == 0 || n.children_came < children) return false;
  n.itself = 0;
  n.children_came -= children;
  return true;
}

void BarrierTree::fields(Archive& archive, ClockParts* shared, uint32_t agents) {
  constexpr int64_t kMost = 1 << 30;
  bool used = has_begun();
  archive.flag(used);
  if (!used) return;
  nodes_.resize(static_cast<size_t>(barrier_->region.num_nodes()));
  for (Node& n : nodes_) {
    archive.whole(n.children_came, 0, kMost);
    archive.whole(n.itself, 0, kMost);
  }
  if (!with_clocks_) return;
  clocks_.resize(nodes_.size());
  for (Clock& clock : clocks_) clock.fields(archive, shared, agents);
}

}  // namespace dojo::sim
