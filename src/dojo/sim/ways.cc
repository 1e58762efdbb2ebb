#include "dojo/sim/ways.h"

#include <algorithm>
#include <array>
#include <queue>

#include "dojo/base/check.h"
#include "dojo/sim/box.h"
#include "dojo/sim/multicast_tree.h"

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

// Cycles to a place from all others in a box (Dijkstra, from the end); kNever where there is no
// way. Those farther than `from` may be longer than they need be.
std::vector<Cycles> cycles_to(const Mesh& mesh, PlaceId to, const Box& box, PlaceId from = -1) {
  std::vector<Cycles> left(box.size(), kNever);
  using Reach = std::pair<Cycles, PlaceId>;
  std::priority_queue<Reach, std::vector<Reach>, std::greater<>> open;
  left[box.index(mesh.coord(to))] = 0;
  open.emplace(0, to);
  while (!open.empty()) {
    const auto [cycles, p] = open.top();
    open.pop();
    if (cycles > left[box.index(mesh.coord(p))]) continue;
    if (p == from) break;
    for (const Side side : machine::kSides) {
      const Coord c = moved(mesh.coord(p), side);
      if (!box.contains(c) || !mesh.is_live(mesh.place(c))) continue;
      const Cycles there = cycles + step_cycles(mesh, p, side);
      if (there >= left[box.index(c)]) continue;
      left[box.index(c)] = there;
      open.emplace(there, mesh.place(c));
    }
  }
  return left;
}

// Of the sides on a quickest way that which straight ways take, or the first.
Side next_side(const Mesh& mesh, PlaceId p, PlaceId to, const Box& box,
               const std::vector<Cycles>& left) {
  std::array<Side, 5> sides{mesh.straight_side(p, to)};
  std::copy(machine::kSides.begin(), machine::kSides.end(), sides.begin() + 1);
  const Cycles here = left[box.index(mesh.coord(p))];
  return *std::find_if(sides.begin(), sides.end(), [&](Side side) {
    const Coord c = moved(mesh.coord(p), side);
    return box.contains(c) && left[box.index(c)] != kNever &&
           left[box.index(c)] + step_cycles(mesh, p, side) == here;
  });
}

}  // namespace

// The quickest way within `margin` of both ends.
bool Ways::around(PlaceId from, PlaceId to, int32_t margin, std::vector<PlaceId>* way) const {
  const Coord a = mesh_.coord(from), b = mesh_.coord(to);
  const Box box{std::max(0, std::min(a.x, b.x) - margin), std::max(0, std::min(a.y, b.y) - margin),
                std::min(mesh_.columns(), std::max(a.x, b.x) + margin + 1),
                std::min(mesh_.rows(), std::max(a.y, b.y) + margin + 1)};
  const std::vector<Cycles> left = cycles_to(mesh_, to, box, from);
  if (left[box.index(a)] == kNever) return false;
  way->clear();
  for (PlaceId p = from; p != to;) {
    p = mesh_.neighbour(p, next_side(mesh_, p, to, box, left));
    way->push_back(p);
  }
  return true;
}

std::shared_ptr<const HopTable> Ways::hops(PlaceId from, PlaceId to) {
  const Coord a = mesh_.coord(from), b = mesh_.coord(to);
  if (a.x != b.x && a.y != b.y) return {};
  // Two places beside the row or column, and parts of it that are the same for many.
  constexpr int32_t kBeside = 2, kPart = 64;
  const bool in_row = a.y == b.y;
  const auto [least, most] = in_row ? std::minmax(a.x, b.x) : std::minmax(a.y, b.y);
  const int32_t first = std::max(0, least - kBeside) / kPart;
  const int32_t last = (most + kBeside) / kPart;
  std::shared_ptr<const HopTable>& table =
      tables_[static_cast<uint64_t>(to) << 32 | static_cast<uint64_t>(first) << 16 |
              static_cast<uint64_t>(last) << 1 | (in_row ? 1 : 0)];
  if (!table) {
    Box box{first * kPart, b.y - kBeside, (last + 1) * kPart, b.y + kBeside + 1};
    if (!in_row) box = {b.x - kBeside, first * kPart, b.x + kBeside + 1, (last + 1) * kPart};
    box = {std::max(0, box.x0), std::max(0, box.y0), std::min(mesh_.columns(), box.x1),
           std::min(mesh_.rows(), box.y1)};
    table = std::make_shared<HopTable>(make_hops(to, box));
    kept_hops_ += box.size();
  }
  std::shared_ptr<const HopTable> made = table;
  if (kept_hops_ > kKeptHops) {
    tables_.clear();
    kept_hops_ = 0;
  }
  return made->sides[made->box.index(a)] == HopTable::kNowhere ? nullptr : made;
}

HopTable Ways::make_hops(PlaceId to, const Box& box) const {
  HopTable table{box, std::vector<uint8_t>(box.size(), HopTable::kNowhere)};
  const std::vector<Cycles> left = cycles_to(mesh_, to, box);
  for (int32_t y = box.y0; y < box.y1; ++y)
    for (int32_t x = box.x0; x < box.x1; ++x) {
      const PlaceId p = mesh_.place({x, y});
      if (p == to || left[box.index({x, y})] == kNever) continue;
      table.sides[box.index({x, y})] = static_cast<uint8_t>(next_side(mesh_, p, to, box, left));
    }
  return table;
}

Tree Ways::make(PlaceId from, std::span<const PlaceId> to) const {
  if (to.size() > 1) return multicast_tree(mesh_, from, to);
  Tree tree;
  tree.nodes.push_back({.place = from});
  for (const PlaceId p : way(from, to.front())) {
    Tree::Node& parent = tree.nodes.back();
    parent.first_child = static_cast<int32_t>(tree.nodes.size());
    parent.num_children = 1;
    tree.nodes.push_back({.place = p, .side = side_between(mesh_, parent.place, p)});
  }
  tree.nodes.back().is_target = true;
  return tree;
}

}  // namespace dojo::sim
