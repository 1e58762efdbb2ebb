#include "dojo/sim/network/machine_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "dojo/base/error.h"
#include "dojo/machine/router.h"
#include "dojo/machine/topology.h"

namespace dojo::sim {
namespace {

constexpr machine::Side kSideOfPort[] = {machine::Side::kEast, machine::Side::kWest,
                                         machine::Side::kSouth, machine::Side::kNorth};

[[noreturn]] void not_here(std::string message) {
  throw Error(Category::kUnimplemented, std::move(message), "the network at the level of flits");
}

// check() of what they become says whether it is in range.
int32_t narrow(int64_t value) {
  return static_cast<int32_t>(std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                                                  std::numeric_limits<int32_t>::max()));
}

RouterParameters parameters_of(const machine::RouterShape& r) {
  if (!r.x_first) not_here("routers that go along the column first");
  if (r.output_speedup != 1) not_here(fmt::format("an output_speedup of {}", r.output_speedup));
  return {.virtual_channels = narrow(r.virtual_channels),
          .buffer_flits = narrow(r.buffer_flits),
          .most_packet_flits = narrow(r.most_packet_flits),
          .routing_cycles = narrow(r.routing_cycles),
          .vc_allocation_cycles = narrow(r.vc_allocation_cycles),
          .switch_allocation_cycles = narrow(r.switch_allocation_cycles),
          .traversal_cycles = narrow(r.traversal_cycles),
          .credit_cycles = narrow(r.credit_cycles),
          .injection_cycles = narrow(r.injection_cycles),
          .ejection_cycles = narrow(r.ejection_cycles),
          .input_speedup = narrow(r.input_speedup),
          .allocation_rounds = narrow(r.allocation_rounds),
          .wait_for_tail_credit = r.wait_for_tail_credit};
}

Link link_of(const machine::LinkCost& cost, int64_t flit_bytes) {
  const int64_t numerator = flit_bytes * cost.rate.cycles, denominator = cost.rate.bytes;
  Link link{.latency_cycles = narrow(cost.latency_cycles),
            .buffer_flits = narrow(cost.buffer_flits),
            .flit_interval = {}};
  if (numerator <= denominator) return link;
  const int64_t divisor = std::gcd(numerator, denominator);
  link.flit_interval = {narrow(numerator / divisor), narrow(denominator / divisor)};
  return link;
}

}  // namespace

MachineNetwork network_of(machine::Uses& uses) {
  const machine::Topology of(uses);
  const machine::RouterShape router = machine::router_shape(uses);
  MachineNetwork network{
      .topology = {.columns = of.size().x, .rows = of.size().y, .live = {}, .links = {}},
      .parameters = parameters_of(router)};
  Topology& t = network.topology;
  t.live.resize(t.nodes());
  t.links.resize(size_t{t.nodes()} * 4);
  for (NodeId n = 0; n < t.nodes(); ++n) {
    const machine::NodeId node = of.node_at({t.x(n), t.y(n)});
    t.live[n] = of.is_live(node);
    if (!t.live[n]) continue;
    for (int port = 0; port < 4; ++port) {
      const machine::Side side = kSideOfPort[port];
      if (const machine::Link link = of.link(node, side); link.to != machine::kNoNode)
        t.link(n, port) = link_of(of.cost(link.crossing, side), router.flit_bytes);
    }
  }
  check(t);
  check(network.parameters);
  return network;
}

}  // namespace dojo::sim
