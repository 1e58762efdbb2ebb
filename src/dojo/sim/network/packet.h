// What both models ask of a packet before they take it.
#pragma once

#include "dojo/sim/network/network.h"

namespace dojo::sim {

// Throws Error(kConfig) for what `send` refuses. REQUIRES: both ends are live nodes.
void check_packet(const SentPacket& packet, const Topology& topology,
                  const RouterParameters& parameters);

}  // namespace dojo::sim
