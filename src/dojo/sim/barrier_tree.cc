#include "dojo/sim/barrier_tree.h"

#include <cstdlib>

namespace dojo::sim {

using program::Coord;

BarrierTree::BarrierTree(const program::Barrier& barrier, bool clocks)
    : barrier_(&barrier), with_clocks_(clocks) {
  root_column_ = (barrier.root.x - barrier.region.x.start) / barrier.region.x.step;
  root_row_ = (barrier.root.y - barrier.region.y.start) / barrier.region.y.step;
}

size_t BarrierTree::index(Coord node) const {
  const program::Region& region = barrier_->region;
  const int32_t i = (node.x - region.x.start) / region.x.step;
  const int32_t j = (node.y - region.y.start) / region.y.step;
  return static_cast<size_t>(j) * static_cast<size_t>(region.x.count) + static_cast<size_t>(i);
}

// Numbers count from the head outwards, to one side 1, 2, 3, ..., to the other -1, -2, -3, ...
int32_t BarrierTree::parent_number(int32_t number, int32_t fan) {
  const int32_t parent = (std::abs(number) - 1) / fan;
  return number < 0 ? -parent : parent;
}

Coord BarrierTree::parent(Coord node) const {
  const program::Region& region = barrier_->region;
  const int32_t i = (node.x - region.x.start) / region.x.step - root_column_;
  const int32_t j = (node.y - region.y.start) / region.y.step - root_row_;
  if (i != 0) return {region.x.at(root_column_ + parent_number(i, barrier_->fan)), node.y};
  return {node.x, region.y.at(root_row_ + parent_number(j, barrier_->fan))};
}

template <typename Fn>
void BarrierTree::for_each_child(Coord node, const Fn& fn) const {
  const program::Region& region = barrier_->region;
  const int32_t i = (node.x - region.x.start) / region.x.step - root_column_;
  const int32_t j = (node.y - region.y.start) / region.y.step - root_row_;
  // The head of a line has children on both sides, others on their own.
  const auto line = [&](int32_t number, int32_t root, int32_t count, const auto& at) {
    for (const int32_t side : {-1, 1}) {
      if (number * side < 0) continue;
      const int64_t first = int64_t{std::abs(number)} * barrier_->fan + 1;
      for (int64_t child = first; child < first + barrier_->fan; ++child) {
        const int64_t place = root + side * child;
        if (place < 0 || place >= count) break;
        at(static_cast<int32_t>(place));
      }
    }
  };
  line(i, root_column_, region.x.count, [&](int32_t c) { fn(Coord{region.x.at(c), node.y}); });
  if (i == 0)
    line(j, root_row_, region.y.count, [&](int32_t r) { fn(Coord{node.x, region.y.at(r)}); });
}

std::vector<Coord> BarrierTree::children(Coord node) const {
  std::vector<Coord> all;
  for_each_child(node, [&](Coord child) { all.push_back(child); });
  return all;
}

int32_t BarrierTree::num_children(Coord node) const {
  int32_t count = 0;
  for_each_child(node, [&](Coord) { ++count; });
  return count;
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
  const int32_t children = num_children(node);
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
