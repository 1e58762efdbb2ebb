#include "dojo/sim/multicast_tree.h"

#include <algorithm>
#include <array>
#include <queue>
#include <tuple>

#include "dojo/base/check.h"
#include "dojo/sim/box.h"

namespace dojo::sim {
namespace {

using machine::Coord;
using machine::Side;

class Multicast {
 public:
  Multicast(const Mesh& mesh, PlaceId from, std::span<const PlaceId> to, int32_t margin)
      : mesh_(mesh),
        from_(from),
        to_(to),
        box_(box_of(margin)),
        way_(box_.size(), kNever),
        number_(box_.size(), kNone) {}

  // Whether there are ways to all of them inside of the box: Dijkstra, until all are reached.
  bool search() {
    int64_t left = 0;
    for (const PlaceId target : to_) {
      left += number(target) == kNone;
      number(target) = kTarget;
    }
    using Reach = std::pair<Cycles, PlaceId>;
    std::priority_queue<Reach, std::vector<Reach>, std::greater<>> open;
    way(from_) = 0;
    open.emplace(0, from_);
    while (!open.empty() && left > 0) {
      const auto [cycles, p] = open.top();
      open.pop();
      if (cycles > way(p)) continue;
      left -= number(p) == kTarget;
      for (const Side side : machine::kSides) {
        if (!is_inside(p, side)) continue;
        const PlaceId next = mesh_.neighbour(p, side);
        const Cycles there = cycles + step_cycles(mesh_, p, side);
        if (there >= way(next)) continue;
        way(next) = there;
        open.emplace(there, next);
      }
    }
    return left == 0;
  }

  // REQUIRES: search().
  Tree tree() {
    reach(from_, from_, 0);
    std::vector<PlaceId> back;
    for (const PlaceId target : to_) {
      for (PlaceId p = target; number(p) < 0; p = before(p)) back.push_back(p);
      for (; !back.empty(); back.pop_back()) {
        const PlaceId p = back.back(), parent = before(p);
        reach(p, parent, reached_[static_cast<size_t>(number(parent))].depth + 1);
      }
    }
    return in_order();
  }

 private:
  static constexpr int32_t kNone = -1, kTarget = -2;

  struct Reached {
    PlaceId place, parent;
    int32_t depth;
    bool is_target;
  };

  Box box_of(int32_t margin) const {
    const Coord begin = mesh_.coord(from_);
    Box box{begin.x, begin.y, begin.x, begin.y};
    for (const PlaceId p : to_) {
      const Coord c = mesh_.coord(p);
      box = {std::min(box.x0, c.x), std::min(box.y0, c.y), std::max(box.x1, c.x),
             std::max(box.y1, c.y)};
    }
    return {std::max(0, box.x0 - margin), std::max(0, box.y0 - margin),
            std::min(mesh_.columns(), box.x1 + margin + 1),
            std::min(mesh_.rows(), box.y1 + margin + 1)};
  }
  bool is_inside(PlaceId p, Side side) const {
    return box_.contains(moved(mesh_.coord(p), side)) && mesh_.is_live(mesh_.neighbour(p, side));
  }
  Cycles& way(PlaceId p) { return way_[box_.index(mesh_.coord(p))]; }
  int32_t& number(PlaceId p) { return number_[box_.index(mesh_.coord(p))]; }

  PlaceId before(PlaceId p) {
    const Coord begin = mesh_.coord(from_), c = mesh_.coord(p);
    const Side along_x = c.x > begin.x ? Side::kWest : Side::kEast;
    const Side along_y = c.y > begin.y ? Side::kNorth : Side::kSouth;
    const bool came_along_y = mesh_.router().x_first ? c.y != begin.y : c.x == begin.x;
    std::array<Side, 6> sides{came_along_y ? along_y : along_x, came_along_y ? along_x : along_y};
    std::copy(machine::kSides.begin(), machine::kSides.end(), sides.begin() + 2);
    const auto side = std::find_if(sides.begin(), sides.end(), [&](Side s) {
      if (!is_inside(p, s)) return false;
      const PlaceId b = mesh_.neighbour(p, s);
      return way(b) != kNever && way(b) + step_cycles(mesh_, b, opposite(s)) == way(p);
    });
    DOJO_CHECK(side != sides.end());
    return mesh_.neighbour(p, *side);
  }

  void reach(PlaceId p, PlaceId parent, int32_t depth) {
    const bool is_target = number(p) == kTarget;
    number(p) = static_cast<int32_t>(reached_.size());
    reached_.push_back({p, parent, depth, is_target});
  }

  // Children beside each other, behind their parent.
  Tree in_order() {
    std::sort(reached_.begin(), reached_.end(), [](const Reached& a, const Reached& b) {
      return std::tie(a.depth, a.parent, a.place) < std::tie(b.depth, b.parent, b.place);
    });
    Tree tree;
    tree.nodes.reserve(reached_.size());
    for (const Reached& r : reached_) {
      const auto n = static_cast<int32_t>(tree.nodes.size());
      number(r.place) = n;
      tree.nodes.push_back({.place = r.place, .is_target = r.is_target});
      if (r.depth == 0) continue;
      tree.nodes.back().side = side_between(mesh_, r.parent, r.place);
      Tree::Node& parent = tree.nodes[static_cast<size_t>(number(r.parent))];
      if (parent.num_children++ == 0) parent.first_child = n;
    }
    return tree;
  }

  const Mesh& mesh_;
  const PlaceId from_;
  const std::span<const PlaceId> to_;
  const Box box_;
  std::vector<Cycles> way_;      // by place in the box: from `from`, so far
  std::vector<int32_t> number_;  // the same: in reached_, later in the tree
  std::vector<Reached> reached_;
};

}  // namespace

Tree multicast_tree(const Mesh& mesh, PlaceId from, std::span<const PlaceId> to) {
  // All live nodes of a die are connected, so that all are found in the end.
  for (int32_t margin = 2;; margin *= 4) {
    Multicast multicast(mesh, from, to, margin);
    if (multicast.search()) return multicast.tree();
    DOJO_CHECK_LE(margin, 4 * std::max(mesh.columns(), mesh.rows()));
  }
}

}  // namespace dojo::sim
