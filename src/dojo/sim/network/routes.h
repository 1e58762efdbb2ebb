// Which way a packet goes, and which virtual channels it may use: first along the row, then along
// the column, on any channel. Where a dead node is on that way, the packet goes around it by
// stops, from each to the next in the same manner:
//
//      S o x D        S to D: the row is blocked. East to the node before x, then south to a row
//      o V o o        that goes on: the stop V. From there east and north to D.
//
// Note [No rings]. In class 0 ways go west before anything else and then any of east, north and
// south; in class 1 they go east before anything else. No way turns back at once. With such turns
// the channels of a class wait for each other in no ring (the turn model: Glass and Ni 1992),
// whatever nodes are dead; a packet may go over from class 0 to class 1, once, and never back; and
// no channel is of two classes. What goes along the row and then the column may be of either, and
// some is of each; where no node is dead there is one class. Nodes with one live neighbour, and
// those that only such a one joins to the rest, are left and entered over it, whatever the turn: no
// other way goes on behind them. (routes_test.cc walks through the graph.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <unordered_map>
#include <vector>

#include "dojo/sim/network/topology.h"

namespace dojo::sim {

struct Hop {
  uint8_t port;      // kLocal: it has arrived
  uint8_t vc_class;  // of the channels behind that port
};

// What a packet of a network can carry.
inline constexpr size_t kMostStops = 32;

// Stop after stop, to each along the row and then the column. The last one is the destination.
struct Way {
  std::vector<NodeId> stops;
  size_t second = kAllFirst;  // to stops[i] it goes in class 0 where i < second, else in class 1
  static constexpr size_t kAllFirst = std::numeric_limits<size_t>::max();

  uint8_t vc_class(size_t stop) const { return stop < second ? 0 : 1; }
};

class Routes {
 public:
  // live: row by row; none: all are. Where not x_first, columns are rows in all that is said above.
  Routes(int32_t columns, int32_t rows, std::span<const uint8_t> live, bool x_first = true);
  explicit Routes(const Topology& topology)
      : Routes(topology.columns, topology.rows, topology.live) {}

  int num_classes() const { return live_.empty() ? 1 : 2; }

  bool is_live(NodeId node) const { return live_.empty() || live_[node]; }

  // Whether the way along the row and then the column has live nodes only.
  // REQUIRES: both live.
  bool is_straight(NodeId source, NodeId destination) const {
    if (live_.empty()) return true;
    const Place from = place(source), to = place(destination);
    return distance(from, to) <= 1 || is_clear(from, to);
  }

  // Of such a way.
  uint8_t straight_class(NodeId source, NodeId destination) const {
    return live_.empty() ? 0 : straight_class(place(source), place(destination));
  }
  int32_t distance(NodeId a, NodeId b) const { return distance(place(a), place(b)); }

  // Throws Error(kUnsupported) if there is none with such turns and so few stops.
  // REQUIRES: both live.
  Way way(NodeId source, NodeId destination,
          size_t most_stops = std::numeric_limits<size_t>::max()) const;

  // The same. What a search works with is kept for the next one, which is quicker on large grids.
  class Scratch;
  Way way(NodeId source, NodeId destination, size_t most_stops, Scratch* scratch) const;

  // Routers on it.
  int32_t hops(NodeId source, const Way& way) const;

  // The output towards a stop; kLocal: it is here.
  uint8_t towards(NodeId at, NodeId stop) const {
    const uint8_t port = dimension_order(place(at), place(stop));
    return x_first_ || port == kLocal ? port : static_cast<uint8_t>(port ^ 2);
  }

  // In coordinates along the direction that is gone first and the other one.
  struct Place {
    int32_t x, y;
    friend bool operator==(const Place&, const Place&) = default;
  };
  static uint8_t dimension_order(Place at, Place to);

 private:
  Place place(NodeId n) const {
    const auto width = static_cast<NodeId>(x_first_ ? columns_ : rows_);
    const auto along = static_cast<int32_t>(n % width), across = static_cast<int32_t>(n / width);
    return x_first_ ? Place{along, across} : Place{across, along};
  }
  NodeId number(Place p) const {
    return static_cast<NodeId>(x_first_ ? p.y * columns_ + p.x : p.x * rows_ + p.y);
  }
  bool is_live(Place p) const {
    return p.x >= 0 && p.x < columns_ && p.y >= 0 && p.y < rows_ && live_[number(p)];
  }
  static int32_t distance(Place a, Place b) { return std::abs(a.x - b.x) + std::abs(a.y - b.y); }
  // Either is possible: as many of each, of those that go far and of neighbours.
  static uint8_t straight_class(Place from, Place to) {
    return (from.x / 2 + from.y / 2 + to.x + to.y) % 2 == 1 ? 1 : 0;
  }
  void find_single_neighbours();
  [[noreturn]] void no_way(NodeId source, NodeId destination) const;
  Way core_way(NodeId source, NodeId destination, size_t most_stops, Scratch* scratch) const;
  std::vector<NodeId> chain_from(NodeId node) const;
  bool is_clear(Place from, Place to) const;
  bool find(Place from, Place to, int32_t step, int32_t back, Way* way) const;
  bool search(Place from, Place to, Way* way, Scratch* scratch) const;
  static Place beside(Place p, Port port);
  bool climb(Place* at, int32_t step, Place to, bool must_move) const;

  // How many dead nodes are in the row before this one, and in the column.
  size_t in_row(int32_t x, int32_t y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(columns_ + 1) + static_cast<size_t>(x);
  }
  size_t in_column(int32_t x, int32_t y) const {
    return static_cast<size_t>(x) * static_cast<size_t>(rows_ + 1) + static_cast<size_t>(y);
  }

  bool x_first_;
  int32_t columns_, rows_;                             // along and across what is gone first
  std::vector<uint8_t> live_;                          // by node, if there are dead ones
  std::vector<int32_t> dead_in_row_, dead_in_column_;  // the same
  std::unordered_map<NodeId, NodeId> only_neighbour_;  // of those with a single one
};

// Of one search at a time, all with the same Routes.
class Routes::Scratch {
  friend class Routes;
  struct Step {
    Place at;
    uint8_t phase, came;
  };
  std::vector<uint8_t> came_;           // by place and phase
  std::vector<size_t> reached_;         // of these
  std::vector<Step> closer_, further_;  // to go on from
};

// The channels of each class, as bit masks; those of the node's own link too. Throws Error(kConfig)
// for two classes and one channel.
std::array<uint8_t, 2> channels_of_classes(const Routes& routes, int virtual_channels);

}  // namespace dojo::sim
