// What stands still, and why: each packet at the front of a virtual channel waits for others to
// move. A ring of them never moves again, and is shown.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dojo/sim/network/topology.h"

namespace dojo::sim {

// A virtual channel of an input.
struct Place {
  NodeId node = 0;
  int port = 0, vc = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Wait {
  Place at;  // where the packet's first flit there is
  NodeId source = 0, destination = 0;
  uint32_t tag = 0;
  int out_port = 0;
  int out_vc = -1;  // -1: it waits for a virtual channel there, else for room in this one
  std::vector<Place> blocked_by;
};

// The ring, or, where there is none, the first of those that stand still, a line each:
//   packet 3 from (0,0) to (2,1) at (1,0) from west, channel 0: room in channel 0 to the east
std::string explain(const Topology& topology, std::span<const Wait> waits);

// Error(kInput) with that text. REQUIRES: waits is not empty.
[[noreturn]] void throw_deadlock(Cycle now, const Topology& topology, std::span<const Wait> waits);

}  // namespace dojo::sim
