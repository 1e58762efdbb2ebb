#include "dojo/sim/network/packet.h"

#include <fmt/format.h>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo::sim {

void check_packet(const SentPacket& packet, const Topology& topology,
                  const RouterParameters& parameters) {
  DOJO_CHECK(packet.source < topology.nodes() && topology.live[packet.source]);
  DOJO_CHECK(packet.destination < topology.nodes() && topology.live[packet.destination]);
  if (packet.flits < 1 || packet.flits > parameters.most_packet_flits)
    throw Error(Category::kConfig, fmt::format("a packet of {} flits", packet.flits), "the network",
                fmt::format("packets have 1 to {} flits", parameters.most_packet_flits));
}

}  // namespace dojo::sim
