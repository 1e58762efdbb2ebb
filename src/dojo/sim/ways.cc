#include "dojo/sim/ways.h"

#include <algorithm>
#include <array>
#include <queue>
#include <tuple>
#include <unordered_map>

#include "dojo/base/check.h"

namespace dojo::sim {

using machine::Coord;
using machine::Side;

std::shared_ptr<const Tree> Ways::tree(PlaceId from, std::span<const PlaceId> to) {
  std::vector<PlaceId> key{from};
  key.insert(key.end(), to.begin(), to.end());
  std::shared_ptr<const Tree>& tree = trees_[key];
  if (tree) return tree;
  tree = std::make_shared<Tree>(make(from, to));
  std::shared_ptr<const Tree> made = tree;
  kept_ += made->nodes.size() + key.size();
  if (kept_ > kKept) {
    trees_.clear();
    kept_ = 0;
  }
  return made;
}

std::vector<PlaceId> Ways::way(PlaceId from, PlaceId to) const {
  std::vector<PlaceId> way;
  if (mesh_.is_straight_clear(from, to)) {
    for (PlaceId p = from; p != to;) {
      p = mesh_.neighbour(p, mesh_.straight_side(p, to));
      way.push_back(p);
    }
    return way;
  }
  // All live nodes of a die are connected, so that it is found in the end.
  for (int32_t margin = 2; !around(from, to, margin, &way); margin *= 4)
    DOJO_CHECK_LE(margin, 4 * std::max(mesh_.columns(), mesh_.rows()));
  return way;
}

namespace {

// A part of the mesh, for a search.
struct Box {
  int32_t x0, y0, x1, y1;  // [x0, x1), [y0, y1)

  bool contains(Coord c) const { return c.x >= x0 && c.x < x1 && c.y >= y0 && c.y < y1; }
  size_t index(Coord c) const {
    return static_cast<size_t>(c.y - y0) * static_cast<size_t>(x1 - x0) +
           static_cast<size_t>(c.x - x0);
  }
  size_t size() const { return static_cast<size_t>(x1 - x0) * static_cast<size_t>(y1 - y0); }
};

Coord moved(Coord c, Side side) {
  c.x += side == Side::kEast ? 1 : side == Side::kWest ? -1 : 0;
  c.y += side == Side::kSouth ? 1 : side == Side::kNorth ? -1 : 0;
  return c;
}

}  // namespace

// The quickest way within `margin` of both ends (Dijkstra, from the end). Of several it takes at
// each node the one that goes on as straight ways do.
bool Ways::around(PlaceId from, PlaceId to, int32_t margin, std::vector<PlaceId>* way) const {
  const Coord a = mesh_.coord(from), b = mesh_.coord(to);
  const Box box{std::max(0, std::min(a.x, b.x) - margin), std::max(0, std::min(a.y, b.y) - margin),
                std::min(mesh_.columns(), std::max(a.x, b.x) + margin + 1),
                std::min(mesh_.rows(), std::max(a.y, b.y) + margin + 1)};
  std::vector<Cycles> left(box.size(), kNever);  // to the end
  std::priority_queue<std::pair<Cycles, PlaceId>, std::vector<std::pair<Cycles, PlaceId>>,
                      std::greater<>>
      open;
  const auto step = [&](PlaceId p, Side side) {
    return mesh_.cost(p, side).latency_cycles + mesh_.router().head_cycles();
  };
  left[box.index(b)] = 0;
  open.emplace(0, to);
  while (!open.empty()) {
    const auto [cycles, p] = open.top();
    open.pop();
    if (cycles > left[box.index(mesh_.coord(p))]) continue;
    if (p == from) break;
    for (const Side side : machine::kSides) {
      const Coord c = moved(mesh_.coord(p), side);
      if (!box.contains(c) || !mesh_.is_live(mesh_.place(c))) continue;
      const Cycles there = cycles + step(p, side);
      if (there >= left[box.index(c)]) continue;
      left[box.index(c)] = there;
      open.emplace(there, mesh_.place(c));
    }
  }
  if (left[box.index(a)] == kNever) return false;
  way->clear();
  for (PlaceId p = from; p != to;) {
    std::array<Side, 5> sides{mesh_.straight_side(p, to)};
    std::copy(machine::kSides.begin(), machine::kSides.end(), sides.begin() + 1);
    const Cycles here = left[box.index(mesh_.coord(p))];
    const auto next = std::find_if(sides.begin(), sides.end(), [&](Side side) {
      const Coord c = moved(mesh_.coord(p), side);
      return box.contains(c) && left[box.index(c)] != kNever &&
             left[box.index(c)] + step(p, side) == here;
    });
    p = mesh_.neighbour(p, *next);
    way->push_back(p);
  }
  return true;
}

namespace {

// Of neighbours.
Side side_between(const Mesh& mesh, PlaceId from, PlaceId to) {
  const Coord a = mesh.coord(from), b = mesh.coord(to);
  if (a.y == b.y) return b.x > a.x ? Side::kEast : Side::kWest;
  return b.y > a.y ? Side::kSouth : Side::kNorth;
}

}  // namespace

Tree Ways::make(PlaceId from, std::span<const PlaceId> to) const {
  // Who is reached from where: the first way that comes there decides.
  struct Reached {
    PlaceId place, parent;
    int32_t depth;
    bool is_target;
  };
  std::vector<Reached> reached = {{from, from, 0, false}};
  std::unordered_map<PlaceId, size_t> index = {{from, 0}};
  for (const PlaceId target : to) {
    PlaceId before = from;
    for (const PlaceId p : way(from, target)) {
      if (index.emplace(p, reached.size()).second)
        reached.push_back({p, before, reached[index[before]].depth + 1, false});
      before = p;
    }
    reached[index[target]].is_target = true;
  }
  std::sort(reached.begin(), reached.end(), [](const Reached& a, const Reached& b) {
    return std::tie(a.depth, a.parent, a.place) < std::tie(b.depth, b.parent, b.place);
  });
  Tree tree;
  for (size_t i = 0; i < reached.size(); ++i) {
    const Reached& r = reached[i];
    index[r.place] = i;
    tree.nodes.push_back({.place = r.place, .is_target = r.is_target});
    if (r.depth == 0) continue;
    tree.nodes[i].side = side_between(mesh_, r.parent, r.place);
    Tree::Node& parent = tree.nodes[index[r.parent]];
    if (parent.num_children++ == 0) parent.first_child = static_cast<int32_t>(i);
  }
  return tree;
}

}  // namespace dojo::sim
