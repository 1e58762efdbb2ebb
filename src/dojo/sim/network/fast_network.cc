// The fast network: bands of routers, a thread for each, that meet as often as what crosses between
// them needs.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/sim/network/band.h"
#include "dojo/sim/network/band_crew.h"
#include "dojo/sim/network/network.h"
#include "dojo/sim/network/packet.h"

namespace dojo::sim {
namespace {

class FastNetwork final : public Network {
 public:
  FastNetwork(const Topology& topology, const RouterParameters& parameters, int threads)
      : state_(topology, parameters) {
    const auto rows = static_cast<uint32_t>(topology.rows),
               columns = static_cast<uint32_t>(topology.columns);
    const uint32_t bands = std::min(static_cast<uint32_t>(threads), rows);
    for (uint32_t b = 0; b < bands; ++b)
      bands_.push_back(std::make_unique<Band>(state_, rows * b / bands * columns,
                                              rows * (b + 1) / bands * columns));
    for (uint32_t b = 0; b < bands; ++b) band_of_row_.resize(rows * (b + 1) / bands, b);
    for (uint32_t b = 1; b < bands; ++b) separate(rows * b / bands);
    crew_.emplace(bands_);
  }

  void send(const SentPacket& packet) override {
    check_packet(packet, state_.topology, state_.parameters);
    uint32_t id;
    if (unused_.empty()) {
      id = static_cast<uint32_t>(state_.pool.size());
      state_.pool.emplace_back();
    } else {
      id = unused_.back();
      unused_.pop_back();
    }
    PooledPacket& p = state_.pool[id];
    p.packet = {.tag = packet.tag,
                .source = packet.source,
                .destination = packet.destination,
                .flits = packet.flits,
                .created = packet.created};
    set_way(id);
    p.next_to_send = kNone;
    p.told = packet.told;
    ++in_flight_;
    SourceState& source = state_.sources[packet.source];
    ++source.waiting;
    if (source.front != kNone) {
      state_.pool[source.back].next_to_send = id;
      source.back = id;
      return;
    }
    source.front = source.back = id;
    const auto row = static_cast<size_t>(state_.topology.y(packet.source));
    bands_[band_of_row_[row]]->wake_source(packet.source, packet.created);
  }

  void run_until(Cycle end) override {
    if (now_ >= end) return;
    const auto window_from = [&](Cycle begin) {
      // Nothing leaves a band before its first event.
      const bool may_skip = bands_.size() > 1 || end - begin > window_;
      const Cycle first = may_skip ? std::max(begin, first_event()) : begin;
      return first >= end ? end : std::min(end, first + window_);
    };
    const auto next_window = [&](Cycle done) {
      exchange();
      return window_from(done);
    };
    crew_->run(window_from(now_), next_window);
    now_ = end;
    check_moving();
  }

  Cycle now() const override { return now_; }

  Cycle next_event() const override {
    Cycle next = std::max(first_event(), now_);
    for (const Arriving& a : arriving_) next = std::min(next, a.arrived);
    return next;
  }

  std::vector<ArrivedPacket> take_arrived() override {
    const auto taken = std::partition(arriving_.begin(), arriving_.end(),
                                      [this](const Arriving& a) { return a.arrived >= now_; });
    std::sort(taken, arriving_.end(), [](const Arriving& a, const Arriving& b) {
      return std::pair(a.arrived, a.destination) < std::pair(b.arrived, b.destination);
    });
    std::vector<ArrivedPacket> arrived;
    arrived.reserve(static_cast<size_t>(arriving_.end() - taken));
    for (auto a = taken; a != arriving_.end(); ++a) {
      arrived.push_back(state_.pool[a->packet].packet);
      arrived.back().arrived = a->arrived;
      unused_.push_back(a->packet);
    }
    arriving_.erase(taken, arriving_.end());
    in_flight_ -= std::ssize(arrived);
    return arrived;
  }

  std::vector<PacketStep> take_steps() override {
    std::sort(steps_.begin(), steps_.end());
    return std::exchange(steps_, {});
  }

  int64_t in_flight() const override { return in_flight_; }
  int64_t waiting(NodeId source) const override { return state_.sources[source].waiting; }

  LinkCounts counts(NodeId node, int port) const override {
    const RouterBlock& r = state_.routers[node];
    LinkCounts counts = state_.totals[size_t{node} * kPorts + static_cast<size_t>(port)];
    counts.flits += r.flits[port];
    counts.stalls += r.stalls[port];
    return counts;
  }

  int64_t bytes() const override {
    int64_t bytes = state_.bytes();
    for (const auto& band : bands_) bytes += band->bytes();
    return bytes + static_cast<int64_t>(unused_.capacity() * sizeof(uint32_t));
  }

 private:
  void set_way(uint32_t id) {
    PooledPacket& p = state_.pool[id];
    const Routes& routes = state_.routes;
    const NodeId source = p.packet.source, destination = p.packet.destination;
    p.num_stops = p.second = 1;
    p.next_stop = 0;
    if (routes.is_straight(source, destination)) {
      p.hop = {routes.towards(source, destination), routes.straight_class(source, destination)};
      p.packet.hops = 1 + routes.distance(source, destination);
      return;
    }
    const Way way = routes.way(source, destination, kMostStops);
    p.hop = {routes.towards(source, way.stops[0]), way.vc_class(0)};
    p.packet.hops = routes.hops(source, way);
    p.num_stops = static_cast<uint8_t>(way.stops.size());
    p.second = static_cast<uint8_t>(std::min(way.second, way.stops.size()));
    if (way.stops.size() == 1) return;
    if (state_.stops.size() <= id) state_.stops.resize(state_.pool.size());
    for (size_t i = 0; i < way.stops.size(); ++i)
      state_.stops[id][i] = state_.routers[way.stops[i]].place;
  }

  // Of what is inside; arrivals may be before it.
  Cycle first_event() const {
    Cycle first = kNoEvent;
    for (const auto& band : bands_) first = std::min(first, band->next_event());
    return first;
  }

  // Between windows: what crosses from a band to another, and what has arrived.
  void exchange() {
    for (size_t b = 0; b < bands_.size(); ++b) {
      for (const int side : {0, 1}) {
        std::vector<Crossing>& crossings = bands_[b]->outbox(side);
        if (crossings.empty()) continue;
        bands_[side == 0 ? b - 1 : b + 1]->accept(crossings);
        crossings.clear();
      }
      std::vector<Arriving>& arriving = bands_[b]->arriving();
      arriving_.insert(arriving_.end(), arriving.begin(), arriving.end());
      arriving.clear();
      std::vector<PacketStep>& steps = bands_[b]->steps();
      steps_.insert(steps_.end(), steps.begin(), steps.end());
      steps.clear();
    }
  }

  // So that what crosses into this row and out of it arrives behind the window.
  void separate(uint32_t row) {
    const Topology& t = state_.topology;
    for (int32_t x = 0; x < t.columns; ++x) {
      const NodeId n = t.at(x, static_cast<int32_t>(row));
      if (!t.link(n, kNorth)) continue;
      for (RouterPort* port : {&state_.routers[n].port[kNorth],
                               &state_.routers[t.neighbour(n, kNorth)].port[kSouth]}) {
        port->neighbour |= kRemote;
        window_ = std::min<Cycle>(window_, std::min(port->flit_delay, port->credit_delay));
      }
    }
  }

  void check_moving() {
    if (in_flight_ == std::ssize(arriving_) || first_event() != kNoEvent) return;
    std::vector<Wait> waits;
    for (const auto& band : bands_) band->add_waits(waits);
    DOJO_CHECK(!waits.empty());
    throw_deadlock(now_, state_.topology, waits);
  }

  NetworkState state_;
  std::vector<std::unique_ptr<Band>> bands_;
  std::optional<BandCrew> crew_;
  std::vector<uint32_t> band_of_row_;
  Cycle window_ = Cycle{1} << 28;
  Cycle now_ = 0;
  int64_t in_flight_ = 0;
  std::vector<Arriving> arriving_;
  std::vector<uint32_t> unused_;  // in the pool
  std::vector<PacketStep> steps_;
};

void check_served(const RouterParameters& p) {
  if (p.input_speedup > 2)
    throw Error(Category::kUnimplemented,
                fmt::format("an input_speedup of {} in the fast network", p.input_speedup), "",
                "use 1 or 2, or the reference network");
}

}  // namespace

std::unique_ptr<Network> make_network(const Topology& topology, const RouterParameters& parameters,
                                      const NetworkOptions& options) {
  check(topology);
  check(parameters);
  check_served(parameters);
  return std::make_unique<FastNetwork>(topology, parameters, options.threads);
}

}  // namespace dojo::sim
