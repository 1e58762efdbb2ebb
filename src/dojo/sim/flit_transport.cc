#include "dojo/sim/flit_transport.h"

#include <algorithm>
#include <array>

#include "dojo/base/error.h"
#include "dojo/machine/node.h"

namespace dojo::sim {

using machine::Side;

namespace {

constexpr std::array<int, 4> kPortOfSide = {kEast, kWest, kNorth, kSouth};  // by machine::Side

constexpr int64_t kUsualLinkCycles = 1;  // for an estimate

}  // namespace

FlitTransport::FlitTransport(machine::Uses& uses, const machine::Topology& topology, int threads)
    : mesh_(uses, topology),
      flit_bytes_(mesh_.router().flit_bytes),
      packet_flits_(mesh_.router().most_packet_flits),
      machine_(network_of(uses)),
      network_(make_network(machine_.topology, machine_.parameters, {.threads = threads})),
      routes_(machine_.topology),
      finder_(routes_, mesh_.columns(), packet_flits_,
              mesh_.router().head_cycles() + kUsualLinkCycles),
      interface_links_(mesh_, topology),
      from_interface_(interface_links_.size()),
      to_interface_(interface_links_.size()),
      waiting_at_link_(interface_links_.size()),
      memories_(static_cast<size_t>(mesh_.num_nodes())) {
  const machine::SramPorts ports = machine::node_shape(uses).network_ports;
  in_rate_ = machine::make_rate(ports.stores * ports.bytes_per_cycle, 1);
  if (std::min(ports.stores, ports.loads) * ports.bytes_per_cycle < flit_bytes_)
    throw Error(Category::kUnimplemented,
                "memories whose network ports take less than a flit a cycle",
                "the network at the level of flits", "the level burst has them");
}

uint32_t FlitTransport::new_flow() {
  if (free_flows_.empty()) {
    flows_.emplace_back();
    return static_cast<uint32_t>(flows_.size() - 1);
  }
  const uint32_t number = free_flows_.back();
  free_flows_.pop_back();
  flows_[number] = {};
  return number;
}

void FlitTransport::send(const Send& send) {
  const uint32_t number = new_flow();
  Flow& flow = flows_[number];
  flow.message = send.message;
  flow.from = send.from;
  flow.order = send.order;
  flow.flits = (send.bytes + flit_bytes_ - 1) / flit_bytes_;
  flow.packets = (flow.flits + packet_flits_ - 1) / packet_flits_;
  flow.to.assign(send.to.begin(), send.to.end());
  flow.unwritten = static_cast<int32_t>(send.to.size());
  flow.left.assign(send.to.size(), flow.packets);
  PlaceId from = send.from;
  std::vector<PlaceId> to = flow.to;
  if (is_interface(from)) {
    flow.link = static_cast<int32_t>(interface_links_.nearest(from, to.front()));
    from = link_of(flow).node;
  } else if (is_interface(to.front())) {
    flow.link = static_cast<int32_t>(interface_links_.nearest(to.front(), from));
    to.front() = link_of(flow).node;
  }
  flow.ways = finder_.ways(from, to, flow.flits);
  flow.unsent = flow.packets * (is_from_interface(flow) ? 1 : std::ssize(flow.ways->first));
  // What is ready in a cycle is put into order when all of it is known, in the next one.
  ready_.push(send.ready + 1, {number, send.order});
}

Cycles FlitTransport::next() const {
  Cycles next = std::min(ready_.next(), done_.next());
  if (network_->in_flight() == 0) return next;
  const Cycle inside = network_->next_event();
  // What a cycle of the network brings about is seen in the next one.
  return inside == kNoEvent ? std::min(next, network_->now() + 1) : std::min(next, inside + 1);
}

void FlitTransport::advance(Cycles now, std::vector<Arrival>* arrivals) {
  const size_t before = arrivals->size();
  if (ready_.next() == now) {
    woken_.clear();
    for (const Ready& r : ready_.take(now)) ready(r.flow, now - 1);
    for (const PlaceId place : woken_) go_on(place, now - 1);
  }
  woken_.clear();
  network_->run_until(now);
  network_->take_arrived();  // steps have said it already
  for (const PacketStep& s : network_->take_steps()) step(s, arrivals);
  while (done_.next() == now)
    for (const Event& e : done_.take(now)) event(e, now, arrivals);
  std::sort(woken_.begin(), woken_.end());
  for (const PlaceId place : woken_) go_on(place, now);
  sort_arrivals(std::span(*arrivals).subspan(before));
}

int32_t FlitTransport::flits_of(const Flow& flow, int64_t packet) const {
  return static_cast<int32_t>(std::min(packet_flits_, flow.flits - packet * packet_flits_));
}

void FlitTransport::ready(uint32_t number, Cycles now) {
  Flow& flow = flows_[number];
  if (is_from_interface(flow)) {
    std::deque<uint32_t>& waiting = waiting_at_link_[static_cast<size_t>(flow.link)];
    waiting.push_back(number);
    if (waiting.size() == 1) serve_link(number, now);
    return;
  }
  Sender& sender = senders_[flow.from];
  woken_.push_back(flow.from);
  if (flow.packets > 1) {
    sender.flows.push_back(number);
    return;
  }
  for (const int32_t way : flow.ways->first)
    sender.next.push_back({number, way, flits_of(flow, 0), true});
}

// The node gives its next packet to the network, unless one is still leaving.
void FlitTransport::go_on(PlaceId place, Cycles now) {
  Sender& sender = senders_[place];
  if (sender.sends) return;
  if (!sender.next.empty()) {
    inject(place, sender.next.front(), now);
    sender.next.pop_front();
  } else if (!sender.flows.empty()) {
    const uint32_t number = sender.flows.front();
    Flow& flow = flows_[number];
    const auto copies = std::ssize(flow.ways->first);
    const int32_t way = flow.ways->first[static_cast<size_t>(flow.begun % copies)];
    inject(place, {number, way, flits_of(flow, flow.begun / copies), true}, now);
    if (++flow.begun == flow.packets * copies) sender.flows.pop_front();
  } else {
    return;
  }
  sender.sends = true;
}

void FlitTransport::inject(PlaceId place, const Packet& packet, Cycles now) {
  uint32_t tag = 0;
  if (free_packets_.empty()) {
    tag = static_cast<uint32_t>(packets_.size());
    packets_.push_back(packet);
  } else {
    tag = free_packets_.back();
    free_packets_.pop_back();
    packets_[tag] = packet;
  }
  const PacketWays::Way& way = flows_[packet.flow].ways->ways[static_cast<size_t>(packet.way)];
  packets_[tag].step = way.first_step;
  network_->send({.source = static_cast<NodeId>(place),
                  .destination = static_cast<NodeId>(way.to),
                  .flits = packet.flits,
                  .created = now,
                  .tag = tag,
                  .told = way.leaves_copies ? Told::kRouters : Told::kEnds});
}

// The next packet of the message comes over an interface's link.
void FlitTransport::serve_link(uint32_t number, Cycles now) {
  Flow& flow = flows_[number];
  const InterfaceLink& link = link_of(flow);
  const int32_t flits = flits_of(flow, flow.begun++);
  const Wire::Served served = from_interface_[static_cast<size_t>(flow.link)].serve(
      now, flits * flit_bytes_, link.cost.rate);
  // The port that it comes through takes time of its own, which is not the link's.
  const Cycles enters =
      served.begin + link.cost.latency_cycles - machine_.parameters.injection_cycles;
  if (enters > now)
    done_.push(enters, {Event::Kind::kEnter, number, 0, flits, flow.order, 0});
  else
    enter(number, flits);
  done_.push(served.end, {Event::Kind::kLink, number, 0, 0, flow.order, 0});
}

void FlitTransport::enter(uint32_t number, int32_t flits) {
  const PlaceId node = link_of(flows_[number]).node;
  senders_[node].next.push_back({number, flows_[number].ways->first.front(), flits, false});
  woken_.push_back(node);
}

void FlitTransport::step(const PacketStep& step, std::vector<Arrival>* arrivals) {
  const auto place = static_cast<PlaceId>(step.node);
  Packet& packet = packets_[step.tag];
  Flow& flow = flows_[packet.flow];
  const auto at = [&](int32_t number) -> const PacketWays::Step& {
    return flow.ways->steps[static_cast<size_t>(number)];
  };
  const RouterParameters& p = machine_.parameters;
  switch (step.kind) {
    case PacketStep::Kind::kSent:
      senders_[place].sends = false;
      woken_.push_back(place);
      if (packet.from_memory && --flow.unsent == 0)
        arrivals->push_back({Arrival::Kind::kRead, flow.message, flow.from, flow.order, 0});
      return;
    case PacketStep::Kind::kPassed:
      return leave_copies(packet, at(packet.step++),
                          step.cycle + 1 + p.traversal_cycles + p.ejection_cycles);
    case PacketStep::Kind::kArriving: {
      free_packets_.push_back(step.tag);
      const PacketWays::Way& way = flow.ways->ways[static_cast<size_t>(packet.way)];
      leave_copies(packet, at(way.last_step), step.cycle);
    }
  }
}

// What a packet has to leave there.
void FlitTransport::leave_copies(const Packet& packet, const PacketWays::Step& at, Cycles arrives) {
  const PacketWays& ways = *flows_[packet.flow].ways;
  for (int32_t f = at.first_fork; f < at.first_fork + at.num_forks; ++f) {
    senders_[at.place].next.push_back(
        {packet.flow, ways.forks[static_cast<size_t>(f)], packet.flits, false});
    woken_.push_back(at.place);
  }
  if (at.target >= 0) come(packet, at.target, arrives);
}

// A packet comes to where it is written, its tail in the cycle `arrives`.
void FlitTransport::come(const Packet& packet, int32_t target, Cycles arrives) {
  Flow& flow = flows_[packet.flow];
  const auto t = static_cast<size_t>(target);
  const int64_t mixed = packet_flits_ * machine_.parameters.virtual_channels;
  Sink& sink = is_interface(flow.to[t]) ? to_interface_[static_cast<size_t>(flow.link)]
                                        : memories_[static_cast<size_t>(flow.to[t])];
  const Cycles stalled = sink.stalled;
  Cycles written = 0;
  if (is_interface(flow.to[t])) {
    const machine::LinkCost& cost = link_of(flow).cost;
    const bool is_wide = cost.rate.bytes >= flit_bytes_ * cost.rate.cycles;
    written = sink.take(arrives - machine_.parameters.ejection_cycles, packet.flits, flit_bytes_,
                        cost.rate, is_wide ? mixed : packet.flits) +
              cost.latency_cycles;
    written = std::max(written, arrives);
  } else {
    written = sink.take(arrives, packet.flits, flit_bytes_, in_rate_, mixed);
  }
  if (--flow.left[t] > 0) return;
  const auto waited = static_cast<int32_t>(std::min<Cycles>(sink.stalled - stalled, INT32_MAX));
  done_.push(written, {Event::Kind::kWritten, packet.flow, target, 0, flow.order, waited});
}

Cycles FlitTransport::Sink::take(Cycles tail, int64_t flits, int64_t flit_bytes,
                                 const machine::Rate& rate, int64_t mixed_flits) {
  const int64_t parts = flits * flit_bytes * rate.cycles;
  const int64_t through =
      std::max((tail + 1) * rate.bytes, (tail + 1 - flits) * rate.bytes + parts);
  free = std::max(free, (tail + 1 - mixed_flits) * rate.bytes) + parts;
  const int64_t end = std::max(through, free);
  bytes += flits * flit_bytes;
  stalled += (end - through) / rate.bytes;
  return (end + rate.bytes - 1) / rate.bytes - 1;
}

void FlitTransport::event(const Event& event, Cycles now, std::vector<Arrival>* arrivals) {
  Flow& flow = flows_[event.flow];
  switch (event.kind) {
    case Event::Kind::kLink: {
      if (--flow.unsent == 0)
        arrivals->push_back({Arrival::Kind::kRead, flow.message, flow.from, flow.order, 0});
      if (flow.begun < flow.packets) return serve_link(event.flow, now);
      std::deque<uint32_t>& waiting = waiting_at_link_[static_cast<size_t>(flow.link)];
      waiting.pop_front();
      if (!waiting.empty()) serve_link(waiting.front(), now);
      return;
    }
    case Event::Kind::kEnter:
      return enter(event.flow, event.flits);
    case Event::Kind::kWritten:
      arrivals->push_back({.kind = Arrival::Kind::kWritten,
                           .message = flow.message,
                           .place = flow.to[static_cast<size_t>(event.target)],
                           .order = flow.order,
                           .waited = event.waited});
      if (--flow.unwritten > 0) return;
      flow.ways.reset();
      free_flows_.push_back(event.flow);
  }
}

void FlitTransport::fields(Archive&, Cycles) {
  throw Error(Category::kUnimplemented, "checkpoints of the network at the level of flits", "",
              "the levels burst and functional have them");
}

std::vector<LinkStats> FlitTransport::links() const {
  std::vector<LinkStats> all;
  for (PlaceId p = 0; p < mesh_.num_nodes(); ++p)
    for (const Side side : machine::kSides) {
      const LinkCounts counts =
          network_->counts(static_cast<NodeId>(p), kPortOfSide[static_cast<size_t>(side)]);
      if (counts.flits == 0) continue;
      const machine::Rate rate = mesh_.cost(p, side).rate;
      const int64_t bytes = counts.flits * flit_bytes_;
      all.push_back({.from = mesh_.coord(p),
                     .side = side,
                     .crossing = mesh_.crossing(p, side),
                     .bytes = bytes,
                     .busy = bytes * rate.cycles / rate.bytes,
                     .stalled = counts.stalls});
    }
  const auto add = [&](size_t link, bool inwards, int64_t bytes, Cycles stalled) {
    const InterfaceLink& l = interface_links_[link];
    if (bytes > 0)
      all.push_back({.from = mesh_.coord(l.node),
                     .side = l.side,
                     .crossing = machine::Level::kTray,
                     .interface = l.interface,
                     .inwards = inwards,
                     .bytes = bytes,
                     .busy = bytes * l.cost.rate.cycles / l.cost.rate.bytes,
                     .stalled = stalled});
  };
  for (size_t link = 0; link < interface_links_.size(); ++link) {
    add(link, false, to_interface_[link].bytes, to_interface_[link].stalled);
    add(link, true, from_interface_[link].bytes, from_interface_[link].stalled);
  }
  return all;
}

}  // namespace dojo::sim
