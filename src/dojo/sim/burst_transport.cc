#include "dojo/sim/burst_transport.h"

#include <algorithm>

#include "dojo/machine/node.h"
#include "dojo/sim/touch.h"

namespace dojo::sim {

using machine::Side;

namespace {

Routes routes_of(const Mesh& mesh) {
  std::vector<uint8_t> live(static_cast<size_t>(mesh.num_nodes()));
  for (PlaceId p = 0; p < mesh.num_nodes(); ++p) live[static_cast<size_t>(p)] = mesh.is_live(p);
  return Routes(mesh.columns(), mesh.rows(), live, mesh.router().x_first);
}

constexpr std::array<Side, 4> kSideOfPort = {Side::kEast, Side::kWest, Side::kSouth, Side::kNorth};

constexpr int64_t kUsualLinkCycles = 1;  // for an estimate
constexpr int64_t kOtherSides = 3;       // that may want the same link as a node

// What a buffer holds beyond what flows through it while nobody waits.
Cycles slack_of(const machine::RouterShape& r) {
  return std::max<Cycles>(0,
                          r.buffer_flits - r.injection_cycles - r.head_cycles() - r.credit_cycles);
}

}  // namespace

BurstTransport::BurstTransport(machine::Uses& uses, const machine::Topology& topology,
                               Observer* observer)
    : observer_(observer),
      mesh_(uses, topology),
      flit_bytes_(mesh_.router().flit_bytes),
      segment_flits_(kSegmentPackets * mesh_.router().most_packet_flits),
      packet_flits_(mesh_.router().most_packet_flits),
      slack_(slack_of(mesh_.router())),
      routes_(routes_of(mesh_)),
      known_ways_(routes_),
      finder_(routes_, mesh_.columns(), packet_flits_,
              mesh_.router().head_cycles() + kUsualLinkCycles),
      wires_(static_cast<size_t>(mesh_.num_nodes())),
      senders_(static_cast<size_t>(mesh_.num_nodes())),
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
  if (send.to.size() > 1) {
    flow.ways = finder_.ways(from, send.to, flow.flits);
  } else {
    flow.to = to;
    const auto source = static_cast<NodeId>(from), destination = static_cast<NodeId>(to);
    if (!routes_.is_straight(source, destination))
      flow.way = std::make_unique<const Way>(known_ways_.way(source, destination));
  }
  queue_.push(
      send.ready,
      {.kind = Event::Kind::kReady, .flow = number, .place = flow.from, .flow_order = send.order});
}

void BurstTransport::advance(Cycles now, std::vector<Arrival>* arrivals) {
  const size_t before = arrivals->size();
  const std::span<const Event> events = queue_.take(now);
  for (size_t i = 0; i < events.size(); ++i) {
    if (i % kTouchedAtOnce == 0) touch_for(next_few(events, i));
    const Event& event = events[i];
    if (is_resumed_) [[unlikely]]
      check(event);
    switch (event.kind) {
      case Event::Kind::kReady:
        ready(event, now);
        break;
      case Event::Kind::kFork:
        fork(event, now);
        break;
      case Event::Kind::kHead:
        head(event, now);
        break;
      case Event::Kind::kRead:
      case Event::Kind::kWritten: {
        const Flow& flow = flows_[event.flow];
        const bool written = event.kind == Event::Kind::kWritten;
        arrivals->push_back({.kind = written ? Arrival::Kind::kWritten : Arrival::Kind::kRead,
                             .message = flow.message,
                             .place = event.place,
                             .order = flow.order,
                             .waited = event.waited});
        if (written) finish(event.flow);
      }
    }
  }
  sort_arrivals(std::span(*arrivals).subspan(before));
}

// What events need.
void BurstTransport::touch_for(std::span<const Event> events) const {
  for (const Event& event : events) {
    touch(flows_[event.flow]);
    if (event.kind >= Event::Kind::kRead || is_interface(event.place)) continue;
    touch(wires_[static_cast<size_t>(event.place)]);
    if (event.kind != Event::Kind::kHead || event.holds_port)
      touch(senders_[static_cast<size_t>(event.place)]);
  }
  if (is_resumed_) return;
  for (const Event& event : events)
    if (const Flow& flow = flows_[event.flow]; flow.ways && event.kind == Event::Kind::kHead)
      touch(flow.ways->steps[static_cast<size_t>(event.step)]);
}

void BurstTransport::finish(uint32_t flow) {
  if (--flows_[flow].to_come > 0) return;
  if (is_resumed_) Archive::require(flows_[flow].unsent == 0);
  flows_[flow].way.reset();
  flows_[flow].ways.reset();
  free_flows_.push_back(flow);
}

// The message can be read.
void BurstTransport::ready(const Event& event, Cycles now) {
  Flow& flow = flows_[event.flow];
  flow.unsent = flow.flits;
  if (is_interface(flow.from) || flow.flits == 1) return send_all(event, now);
  send_behind_others(flow.from, event, now);
}

// Of single flits, and from an interface: nothing that waits in the network holds them up.
void BurstTransport::send_all(const Event& event, Cycles now) {
  Flow& flow = flows_[event.flow];
  const auto number = static_cast<size_t>(flow.interface_wire);
  const InterfaceLink* const link = is_interface(flow.from) ? &interface_links_[number] : nullptr;
  Wire& out = link ? interface_wires_[number][kFromInterface] : wire(flow.from, kOut);
  const machine::Rate& rate = link ? link->cost.rate : out_rate_;
  Wire::Served served;
  while (flow.unsent > 0) {
    const int64_t flits = take_segment(flow);
    served = out.serve(now, flits * copies(flow) * flit_bytes_, rate, flow.flits == 1);
    if (link && observer_)
      tell(flow, link, link->node, link->side, served, flits * copies(flow) * flit_bytes_);
    if (link)
      push_heads(event.flow, link->node, served, link->cost.latency_cycles, flits, false);
    else
      push_heads(event.flow, flow.from, served, mesh_.router().injection_cycles, flits, false);
  }
  push_read(event.flow, served.end);
}

void BurstTransport::send_behind_others(PlaceId place, const Event& event, Cycles now) {
  Sender& sender = senders_[static_cast<size_t>(place)];
  const bool goes_first = event.kind == Event::Kind::kFork || flows_[event.flow].is_short;
  append(&sender.queues[goes_first ? 0 : 1], event);
  if (!sender.sends) send_next(place, now);
}

void BurstTransport::append(Sender::Queue* queue, const Event& event) {
  uint32_t number = 0;
  if (free_waiting_.empty()) {
    number = static_cast<uint32_t>(waiting_.size());
    waiting_.push_back({event});
  } else {
    number = free_waiting_.back();
    free_waiting_.pop_back();
    waiting_[number] = {event};
  }
  (queue->first == 0 ? queue->first : waiting_[queue->last - 1].next) = number + 1;
  queue->last = number + 1;
}

// The next segment; what is behind it when it is known how that goes on.
void BurstTransport::send_next(PlaceId place, Cycles now) {
  Sender& sender = senders_[static_cast<size_t>(place)];
  sender.sends = false;
  while (!sender.sends) {
    Sender::Queue& queue = sender.queues[sender.queues[0].first != 0 ? 0 : 1];
    if (queue.first == 0) return;
    const uint32_t number = queue.first - 1;
    Event& event = waiting_[number].event;
    // Where it is over before its head is in the router, nothing can hold it up in time.
    const auto holds = [&](int64_t flits) { return mesh_.router().injection_cycles <= flits; };
    bool is_last = true;
    if (event.kind == Event::Kind::kFork) {
      sender.sends = holds(event.flits);
      send_copy(event, sender.sends, now);
    } else {
      Flow& flow = flows_[event.flow];
      const int64_t flits = take_segment(flow);
      sender.sends = holds(flits);
      is_last = flow.unsent == 0;
      const Wire::Served served =
          wire(place, kOut).serve(now, flits * copies(flow) * flit_bytes_, out_rate_);
      push_heads(event.flow, place, served, mesh_.router().injection_cycles, flits, sender.sends);
      if (!sender.sends && is_last) push_read(event.flow, served.end);
    }
    if (!is_last) continue;
    queue.first = waiting_[number].next;
    free_waiting_.push_back(number);
  }
}

int64_t BurstTransport::take_segment(Flow& flow) const {
  const int64_t segment =
      std::max(segment_flits_, (flow.flits + kMostSegments - 1) / kMostSegments);
  const int64_t flits = std::min(flow.unsent, segment);
  flow.unsent -= flits;
  return flits;
}

void BurstTransport::push_read(uint32_t number, Cycles read) {
  const Flow& flow = flows_[number];
  queue_.push(
      read,
      {.kind = Event::Kind::kRead, .flow = number, .place = flow.from, .flow_order = flow.order});
}

// Of each way that begins there a packet in turn.
void BurstTransport::push_heads(uint32_t number, PlaceId place, const Wire::Served& served,
                                Cycles latency, int64_t flits, bool holds_port) {
  const Flow& flow = flows_[number];
  const int64_t ways = copies(flow);
  const Cycles flits_cycles = served.end - served.begin;  // of all of them
  Event head{.kind = Event::Kind::kHead,
             .is_last = flow.unsent == 0,
             .flow = number,
             .place = place,
             .flits = static_cast<int32_t>(flits),
             .flow_order = flow.order};
  for (int64_t w = 0; w < ways; ++w) {
    const int64_t behind = ways - 1 - w;
    head.holds_port = holds_port && behind == 0;
    if (flow.ways)
      head.step =
          flow.ways->ways[static_cast<size_t>(flow.ways->first[static_cast<size_t>(w)])].first_step;
    head.tail =
        served.end - 1 + latency - behind * last_packet(flits) * flits_cycles / (flits * ways);
    queue_.push(
        served.begin + latency + w * std::min(flits, packet_flits_) * flits_cycles / (flits * ways),
        head);
  }
}

// The first link, which takes a segment until then, tells when its sender's port takes the next.
void BurstTransport::free_port(const Event& event, Cycles link_free, Cycles now) {
  const machine::RouterShape& router = mesh_.router();
  // Routers let their inputs in by turns: before each packet goes at most one of each other side.
  const Cycles left = event.tail - router.injection_cycles + 1;
  const Cycles free = std::min(link_free - router.head_cycles() - router.injection_cycles - slack_,
                               left + kOtherSides * event.flits);
  Wire& out = wire(event.place, kOut);
  out.free = std::min(std::max(out.free, free * out_rate_.bytes), Wire::kFar);
  if (event.is_last && event.place == flows_[event.flow].from)
    push_read(event.flow, std::max({now, free, left}));
  send_next(event.place, now);
}

// A segment's head comes to a router.
void BurstTransport::head(const Event& event, Cycles now) {
  const Flow& flow = flows_[event.flow];
  Wire::Served served;
  if (flow.ways) {
    served = pass(event, now);
  } else if (event.place == flow.to) {
    served = leave(event, now);
  } else if (flow.way) {
    const std::vector<NodeId>& stops = flow.way->stops;
    const auto here = static_cast<NodeId>(event.place);
    const int32_t step = event.step + (here == stops[static_cast<size_t>(event.step)] ? 1 : 0);
    served =
        go(event, kSideOfPort[routes_.towards(here, stops[static_cast<size_t>(step)])], step, now);
  } else {
    served = go(event, mesh_.straight_side(event.place, flow.to), 0, now);
  }
  if (event.holds_port) free_port(event, served.end, now);
}

// The same of a multicast: it goes on, and leaves copies in the node.
Wire::Served BurstTransport::pass(const Event& event, Cycles now) {
  const PacketWays& ways = *flows_[event.flow].ways;
  const PacketWays::Step& at = ways.steps[static_cast<size_t>(event.step)];
  const Cycles router = mesh_.router().head_cycles();
  Wire::Served served;
  if (at.target >= 0) served = leave(event, now);
  if (at.port != kLocal) served = go(event, kSideOfPort[at.port], event.step + 1, now);
  if (at.num_forks == 0) return served;
  // What is sent on from here waits for the tail of its packet.
  const Cycles traversal = mesh_.router().traversal_cycles;
  const Cycles begin = at.port == kLocal ? now + router : served.begin;
  Event copy = event;
  copy.kind = Event::Kind::kFork;
  copy.holds_port = false;
  copy.tail = std::max(event.tail + router, begin + event.flits - 1) - traversal;
  const Cycles first = std::min<int64_t>(event.flits, packet_flits_) * (event.tail - now + 1);
  const Cycles ready = begin + (first + event.flits - 1) / event.flits - 1 - traversal;
  for (int32_t f = at.first_fork; f < at.first_fork + at.num_forks; ++f) {
    copy.step = ways.ways[static_cast<size_t>(ways.forks[static_cast<size_t>(f)])].first_step;
    queue_.push(ready, copy);
  }
  return served;
}

void BurstTransport::fork(const Event& event, Cycles now) {
  if (event.flits == 1) return send_copy(event, false, now);
  send_behind_others(event.place, event, now);
}

void BurstTransport::send_copy(const Event& event, bool holds_port, Cycles now) {
  const Wire::Served served =
      wire(event.place, kOut).serve(now, event.flits * flit_bytes_, out_rate_, event.flits == 1);
  const Cycles latency = mesh_.router().injection_cycles;
  Event next = event;
  next.kind = Event::Kind::kHead;
  next.holds_port = holds_port;
  next.tail = std::max(served.end - 1, event.tail + last_packet(event.flits)) + latency;
  queue_.push(served.begin + latency, next);
}

Wire::Served BurstTransport::go(const Event& event, Side side, int32_t step, Cycles now) {
  const machine::LinkCost& cost = mesh_.cost(event.place, side);
  const Cycles router = mesh_.router().head_cycles();
  const Wire::Served served =
      wire(event.place, static_cast<size_t>(side))
          .serve(now + router, event.flits * flit_bytes_, cost.rate, flows_[event.flow].is_short);
  if (observer_)
    tell(flows_[event.flow], nullptr, event.place, side, served, event.flits * flit_bytes_);
  Event next = event;
  next.holds_port = false;
  next.place = mesh_.neighbour(event.place, side);
  next.step = step;
  next.tail = std::max(served.end - 1, event.tail + router) + cost.latency_cycles;
  queue_.push(served.begin + cost.latency_cycles, next);
  return served;
}

Wire::Served BurstTransport::leave(const Event& event, Cycles now) {
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
    if (observer_) tell(flow, &link, link.node, link.side, served, bytes);
    latency = link.cost.latency_cycles;
    place = mesh_.num_nodes() + link.interface;
  } else {
    served = wire(place, kIn).serve(now + router, bytes, in_rate_, flow.is_short);
  }
  // The last segment is last in memory too: each waits behind the one before.
  if (!event.is_last) return served;
  Event written = event;
  written.kind = Event::Kind::kWritten;
  written.place = place;
  written.waited = static_cast<int32_t>(std::min<Cycles>(served.begin - now - router, INT32_MAX));
  queue_.push(std::max(served.end - 1, event.tail + router) + latency, written);
  return served;
}

void BurstTransport::tell(const Flow& flow, const InterfaceLink* link, PlaceId node, Side side,
                          const Wire::Served& served, int64_t bytes) const {
  observer_->link({.node = node,
                   .side = side,
                   .is_interface = link != nullptr,
                   .inwards = link != nullptr && is_interface(flow.from),
                   .from = flow.from,
                   .order = flow.order,
                   .begin = served.begin,
                   .end = served.end,
                   .bytes = bytes});
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
