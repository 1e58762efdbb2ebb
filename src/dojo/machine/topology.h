// The nodes of a machine as one mesh: dies side by side make tiles, tiles trays, trays pods, and a
// link over a boundary is slower than one inside. x counts node columns to the east, y node rows to
// the south, over the whole machine.
//
//         x ->
//     y   o-o-o-o || o-o-o-o        - node crossing, inside a die
//     |   | | | |    | | | |       || die crossing: the edge of a die
//     v   o-o-x-o || o-o-o-o        x disabled: neither computes nor routes
//
// A link belongs to the largest parts whose boundary it crosses, and has a share of that edge's
// bandwidth: 2 TB/s over the 18 rows of a die's edge are 500 bytes in 9 cycles for each row.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dojo/machine/level.h"
#include "dojo/machine/rate.h"
#include "dojo/machine/uses.h"

namespace dojo::machine {

// A place for a node, live or disabled, counted from 0 part by part: the nodes of a die follow each
// other row by row, so do the dies of a tile, and so on. In a machine of one die, y * columns + x.
enum class NodeId : int32_t {};
inline constexpr NodeId kNoNode{-1};
constexpr int32_t index(NodeId n) { return static_cast<int32_t>(n); }
constexpr size_t at(NodeId n) { return static_cast<size_t>(n); }

enum class Side : uint8_t { kEast, kWest, kNorth, kSouth };
inline constexpr std::array kSides = {Side::kEast, Side::kWest, Side::kNorth, Side::kSouth};
std::string_view name(Side side);  // "east", ...
constexpr Side opposite(Side side) { return static_cast<Side>(static_cast<uint8_t>(side) ^ 1); }
constexpr bool is_east_west(Side side) { return side <= Side::kWest; }

struct Link {
  NodeId to = kNoNode;            // kNoNode: there is no link
  Level crossing = Level::kNode;  // of the parts on both sides
};

struct LinkCost {
  int64_t latency_cycles = 0;  // from router to router, without the routers' stages
  Rate rate;                   // in one direction
  int64_t buffer_flits = 0;    // of each virtual channel, where the link ends
};

// An interface processor and the links that it has: to `links` neighbouring nodes at the edge of a
// tile, from `first` on to the south or to the east. Links of disabled nodes are not there.
struct Interface {
  Side side = Side::kWest;  // of the tile
  Coord first;              // in the whole machine
  int32_t links = 0;
  int64_t tray = 0;
};

class Topology {
 public:
  explicit Topology(Uses& uses);  // of its machine

  int64_t num_nodes() const { return static_cast<int64_t>(live_.size()); }  // with disabled ones
  int64_t num_live() const { return num_live_; }
  bool is_live(NodeId node) const { return live_[at(node)]; }

  Coord size() const { return span_.back(); }  // columns and rows of nodes in the whole machine
  NodeId node_at(Coord c) const;               // REQUIRES: inside
  Coord coord_of(NodeId node) const;

  // How many there are of a level in the machine, how many nodes each has, live or not, and how
  // many columns and rows of nodes. REQUIRES: the machine has this level.
  int64_t count(Level level) const { return num_nodes() / nodes_in(level); }
  int64_t nodes_in(Level level) const { return nodes_[at(level)]; }
  Coord span(Level level) const { return span_[at(level)]; }
  // Which of them a node is in, counted as nodes are.
  int64_t part_of(NodeId node, Level level) const { return index(node) / nodes_in(level); }

  // The link on this side of a live node to a live neighbour.
  Link link(NodeId node, Side side) const;
  // Of the links over this side of parts of this level. REQUIRES: the machine joins such parts.
  const LinkCost& cost(Level crossing, Side side) const;
  // The links on a way that never turns back, by the level of the parts on both sides.
  std::array<int64_t, kLevels.size()> crossings(Coord from, Coord to) const;

  std::span<const Interface> interfaces() const { return interfaces_; }
  const LinkCost& interface_cost(Side side) const;  // of each of its links, in either direction
  // The interface on this side of a node, as its index, or -1.
  int32_t interface_at(NodeId node, Side side) const;

 private:
  Level crossing_between(int32_t low, int32_t Coord::*axis) const;
  void add_interfaces(Uses& uses);

  std::array<Coord, kLevels.size()> grid_{};  // parts of the level below, 1 x 1 for a node
  std::vector<Coord> span_;                   // by level, up to the whole
  std::vector<int64_t> nodes_;                // the same
  std::vector<bool> live_;
  int64_t num_live_ = 0;
  std::array<std::array<LinkCost, 2>, kLevels.size()> costs_{};  // by level and axis
  std::vector<Interface> interfaces_;
  std::array<LinkCost, 2> interface_costs_{};
  bool interfaces_on_[2] = {false, false};  // east and west; north and south
};

}  // namespace dojo::machine
