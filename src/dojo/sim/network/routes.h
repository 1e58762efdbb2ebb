// Which way a packet goes, and which virtual channels it may use: first along the row, then along
// the column, on any channel. Where a dead node is on that way, the packet goes over one or two
// other nodes, its stops, in the same manner from each to the next:
//
//      S - o - x   D        S to D: the row is blocked; over V: class 0 to V, class 1 from there
//          |       |
//          V - o - o
//
// Note [No rings]. Within a class, ways go along rows before columns, so that the channels of a
// class wait for each other in no ring; and at each stop a packet goes to the next class, never
// back. So nothing waits in a ring, whatever nodes are dead. The classes have channels of their
// own, and where no node is dead there is one class only. (routes_test.cc walks through the graph.)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dojo/sim/network/topology.h"

namespace dojo::sim {

struct Hop {
  uint8_t port;      // kLocal: it has arrived
  uint8_t vc_class;  // which set of virtual channels it may take behind that port
};

// Where a packet goes to in each class: its stops, and from there on its destination.
inline constexpr int kMostClasses = 3;
using Stops = std::array<NodeId, kMostClasses>;

class Routes {
 public:
  // Throws Error(kConfig) if there are dead nodes and only one virtual channel.
  Routes(const Topology& topology, int virtual_channels);

  int num_classes() const { return num_classes_; }
  // The channels of a class, as a bit mask; those of the node's own link too.
  uint8_t vcs(uint32_t vc_class) const { return vcs_[vc_class]; }

  // As few as possible. Throws Error(kUnsupported) if more classes are needed than there are.
  // Remembers what it gave.
  Stops stops(NodeId source, NodeId destination);

  // At the source, vc_class is 0.
  Hop next(NodeId at, const Stops& stops, uint32_t vc_class) const;

  struct Place {
    int32_t x, y;
  };
  Place place(NodeId n) const {
    return {static_cast<int32_t>(n % static_cast<NodeId>(columns_)),
            static_cast<int32_t>(n / static_cast<NodeId>(columns_))};
  }
  static uint8_t dimension_order(Place at, Place to);

 private:
  NodeId number(Place p) const { return static_cast<NodeId>(p.y * columns_ + p.x); }
  bool is_clear(Place from, Place to) const;
  std::optional<Place> find_stop(Place from, Place to) const;
  Stops find_stops(Place from, Place to) const;

  // How many dead nodes are in the row before this one, and in the column.
  int32_t& in_row(int32_t x, int32_t y) {
    return dead_in_row_[static_cast<size_t>(y * (columns_ + 1) + x)];
  }
  int32_t in_row(int32_t x, int32_t y) const {
    return dead_in_row_[static_cast<size_t>(y * (columns_ + 1) + x)];
  }
  int32_t& in_column(int32_t x, int32_t y) {
    return dead_in_column_[static_cast<size_t>(y * columns_ + x)];
  }
  int32_t in_column(int32_t x, int32_t y) const {
    return dead_in_column_[static_cast<size_t>(y * columns_ + x)];
  }

  int32_t columns_, rows_;
  int num_classes_ = 1;
  uint8_t vcs_[kMostClasses] = {};                     // by class
  std::vector<int32_t> dead_in_row_, dead_in_column_;  // if there are dead nodes
  std::unordered_map<uint64_t, Stops> known_;          // by source and destination
};

// Routers on the way.
int32_t hops(const Routes& routes, NodeId source, const Stops& stops);

}  // namespace dojo::sim
