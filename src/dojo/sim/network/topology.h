// Where the routers of a network are and what joins them: a grid of places, some of which may be
// dead, with a link in each direction between neighbours that live.
//
//        x ->       0   1   2        node = y * columns + x
//     y      0      o - o - o        ports: 0 east, 1 west, 2 south, 3 north, 4 the node itself
//     |      1      o - x - o        x dead: neither sends, receives nor routes
//     v      2      o - o - o
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dojo/sim/network/router_parameters.h"

namespace dojo::sim {

using NodeId = uint32_t;
using Cycle = int64_t;

enum Port : uint8_t { kEast, kWest, kSouth, kNorth };
// The other end of a link that leaves by this port.
constexpr int opposite(int port) { return port ^ 1; }

// One direction of a link.
struct Link {
  int32_t latency_cycles = 0;  // from leaving a router to arriving at the next; 0: there is no link
  int32_t buffer_flits = 0;    // of each virtual channel at its end
  // One flit each flit_cycles.numerator / denominator cycles; 1/1 is full width.
  struct Interval {
    int32_t numerator = 1, denominator = 1;
  } flit_interval;

  explicit operator bool() const { return latency_cycles > 0; }
};

struct Topology {
  int32_t columns = 0, rows = 0;
  std::vector<uint8_t> live;  // [rows * columns]
  std::vector<Link> links;    // [node * 4 + port]

  uint32_t nodes() const { return static_cast<uint32_t>(columns) * static_cast<uint32_t>(rows); }
  int32_t x(NodeId n) const { return static_cast<int32_t>(n % static_cast<uint32_t>(columns)); }
  int32_t y(NodeId n) const { return static_cast<int32_t>(n / static_cast<uint32_t>(columns)); }
  NodeId at(int32_t column, int32_t row) const {
    return static_cast<NodeId>(row) * static_cast<NodeId>(columns) + static_cast<NodeId>(column);
  }
  NodeId neighbour(NodeId n, int port) const {
    const NodeId width = static_cast<NodeId>(columns);
    return port == kEast ? n + 1 : port == kWest ? n - 1 : port == kSouth ? n + width : n - width;
  }
  Link& link(NodeId n, int port) { return links[size_t{n} * 4 + static_cast<size_t>(port)]; }
  const Link& link(NodeId n, int port) const {
    return links[size_t{n} * 4 + static_cast<size_t>(port)];
  }
  int64_t num_live() const;
};

// All places live, all links alike. REQUIRES: columns, rows, link.latency_cycles > 0.
Topology mesh(int32_t columns, int32_t rows, const Link& link);

// The mesh of BookSim2 with RouterParameters as they are: a link of latency 1 costs 2 cycles there.
Topology booksim_mesh(int32_t columns, int32_t rows);

// Takes a place out, with the links to it and from it.
void kill(Topology& topology, NodeId node);

// Throws Error(kConfig) that names the place and the value.
void check(const Topology& topology);

}  // namespace dojo::sim
