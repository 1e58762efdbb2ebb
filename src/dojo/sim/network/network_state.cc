#include <algorithm>

#include "dojo/sim/network/band.h"

namespace dojo::sim {
namespace {

void fill(RouterBlock& r, NodeId node, const Topology& t, const RouterParameters& p) {
  r.place = static_cast<uint32_t>(t.x(node)) | static_cast<uint32_t>(t.y(node)) << 16;
  const auto depth = static_cast<uint16_t>(p.buffer_flits);
  r.port[kLocal] = {.neighbour = node * 64 + kSourceRow * kVcs,
                    .flit_delay = static_cast<uint16_t>(1 + p.traversal_cycles + p.ejection_cycles),
                    .credit_delay = static_cast<uint16_t>(p.injection_cycles),
                    .depth = depth,
                    .own_depth = depth};
  for (int port = 0; port < 4; ++port) {
    const Link& link = t.link(node, port);
    if (!link) continue;
    const NodeId to = t.neighbour(node, port);
    const Link& back = t.link(to, opposite(port));
    r.port[port] = {
        .neighbour = to * 64 + static_cast<uint32_t>(opposite(port) * kVcs),
        .flit_delay = static_cast<uint16_t>(1 + p.traversal_cycles + link.latency_cycles),
        .credit_delay = static_cast<uint16_t>(back.latency_cycles + p.credit_cycles),
        .depth = static_cast<uint16_t>(link.buffer_flits),
        .own_depth = static_cast<uint16_t>(back.buffer_flits)};
    if (link.flit_interval.numerator != link.flit_interval.denominator)
      r.slow_links |= static_cast<uint8_t>(1 << port);
  }
  for (uint32_t lane = 0; lane < kMostLanes; ++lane)
    r.lane_turn[lane] = static_cast<uint8_t>(lane % static_cast<uint32_t>(p.input_speedup) * 8);
  for (auto& row : r.vc_free)
    for (int vc = p.virtual_channels; vc < kVcs; ++vc) row[vc] = kTaken;
}

int32_t least_buffer(const Topology& t, const RouterParameters& p) {
  int32_t least = p.buffer_flits;
  for (const Link& link : t.links)
    if (link) least = std::min(least, link.buffer_flits);
  return least;
}

}  // namespace

NetworkState::NetworkState(const Topology& t, const RouterParameters& p)
    : topology(t),
      parameters(p),
      routes(t),
      counts_credits(!p.wait_for_tail_credit || p.most_packet_flits > least_buffer(t, p)),
      routers(t.nodes(), RouterBlock{}),
      channels(size_t{t.nodes()} * kPorts * static_cast<size_t>(p.virtual_channels)),
      sources(t.nodes()),
      totals(size_t{t.nodes()} * kPorts) {
  bool slow = false;
  for (NodeId n = 0; n < t.nodes(); ++n) {
    fill(routers[n], n, t, p);
    slow = slow || routers[n].slow_links != 0;
  }
  if (slow) {
    slow_links.resize(t.links.size());
    for (size_t i = 0; i < t.links.size(); ++i)
      slow_links[i] = {t.links[i].flit_interval.numerator, t.links[i].flit_interval.denominator};
  }
  if (counts_credits) credits.resize(t.nodes());
  if (p.wait_for_tail_credit) return;
  queues.resize(channels.size());
  for (NodeId n = 0; n < t.nodes(); ++n)
    for (uint32_t vc = 0; vc < kVcs; ++vc) {
      for (uint32_t port = 0; port < kPorts; ++port)
        credits[n].room[port][vc] = routers[n].port[port].depth;
      credits[n].room[kSourceRow][vc] = routers[n].port[kLocal].own_depth;
    }
}

int64_t NetworkState::bytes() const {
  const auto of = [](const auto& v) { return static_cast<int64_t>(v.capacity() * sizeof(v[0])); };
  return of(topology.live) + of(topology.links) + of(routers) + of(channels) + of(credits) +
         of(queues) + of(sources) + of(slow_links) + of(pool) + of(stops) + of(totals);
}

}  // namespace dojo::sim
