#include "dojo/machine/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "dojo/base/check.h"
#include "dojo/machine/disabled.h"

namespace dojo::machine {
namespace {

std::string parameter(Level level, std::string_view path) {
  return fmt::format("{}/{}", name(level), path);
}

size_t axis(Side side) { return is_east_west(side) ? 0 : 1; }

// The links of an edge of this level cost: its latency, and a share of its bandwidth.
LinkCost edge_cost(Uses& uses, Level level, Side side, int64_t links) {
  const std::string_view bandwidth = is_east_west(side) ? "edge/east_west" : "edge/north_south";
  return {.latency_cycles = uses.cycles(parameter(level, "edge/latency")),
          .rate = shared_by(uses.rate(parameter(level, bandwidth)), links),
          .buffer_flits = uses.whole(level == Level::kNode ? "node/router/buffer"
                                                           : parameter(level, "edge/buffer"))};
}

}  // namespace

std::string_view name(Side side) {
  constexpr std::array<std::string_view, 4> kNames = {"east", "west", "north", "south"};
  return kNames[static_cast<size_t>(side)];
}

Topology::Topology(Uses& uses) {
  grid_[0] = {1, 1};
  span_ = {{1, 1}};
  nodes_ = {1};
  for (const Level level : kLevels) {
    if (level == Level::kNode || !uses.machine().has(level)) continue;
    const Coord grid{static_cast<int32_t>(uses.whole(parameter(level, "grid/columns"))),
                     static_cast<int32_t>(uses.whole(parameter(level, "grid/rows")))};
    const Coord part = span_.back();
    const Level joined = machine::part_of(level);
    if (grid.x > 1) costs_[machine::at(joined)][0] = edge_cost(uses, joined, Side::kEast, part.y);
    if (grid.y > 1) costs_[machine::at(joined)][1] = edge_cost(uses, joined, Side::kSouth, part.x);
    grid_[machine::at(level)] = grid;
    span_.push_back({part.x * grid.x, part.y * grid.y});
    nodes_.push_back(nodes_.back() * grid.x * grid.y);
  }
  live_.assign(static_cast<size_t>(nodes_.back()), true);
  const DisabledNodes disabled = disabled_nodes(uses);
  const int64_t in_die = uses.machine().has(Level::kDie) ? nodes_in(Level::kDie) : 1;
  for (int64_t die = 0; disabled.count > 0 && die < num_nodes() / in_die; ++die)
    for (const Coord c : disabled.on_die(die))
      live_[static_cast<size_t>(die * in_die + int64_t{c.y} * disabled.size.x + c.x)] = false;
  num_live_ = std::count(live_.begin(), live_.end(), true);
  if (uses.has("tray/interfaces/sides")) add_interfaces(uses);
}

NodeId Topology::node_at(Coord c) const {
  int64_t id = 0;
  for (size_t level = span_.size() - 1; level > 0; --level) {
    const Coord part = span_[level - 1];
    id += (int64_t{c.y / part.y} * grid_[level].x + c.x / part.x) * nodes_[level - 1];
    c = {c.x % part.x, c.y % part.y};
  }
  return static_cast<NodeId>(id);
}

Coord Topology::coord_of(NodeId node) const {
  int64_t rest = index(node);
  Coord c;
  for (size_t level = span_.size() - 1; level > 0; --level) {
    const int64_t part = rest / nodes_[level - 1];
    rest %= nodes_[level - 1];
    c.x += static_cast<int32_t>(part % grid_[level].x) * span_[level - 1].x;
    c.y += static_cast<int32_t>(part / grid_[level].x) * span_[level - 1].y;
  }
  return c;
}

// Of the link from the column or row `low` to the next one.
Level Topology::crossing_between(int32_t low, int32_t Coord::*axis) const {
  size_t level = span_.size() - 1;
  while (level > 0 && (low + 1) % (span_[level - 1].*axis) != 0) --level;
  return level == 0 ? Level::kNode : kLevels[level - 1];
}

Link Topology::link(NodeId node, Side side) const {
  const Coord from = coord_of(node);
  Coord to = from;
  to.x += side == Side::kEast ? 1 : side == Side::kWest ? -1 : 0;
  to.y += side == Side::kSouth ? 1 : side == Side::kNorth ? -1 : 0;
  if (to.x < 0 || to.y < 0 || to.x >= size().x || to.y >= size().y) return {};
  const NodeId neighbour = node_at(to);
  if (!is_live(node) || !is_live(neighbour)) return {};
  return {neighbour, is_east_west(side) ? crossing_between(std::min(from.x, to.x), &Coord::x)
                                        : crossing_between(std::min(from.y, to.y), &Coord::y)};
}

const LinkCost& Topology::cost(Level crossing, Side side) const {
  const LinkCost& cost = costs_[machine::at(crossing)][axis(side)];
  DOJO_CHECK_LT(0, cost.latency_cycles);
  return cost;
}

std::array<int64_t, kLevels.size()> Topology::crossings(Coord from, Coord to) const {
  std::array<int64_t, kLevels.size()> links{};
  for (size_t level = 0; level + 1 < span_.size(); ++level) {
    // Boundaries between parts of this level that are none of the next larger one.
    const Coord part = span_[level], whole = span_[level + 1];
    const auto between = [](int32_t a, int32_t b, int32_t span) {
      return std::abs(a / span - b / span);
    };
    links[level] = between(from.x, to.x, part.x) - between(from.x, to.x, whole.x) +
                   between(from.y, to.y, part.y) - between(from.y, to.y, whole.y);
  }
  return links;
}

void Topology::add_interfaces(Uses& uses) {
  const std::string& sides = uses.word("tray/interfaces/sides");
  interfaces_on_[0] = sides != "north-south";
  interfaces_on_[1] = sides != "east-west";
  const auto each = static_cast<int32_t>(uses.whole("tray/interfaces/per_tile_edge"));
  const Coord tray = span(Level::kTray), tile = span(Level::kTile);
  const int64_t latency = uses.cycles("tray/interfaces/latency");
  const Rate rate = uses.rate("tray/interfaces/link");
  const int64_t buffer = uses.whole("tray/interfaces/buffer");
  interface_costs_ = {LinkCost{latency, shared_by(rate, tile.y / each), buffer},
                      LinkCost{latency, shared_by(rate, tile.x / each), buffer}};
  for (int64_t t = 0; t < count(Level::kTray); ++t) {
    const Coord corner = coord_of(static_cast<NodeId>(t * nodes_in(Level::kTray)));
    for (const Side side : kSides) {
      if (!interfaces_on_[axis(side)]) continue;
      const bool ew = is_east_west(side);
      const int32_t links = (ew ? tile.y : tile.x) / each;
      for (int32_t along = 0; along < (ew ? tray.y : tray.x); along += links) {
        Coord first = corner;
        (ew ? first.y : first.x) += along;
        if (side == Side::kEast) first.x += tray.x - 1;
        if (side == Side::kSouth) first.y += tray.y - 1;
        interfaces_.push_back({side, first, links, t});
      }
    }
  }
}

const LinkCost& Topology::interface_cost(Side side) const {
  DOJO_CHECK(interfaces_on_[axis(side)]);
  return interface_costs_[axis(side)];
}

int32_t Topology::interface_at(NodeId node, Side side) const {
  if (interfaces_.empty() || !interfaces_on_[axis(side)] || !is_live(node)) return -1;
  const Coord c = coord_of(node), tray = span(Level::kTray);
  const Coord in_tray{c.x % tray.x, c.y % tray.y};
  const bool at_edge =
      (side == Side::kEast && in_tray.x == tray.x - 1) || (side == Side::kWest && in_tray.x == 0) ||
      (side == Side::kNorth && in_tray.y == 0) || (side == Side::kSouth && in_tray.y == tray.y - 1);
  if (!at_edge) return -1;
  const auto per_tray = std::ssize(interfaces_) / count(Level::kTray);
  const int64_t tray_of_node = part_of(node, Level::kTray);
  const auto first = interfaces_.begin() + tray_of_node * per_tray;
  const auto on_side =
      std::find_if(first, first + per_tray, [&](const Interface& i) { return i.side == side; });
  const int32_t along = is_east_west(side) ? in_tray.y : in_tray.x;
  return static_cast<int32_t>(on_side - interfaces_.begin() + along / on_side->links);
}

}  // namespace dojo::machine
