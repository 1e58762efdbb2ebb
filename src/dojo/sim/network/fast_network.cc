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
    DOJO_CHECK_LE(now_, packet.created);
    check_packet(packet, state_.topology, state_.parameters);
    const Way way = state_.routes.way(packet.source, packet.destination, kMostStops);
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
                .hops = state_.routes.hops(packet.source, way),
                .created = packet.created};
    set_way(p, way);
    p.next_to_send = kNone;
    p.told = packet.told;
    ++in_flight_;
    SourceState& source = state_.sources[packet.source];
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
    for (const uint32_t id : arriving_) next = std::min(next, state_.pool[id].packet.arrived);
    return next;
  }

  std::vector<ArrivedPacket> take_arrived() override {
    struct Taken {
      Cycle arrived;
      NodeId destination;
      uint32_t id;
    };
    std::vector<Taken> taken;
    std::erase_if(arriving_, [&](uint32_t id) {
      const ArrivedPacket& packet = state_.pool[id].packet;
      if (packet.arrived >= now_) return false;
      taken.push_back({packet.arrived, packet.destination, id});
      return true;
    });
    std::sort(taken.begin(), taken.end(), [](const Taken& a, const Taken& b) {
      return std::pair(a.arrived, a.destination) < std::pair(b.arrived, b.destination);
    });
    std::vector<ArrivedPacket> arrived;
    arrived.reserve(taken.size());
    for (const Taken& t : taken) {
      arrived.push_back(state_.pool[t.id].packet);
      unused_.push_back(t.id);
    }
    in_flight_ -= std::ssize(arrived);
    return arrived;
  }

  std::vector<PacketStep> take_steps() override {
    std::sort(steps_.begin(), steps_.end());
    return std::exchange(steps_, {});
  }

  int64_t in_flight() const override { return in_flight_; }

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
  void set_way(PooledPacket& p, const Way& way) {
    for (size_t i = 0; i < way.stops.size(); ++i) p.stops[i] = state_.routers[way.stops[i]].place;
    p.num_stops = static_cast<uint8_t>(way.stops.size());
    p.second = static_cast<uint8_t>(std::min(way.second, way.stops.size()));
    p.next_stop = 0;
    p.target = p.stops[0];
    p.hop = {state_.routes.towards(p.packet.source, way.stops[0]), way.vc_class(0)};
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
      std::vector<uint32_t>& arriving = bands_[b]->arriving();
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
  std::vector<uint32_t> arriving_;  // in the pool
  std::vector<uint32_t> unused_;    // the same
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
