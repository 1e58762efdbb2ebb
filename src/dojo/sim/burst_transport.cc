#include "dojo/sim/burst_transport.h"

#include <algorithm>

#include "dojo/machine/node.h"
#include "dojo/sim/prefetch.h"

namespace dojo::sim {

using machine::Side;

BurstTransport::BurstTransport(machine::Uses& uses, const machine::Topology& topology,
                               Recorder* recorder)
    : recorder_(recorder),
      mesh_(uses, topology),
      flit_bytes_(mesh_.router().flit_bytes),
      segment_flits_(kSegmentPackets * mesh_.router().most_packet_flits),
      packet_flits_(mesh_.router().most_packet_flits),
      ways_(mesh_),
      wires_(static_cast<size_t>(mesh_.num_nodes())),
      interface_links_(mesh_, topology),
      interface_wires_(interface_links_.size()) {
  const machine::SramPorts ports = machine::node_shape(uses).network_ports;
  in_rate_ = machine::make_rate(ports.stores * ports.bytes_per_cycle, 1);
  out_rate_ = machine::make_rate(ports.loads * ports.bytes_per_cycle, 1);
}

void BurstTransport::send(const Send& send) {
  uint32_t number = 0;
  if (free_flows_.empty()) {
    number = static_cast<uint32_t>(flows_.size());
    flows_.emplace_back();
  } else {
    number = free_flows_.back();
    free_flows_.pop_back();
  }
  Flow& flow = flows_[number];
  flow = {};
  flow.message = send.message;
  flow.from = send.from;
  flow.order = send.order;
  flow.flits = (send.bytes + flit_bytes_ - 1) / flit_bytes_;
  flow.is_short = flow.flits <= packet_flits_;
  flow.to_come = static_cast<int32_t>(send.to.size());
  PlaceId from = send.from, to = send.to.front();
  if (is_interface(from)) {
    flow.interface_wire = static_cast<int32_t>(interface_links_.nearest(from, to));
    from = interface_links_[static_cast<size_t>(flow.interface_wire)].node;
  } else if (is_interface(to)) {
    flow.interface_wire = static_cast<int32_t>(interface_links_.nearest(to, from));
    to = interface_links_[static_cast<size_t>(flow.interface_wire)].node;
  }
  flow.to = to;
  if (send.to.size() > 1)
    flow.tree = ways_.tree(from, send.to);
  else if (!mesh_.is_straight_clear(from, to) && !(flow.hops = ways_.hops(from, to)))
    flow.tree = ways_.tree(from, std::span(&to, 1));
  queue_.push(send.ready, {.kind = Event::Kind::kReady, .flow = number, .flow_order = send.order});
}

void BurstTransport::advance(Cycles now, std::vector<Arrival>* arrivals) {
  const size_t before = arrivals->size();
  const std::span<const Event> events = queue_.take(now);
  queue_.peek([&](const Event& event) {
    prefetch(flows_[event.flow]);
    if (event.kind == Event::Kind::kHead) prefetch(wires_[static_cast<size_t>(event.place)]);
  });
  for (size_t i = 0; i < events.size(); ++i) {
    if (i + 2 * kPrefetchAhead < events.size())
      prefetch(flows_[events[i + 2 * kPrefetchAhead].flow]);
    if (i + kPrefetchAhead < events.size()) prefetch_for(events[i + kPrefetchAhead]);
    const Event& event = events[i];
    switch (event.kind) {
      case Event::Kind::kReady:
        ready(event, now);
        break;
      case Event::Kind::kHead:
        head(event, now);
        break;
      case Event::Kind::kRead:
      case Event::Kind::kWritten: {
        const Flow& flow = flows_[event.flow];
        const bool written = event.kind == Event::Kind::kWritten;
        arrivals->push_back({written ? Arrival::Kind::kWritten : Arrival::Kind::kRead, flow.message,
                             event.place, flow.order});
        if (written) finish(event.flow);
      }
    }
  }
  sort_arrivals(std::span(*arrivals).subspan(before));
}

// The wires and the place in the tree that an event needs.
void BurstTransport::prefetch_for(const Event& event) const {
  const Flow& flow = flows_[event.flow];
  const PlaceId place = event.kind == Event::Kind::kReady ? flow.from : event.place;
  if (!is_interface(place)) prefetch(wires_[static_cast<size_t>(place)]);
  if (flow.tree && event.tree_node >= 0)
    prefetch(flow.tree->nodes[static_cast<size_t>(event.tree_node)]);
}

void BurstTransport::finish(uint32_t flow) {
  if (--flows_[flow].to_come > 0) return;
  flows_[flow].tree.reset();
  flows_[flow].hops.reset();
  free_flows_.push_back(flow);
}

// The message can be read: its segments leave the memory one after the other.
void BurstTransport::ready(const Event& event, Cycles now) {
  const Flow& flow = flows_[event.flow];
  const auto number = static_cast<size_t>(flow.interface_wire);
  const InterfaceLink* const link = is_interface(flow.from) ? &interface_links_[number] : nullptr;
  Wire& out = link ? interface_wires_[number][kFromInterface] : wire(flow.from, kOut);
  const machine::Rate& rate = link ? link->cost.rate : out_rate_;
  const Cycles latency = link ? link->cost.latency_cycles : mesh_.router().injection_cycles;
  Event next = event;
  next.kind = Event::Kind::kHead;
  next.place = link ? link->node : flow.from;
  next.tree_node = flow.tree ? 0 : -1;
  const int64_t segment =
      std::max(segment_flits_, (flow.flits + kMostSegments - 1) / kMostSegments);
  for (int64_t left = flow.flits; left > 0;) {
    const int64_t flits = std::min(left, segment);
    left -= flits;
    const Wire::Served served = out.serve(now, flits * flit_bytes_, rate, flow.is_short);
    next.flits = static_cast<int32_t>(flits);
    next.is_last = left == 0;
    next.tail = served.end - 1 + latency;
    queue_.push(served.begin + latency, next);
    if (next.is_last) {
      next.kind = Event::Kind::kRead;
      next.place = flow.from;
      queue_.push(served.end, next);
    }
  }
}

// A segment's head comes to a router.
void BurstTransport::head(const Event& event, Cycles now) {
  const Flow& flow = flows_[event.flow];
  if (!flow.tree) {
    if (event.place == flow.to) return leave(event, now);
    return go(
        event,
        flow.hops ? flow.hops->next(mesh_, event.place) : mesh_.straight_side(event.place, flow.to),
        -1, now);
  }
  const Tree::Node& node = flow.tree->nodes[static_cast<size_t>(event.tree_node)];
  for (int32_t child = node.first_child; child < node.first_child + node.num_children; ++child)
    go(event, flow.tree->nodes[static_cast<size_t>(child)].side, child, now);
  if (node.is_target) leave(event, now);
}

void BurstTransport::go(const Event& event, Side side, int32_t tree_node, Cycles now) {
  const machine::LinkCost& cost = mesh_.cost(event.place, side);
  const Cycles router = mesh_.router().head_cycles();
  const Wire::Served served =
      wire(event.place, static_cast<size_t>(side))
          .serve(now + router, event.flits * flit_bytes_, cost.rate, flows_[event.flow].is_short);
  if (recorder_)
    recorder_->link(mesh_.coord(event.place), side, served.begin, served.end, event.flits,
                    flows_[event.flow].is_short);
  Event next = event;
  next.place = mesh_.neighbour(event.place, side);
  next.tree_node = tree_node;
  next.tail = std::max(served.end - 1, event.tail + router) + cost.latency_cycles;
  queue_.push(served.begin + cost.latency_cycles, next);
}

void BurstTransport::leave(const Event& event, Cycles now) {
  const Flow& flow = flows_[event.flow];
  const Cycles router = mesh_.router().head_cycles();
  const int64_t bytes = event.flits * flit_bytes_;
  const bool to_interface = flow.interface_wire >= 0 && !is_interface(flow.from);
  Wire::Served served;
  Cycles latency = mesh_.router().ejection_cycles;
  PlaceId place = event.place;
  if (to_interface) {
    const auto number = static_cast<size_t>(flow.interface_wire);
    const InterfaceLink& link = interface_links_[number];
    served = interface_wires_[number][kToInterface].serve(now + router, bytes, link.cost.rate,
                                                          flow.is_short);
    latency = link.cost.latency_cycles;
    place = mesh_.num_nodes() + link.interface;
  } else {
    served = wire(place, kIn).serve(now + router, bytes, in_rate_, flow.is_short);
  }
  // The last segment is last in memory too: each waits behind the one before.
  if (!event.is_last) return;
  Event written = event;
  written.kind = Event::Kind::kWritten;
  written.place = place;
  queue_.push(std::max(served.end - 1, event.tail + router) + latency, written);
}

std::vector<LinkStats> BurstTransport::links() const {
  std::vector<LinkStats> all;
  const auto add = [&](const Wire& wire, LinkStats link, const machine::Rate& rate) {
    if (wire.bytes == 0) return;
    link.bytes = wire.bytes;
    link.busy = wire.bytes * rate.cycles / rate.bytes;
    link.stalled = wire.stalled;
    all.push_back(link);
  };
  for (PlaceId p = 0; p < mesh_.num_nodes(); ++p) {
    for (const Side side : machine::kSides) {
      const Wire& w = wires_[static_cast<size_t>(p)][static_cast<size_t>(side)];
      if (w.bytes > 0)
        add(w, {.from = mesh_.coord(p), .side = side, .crossing = mesh_.crossing(p, side)},
            mesh_.cost(p, side).rate);
    }
  }
  for (size_t i = 0; i < interface_links_.size(); ++i) {
    const InterfaceLink& l = interface_links_[i];
    for (const Direction d : {kToInterface, kFromInterface})
      add(interface_wires_[i][d],
          {.from = mesh_.coord(l.node),
           .side = l.side,
           .crossing = machine::Level::kTray,
           .interface = l.interface,
           .inwards = d == kFromInterface},
          l.cost.rate);
  }
  return all;
}

}  // namespace dojo::sim
