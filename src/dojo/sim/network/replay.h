// Traces of packets from another simulator of the same network, and whether ours gives each packet
// the same arrival. A trace is text, a line for each packet:
//
//   id source destination created issued arrived hops
//
// Cycles count from 0; nodes are y * columns + x; hops are the routers on the way. Packets of one
// source come in the order of their creation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/sim/network/network.h"

namespace dojo::sim {

struct TracedPacket {
  int64_t id = 0;
  NodeId source = 0, destination = 0;
  Cycle created = 0, issued = 0, arrived = 0;
  int32_t hops = 0;
};

// Throws Error(kInput) with "FILE:LINE" for a line that is no such packet of this network.
std::vector<TracedPacket> parse_trace(std::string_view text, const Topology& topology,
                                      const std::string& file);

struct ReplayResult {
  int64_t packets = 0;
  int64_t mismatches = 0;        // packets that arrived in another cycle, or not at all
  int64_t issue_mismatches = 0;  // that left their source in another cycle
  Cycle cycles = 0;              // until the last one had arrived
  int64_t flit_hops = 0;
  std::string first_mismatch;  // "packet 17 from 3 to 60, created 40: arrived 92, in the trace 93"
};

// REQUIRES: `network` is new, and the trace is of its topology; each packet has `flits`.
ReplayResult replay(const std::vector<TracedPacket>& trace, int32_t flits, Network& network);

}  // namespace dojo::sim
