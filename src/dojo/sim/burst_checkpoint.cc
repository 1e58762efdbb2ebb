// The state of BurstTransport. Indices are checked where they are read; whether an event and its
// message fit together is checked when it happens. Ways are not in it: where a message goes says
// which they are.
#include <algorithm>

#include "dojo/sim/burst_transport.h"

namespace dojo::sim {

namespace {

constexpr int64_t kMostFlits = int64_t{1} << 25;

}  // namespace

void BurstTransport::fields(Archive& archive, Cycles next) {
  is_resumed_ = archive.reads();
  for (size_t place = 0; place < wires_.size(); ++place) {
    NodeWires& wires = wires_[place];
    bool used = std::any_of(wires.begin(), wires.end(), [](const Wire& w) { return w.bytes > 0; });
    archive.flag(used);
    if (!used) continue;
    for (Wire& w : wires) w.fields(archive);
  }
  for (auto& wires : interface_wires_)
    for (Wire& w : wires) w.fields(archive);
  archive.list(flows_, [&](Flow& flow) { fields(archive, flow); });
  for (size_t place = 0; place < senders_.size(); ++place) {
    Sender& sender = senders_[place];
    archive.flag(sender.sends);
    for (Sender::Queue& queue : sender.queues) fields(archive, queue);
  }
  queue_.fields(archive, next, kLatest, [&](Event& event) { fields(archive, event); });
  if (!archive.reads()) return;
  check_waiting();
  free_flows_.clear();
  for (size_t i = 0; i < flows_.size(); ++i)
    if (flows_[i].to_come == 0) free_flows_.push_back(static_cast<uint32_t>(i));
}

void BurstTransport::fields(Archive& archive, Flow& flow) {
  archive.whole(flow.to_come, 0, INT32_MAX);
  if (flow.to_come == 0) {
    if (archive.reads()) flow = {};
    return;
  }
  archive.word(flow.message);
  archive.whole(flow.from, 0, INT32_MAX);
  archive.word(flow.order);
  archive.whole(flow.flits, 1, kMostFlits);
  archive.whole(flow.unsent, 0, flow.flits);
  archive.whole(flow.interface_wire, -1, static_cast<int64_t>(interface_links_.size()) - 1);
  std::vector<PlaceId> to;
  if (!archive.reads()) to = targets(flow);
  archive.list(to, [&](PlaceId& place) {
    archive.index(place, static_cast<size_t>(mesh_.num_nodes()));
    Archive::require(mesh_.is_live(place));
  });
  if (!archive.reads()) return;
  flow.is_short = flow.flits <= packet_flits_;
  set_ways(&flow, to);
}

std::vector<PlaceId> BurstTransport::targets(const Flow& flow) const {
  if (!flow.ways) return {flow.to};
  std::vector<PlaceId> to;
  for (const PacketWays::Step& step : flow.ways->steps) {
    if (step.target < 0) continue;
    const auto target = static_cast<size_t>(step.target);
    if (target >= to.size()) to.resize(target + 1);
    to[target] = step.place;
  }
  return to;
}

// As send() does.
void BurstTransport::set_ways(Flow* flow, const std::vector<PlaceId>& to) {
  PlaceId from = flow->from;
  if (is_interface(from)) {
    Archive::require(flow->interface_wire >= 0);
    const InterfaceLink& link = interface_links_[static_cast<size_t>(flow->interface_wire)];
    Archive::require(mesh_.num_nodes() + link.interface == from);
    from = link.node;
  }
  Archive::require(mesh_.is_live(from) && !to.empty());
  if (to.size() > 1) {
    std::vector<PlaceId> sorted = to;
    std::sort(sorted.begin(), sorted.end());
    Archive::require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
    flow->ways = finder_.ways(from, to, flow->flits);
    return;
  }
  flow->to = to.front();
  const auto source = static_cast<NodeId>(from), destination = static_cast<NodeId>(flow->to);
  if (!routes_.is_straight(source, destination))
    flow->way = std::make_unique<const Way>(routes_.way(source, destination));
}

// What waits is numbered anew: only the order matters.
void BurstTransport::fields(Archive& archive, Sender::Queue& queue) {
  std::vector<Event> events;
  if (!archive.reads())
    for (uint32_t n = queue.first; n != 0; n = waiting_[n - 1].next)
      events.push_back(waiting_[n - 1].event);
  archive.list(events, [&](Event& event) { fields(archive, event); });
  if (!archive.reads()) return;
  for (const Event& event : events) append(&queue, event);
}

// Each message waits once, and where it begins; copies where they were left.
void BurstTransport::check_waiting() const {
  std::vector<bool> waits(flows_.size());
  for (size_t place = 0; place < senders_.size(); ++place)
    for (const Sender::Queue& queue : senders_[place].queues)
      for (uint32_t n = queue.first; n != 0; n = waiting_[n - 1].next) {
        const Event& event = waiting_[n - 1].event;
        const Flow& flow = flows_[event.flow];
        const bool is_message = event.kind == Event::Kind::kReady;
        Archive::require(is_message || event.kind == Event::Kind::kFork);
        Archive::require((is_message ? flow.from : event.place) == static_cast<PlaceId>(place));
        if (!is_message) {
          check(event);
          continue;
        }
        Archive::require(!waits[event.flow] && flow.to_come > 0 && flow.unsent > 0);
        waits[event.flow] = true;
      }
}

void BurstTransport::fields(Archive& archive, Event& event) const {
  archive.whole(event.kind, 0, static_cast<int64_t>(Event::Kind::kWritten));
  archive.flag(event.is_last);
  archive.flag(event.holds_port);
  archive.index(event.flow, flows_.size());
  const bool at_node = event.kind == Event::Kind::kHead || event.kind == Event::Kind::kFork;
  archive.whole(event.place, 0, at_node ? mesh_.num_nodes() - 1 : INT32_MAX);
  archive.whole(event.step, 0, INT32_MAX);
  archive.whole(event.flits, at_node ? 1 : 0, kMostFlits);
  archive.whole(event.waited, 0, INT32_MAX);
  archive.whole(event.tail, 0, kLatest);
  archive.word(event.flow_order);
}

void BurstTransport::check(const Event& event) const {
  const Flow& flow = flows_[event.flow];
  Archive::require(flow.to_come > 0);
  switch (event.kind) {
    case Event::Kind::kReady:
      return Archive::require(flow.unsent == 0);
    case Event::Kind::kRead:
    case Event::Kind::kWritten:
      return;
    case Event::Kind::kFork:
    case Event::Kind::kHead:
      break;
  }
  const auto step = static_cast<size_t>(event.step);
  if (flow.ways) {
    const std::vector<PacketWays::Step>& steps = flow.ways->steps;
    Archive::require(step < steps.size() && steps[step].place == event.place);
    return;
  }
  Archive::require(event.kind == Event::Kind::kHead);
  if (!flow.way || event.place == flow.to) return;
  const std::vector<NodeId>& stops = flow.way->stops;
  const auto here = static_cast<NodeId>(event.place);
  Archive::require(step < stops.size() && (here != stops[step] || step + 1 < stops.size()));
}

}  // namespace dojo::sim
