// The slow network: in every cycle every router is visited, and each step is written as one would
// explain it. It serves all parameters and is the oracle of the fast one.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/sim/network/islip.h"
#include "dojo/sim/network/network.h"
#include "dojo/sim/network/packet.h"
#include "dojo/sim/network/routes.h"
#include "dojo/sim/network/wait_graph.h"

namespace dojo::sim {
namespace {

struct Flit {
  uint32_t packet = 0;
  bool head = false, tail = false;
  Hop hop{};  // of a head: what it asks for in the router that it is in, or on the way to
};

// A virtual channel of an input.
struct InputVc {
  enum State { kIdle, kAsksVc, kGotVc, kAsksSwitch, kGotSwitch } state = kIdle;
  std::deque<Flit> buffer;
  Hop hop{};
  int out_vc = -1;
  Cycle asks_at = 0;    // the next time
  Cycle since = 0;      // it has asked for this
  Cycle result_at = 0;  // when what it got takes effect

  void ask(State what, Cycle when) {
    state = what;
    asks_at = since = when;
  }
};

// What the sender knows of the virtual channel at the other end of a link.
struct OutputVc {
  int owner = -1;  // input virtual channel of this router; of a source: 0
  bool tail_sent = false;
  int in_buffer = 0;  // flits there, or on the way, or whose credit is
};

struct Output {
  std::vector<OutputVc> vcs;
  int buffer_flits = 0;
  Cycle free_cycle = 0;  // the link takes its next flit then; behind the point a fraction
  int64_t free_fraction = 0;
  LinkCounts counts;
};

struct RouterState {
  std::array<std::vector<InputVc>, kPorts> inputs;
  std::array<Output, kPorts> outputs;
  Islip vc_allocator, switch_allocator;
  std::vector<int> switch_turn;  // of each switch input: the virtual channel that is first

  RouterState(const RouterParameters& p)
      : vc_allocator(kPorts * p.virtual_channels, kPorts * p.virtual_channels, p.allocation_rounds),
        switch_allocator(kPorts * p.input_speedup, kPorts, p.allocation_rounds) {
    for (auto& input : inputs) input.resize(static_cast<size_t>(p.virtual_channels));
    for (Output& output : outputs) output.vcs.resize(static_cast<size_t>(p.virtual_channels));
    for (int i = 0; i < kPorts * p.input_speedup; ++i) switch_turn.push_back(i % p.input_speedup);
  }
};

struct Source {
  std::deque<uint32_t> queue;
  Output output;
  int sent = 0;  // flits of the first packet
  int vc = -1;
  int last_vc[2] = {-1, -1};  // by class
};

struct FlitOnTheWay {
  NodeId node;
  int port, vc;
  Flit flit;
};
struct CreditOnTheWay {
  NodeId node;
  int port, vc;  // of the output that it is for; port kPorts: of the source
};

class ReferenceNetwork final : public Network {
 public:
  ReferenceNetwork(const Topology& topology, const RouterParameters& p)
      : topology_(topology),
        p_(p),
        routes_(topology),
        class_vcs_(channels_of_classes(routes_, p.virtual_channels)) {
    for (NodeId n = 0; n < topology.nodes(); ++n) {
      RouterState& r = routers_.emplace_back(p);
      for (int port = 0; port < kPorts; ++port)
        r.outputs[at(port)].buffer_flits =
            port == kLocal ? p.buffer_flits : topology.link(n, port).buffer_flits;
      Source& s = sources_.emplace_back();
      s.output.vcs.resize(static_cast<size_t>(p.virtual_channels));
      s.output.buffer_flits = p.buffer_flits;
    }
  }

  void send(const SentPacket& packet) override {
    check_packet(packet, topology_, p_);
    ways_.push_back(routes_.way(packet.source, packet.destination, kMostStops));
    next_stop_.push_back(0);
    sources_[packet.source].queue.push_back(static_cast<uint32_t>(packets_.size()));
    packets_.push_back(
        {packet.tag, packet.source, packet.destination, packet.flits, 0, packet.created, -1, -1});
    told_.push_back(packet.told);
    ++in_flight_;
  }

  void run_until(Cycle end) override {
    for (; now_ < end; ++now_) {
      receive_credits();
      receive_flits();
      for (NodeId n = 0; n < topology_.nodes(); ++n)
        if (topology_.live[n]) inject(n);
      for (NodeId n = 0; n < topology_.nodes(); ++n) {
        if (!topology_.live[n]) continue;
        allocate_vcs(routers_[n]);
        take_vcs(routers_[n]);
        allocate_switch(n, routers_[n]);
        leave(n, routers_[n]);
      }
      check_moving();
    }
  }

  Cycle now() const override { return now_; }

  Cycle next_event() const override {
    if (in_flight_ == 0 && credits_.empty()) return kNoEvent;
    return now_;
  }

  std::vector<ArrivedPacket> take_arrived() override {
    std::vector<ArrivedPacket> taken;
    while (!arrived_.empty() && arrived_.begin()->first.first < now_) {
      taken.push_back(arrived_.begin()->second);
      arrived_.erase(arrived_.begin());
      --in_flight_;
    }
    return taken;
  }

  std::vector<PacketStep> take_steps() override {
    std::sort(steps_.begin(), steps_.end());
    return std::exchange(steps_, {});
  }

  int64_t in_flight() const override { return in_flight_; }
  int64_t waiting(NodeId source) const override { return std::ssize(sources_[source].queue); }

  LinkCounts counts(NodeId node, int port) const override {
    return routers_[node].outputs[at(port)].counts;
  }

  int64_t bytes() const override {
    return static_cast<int64_t>(routers_.size() * sizeof(RouterState));
  }

 private:
  static size_t at(int i) { return static_cast<size_t>(i); }
  InputVc& input(RouterState& r, int in) {
    return r.inputs[at(in / p_.virtual_channels)][at(in % p_.virtual_channels)];
  }
  int num_inputs() const { return kPorts * p_.virtual_channels; }

  bool is_free(const Output& o, int vc) const { return o.vcs[at(vc)].owner < 0; }
  bool is_full(const Output& o, int vc) const { return o.vcs[at(vc)].in_buffer >= o.buffer_flits; }
  static void take(Output& o, int vc, int owner) {
    o.vcs[at(vc)] = {owner, false, o.vcs[at(vc)].in_buffer};
  }
  void send_on(Output& o, int vc, bool tail) {
    OutputVc& v = o.vcs[at(vc)];
    ++v.in_buffer;
    if (!tail) return;
    v.tail_sent = true;
    if (!p_.wait_for_tail_credit) v.owner = -1;
  }

  void receive_credits() {
    for (auto [i, end] = credits_.equal_range(now_); i != end; ++i) {
      const CreditOnTheWay& c = i->second;
      OutputVc& v =
          (c.port == kPorts ? sources_[c.node].output : routers_[c.node].outputs[at(c.port)])
              .vcs[at(c.vc)];
      --v.in_buffer;
      DOJO_CHECK_LE(0, v.in_buffer);
      if (p_.wait_for_tail_credit && v.in_buffer == 0 && v.tail_sent) v.owner = -1;
    }
    credits_.erase(now_);
  }

  void receive_flits() {
    for (auto [i, end] = flits_.equal_range(now_); i != end; ++i) {
      const FlitOnTheWay& f = i->second;
      InputVc& in = routers_[f.node].inputs[at(f.port)][at(f.vc)];
      in.buffer.push_back(f.flit);
      DOJO_CHECK_LE(std::ssize(in.buffer), buffer_behind(f.node, f.port));
      if (in.state == InputVc::kIdle) {
        in.ask(InputVc::kAsksVc, now_ + p_.routing_cycles);
      } else if (in.state == InputVc::kAsksSwitch && in.buffer.size() == 1) {
        in.ask(InputVc::kAsksSwitch, now_);
      }
    }
    flits_.erase(now_);
  }

  int buffer_behind(NodeId node, int port) const {
    return port == kLocal
               ? p_.buffer_flits
               : topology_.link(topology_.neighbour(node, port), opposite(port)).buffer_flits;
  }

  // What a head asks for in a router that it comes to.
  Hop next_hop(NodeId at, uint32_t packet) {
    const Way& way = ways_[packet];
    size_t& stop = next_stop_[packet];
    if (at == way.stops[stop] && stop + 1 < way.stops.size()) ++stop;
    return {routes_.towards(at, way.stops[stop]), way.vc_class(stop)};
  }

  void inject(NodeId n) {
    Source& s = sources_[n];
    if (s.queue.empty() || packets_[s.queue.front()].created > now_) return;
    ArrivedPacket& packet = packets_[s.queue.front()];
    const Hop hop = next_hop(n, s.queue.front());
    if (s.sent == 0) {
      s.vc = choose_vc(s, hop.vc_class);
      if (s.vc < 0) return;
      take(s.output, s.vc, 0);
      packet.issued = now_;
    }
    if (is_full(s.output, s.vc)) return;
    ++s.sent;
    const bool tail = s.sent == packet.flits;
    send_on(s.output, s.vc, tail);
    flits_.emplace(now_ + p_.injection_cycles,
                   FlitOnTheWay{n, kLocal, s.vc, {s.queue.front(), s.sent == 1, tail, hop}});
    moved_at_ = now_;
    if (!tail) return;
    tell(Told::kEnds, s.queue.front(), PacketStep::Kind::kSent, n, now_);
    s.queue.pop_front();
    s.sent = 0;
  }

  // The next one after that of the node's last packet of this class; of its first, the first one.
  int choose_vc(Source& s, uint8_t vc_class) {
    const uint8_t allowed = class_vcs_[vc_class];
    int& last = s.last_vc[vc_class];
    std::vector<int> vcs;
    for (int vc = 0; vc < p_.virtual_channels; ++vc)
      if (allowed >> vc & 1) vcs.push_back(vc);
    if (last < 0) {
      vcs.resize(1);
    } else {
      const auto after = std::upper_bound(vcs.begin(), vcs.end(), last);
      std::rotate(vcs.begin(), after, vcs.end());
    }
    for (const int vc : vcs)
      if (is_free(s.output, vc) && !is_full(s.output, vc)) return last = vc;
    return -1;
  }

  void allocate_vcs(RouterState& r) {
    for (int i = 0; i < num_inputs(); ++i) {
      InputVc& in = input(r, i);
      if (in.state != InputVc::kAsksVc || in.asks_at != now_) continue;
      in.hop = in.buffer.front().hop;
      const uint8_t allowed = class_vcs_[in.hop.vc_class];
      for (int vc = 0; vc < p_.virtual_channels; ++vc)
        if ((allowed >> vc & 1) && is_free(r.outputs[in.hop.port], vc))
          r.vc_allocator.ask(i, in.hop.port * p_.virtual_channels + vc);
    }
    const std::vector<int>& given = r.vc_allocator.allocate();
    for (int i = 0; i < num_inputs(); ++i) {
      InputVc& in = input(r, i);
      if (in.state != InputVc::kAsksVc || in.asks_at != now_) continue;
      in.asks_at = now_ + std::max(p_.vc_allocation_cycles, 1);
      if (given[at(i)] < 0) continue;
      in.state = InputVc::kGotVc;
      in.out_vc = given[at(i)] % p_.virtual_channels;
      in.result_at = in.asks_at - 1;
    }
  }

  // Of several cycles of allocation, somebody else may have taken it in between.
  void take_vcs(RouterState& r) {
    for (int i = 0; i < num_inputs(); ++i) {
      InputVc& in = input(r, i);
      if (in.state != InputVc::kGotVc || in.result_at != now_) continue;
      Output& out = r.outputs[in.hop.port];
      if (!is_free(out, in.out_vc)) {
        in.state = InputVc::kAsksVc;
        continue;
      }
      take(out, in.out_vc, i);
      const Cycle granted = now_ + 1 - std::max(p_.vc_allocation_cycles, 1);
      out.counts.stalls += granted - in.since;
      in.ask(InputVc::kAsksSwitch, granted + p_.vc_allocation_cycles);
    }
  }

  void allocate_switch(NodeId n, RouterState& r) {
    const int lanes = p_.input_speedup;
    const auto asks = [&](const InputVc& in) {
      return in.state == InputVc::kAsksSwitch && in.asks_at == now_ && !in.buffer.empty();
    };
    // For each input of the switch and each output, the asking channel whose turn is next.
    std::map<std::pair<int, int>, int> chosen;
    for (int i = 0; i < num_inputs(); ++i) {
      InputVc& in = input(r, i);
      if (!asks(in)) continue;
      Output& out = r.outputs[in.hop.port];
      if (out.free_cycle > now_) {
        in.asks_at = out.free_cycle;
        continue;
      }
      if (is_full(out, in.out_vc)) {
        in.asks_at = now_ + p_.switch_allocation_cycles;
        continue;
      }
      const int vc = i % p_.virtual_channels;
      const int lane = i / p_.virtual_channels * lanes + vc % lanes;
      const auto [known, is_new] = chosen.try_emplace({lane, in.hop.port}, i);
      const auto turn = [&](int j) {
        return (j % p_.virtual_channels - r.switch_turn[at(lane)] + p_.virtual_channels) %
               p_.virtual_channels;
      };
      if (!is_new && turn(i) < turn(known->second)) known->second = i;
    }
    for (const auto& [pair, i] : chosen) r.switch_allocator.ask(pair.first, pair.second);
    const std::vector<int>& given = r.switch_allocator.allocate();
    for (const auto& [pair, i] : chosen) {
      if (given[at(pair.first)] != pair.second) continue;
      InputVc& in = input(r, i);
      r.switch_turn[at(pair.first)] = (i % p_.virtual_channels + lanes) % p_.virtual_channels;
      in.state = InputVc::kGotSwitch;
      in.result_at = now_ + p_.switch_allocation_cycles - 1;
      Output& out = r.outputs[in.hop.port];
      out.counts.stalls += now_ - in.since;
      if (in.hop.port != kLocal) occupy(out, topology_.link(n, in.hop.port));
    }
    for (int i = 0; i < num_inputs(); ++i) {
      InputVc& in = input(r, i);
      if (asks(in)) in.asks_at = now_ + p_.switch_allocation_cycles;
    }
  }

  void occupy(Output& out, const Link& link) {
    if (out.free_cycle < now_) {
      out.free_cycle = now_;
      out.free_fraction = 0;
    }
    out.free_fraction += link.flit_interval.numerator;
    out.free_cycle += out.free_fraction / link.flit_interval.denominator;
    out.free_fraction %= link.flit_interval.denominator;
  }

  void leave(NodeId n, RouterState& r) {
    for (int i = 0; i < num_inputs(); ++i) {
      InputVc& in = input(r, i);
      if (in.state != InputVc::kGotSwitch || in.result_at != now_) continue;
      moved_at_ = now_;
      const int port = i / p_.virtual_channels, vc = i % p_.virtual_channels;
      Flit flit = in.buffer.front();
      in.buffer.pop_front();
      Output& out = r.outputs[in.hop.port];
      ++out.counts.flits;
      send_on(out, in.out_vc, flit.tail);
      if (flit.head) ++packets_[flit.packet].hops;
      return_credit(n, port, vc);
      send_flit(n, in.hop, in.out_vc, flit);
      if (flit.tail) {
        in.state = InputVc::kIdle;
        if (!in.buffer.empty()) in.ask(InputVc::kAsksVc, now_ + 1 + p_.routing_cycles);
      } else {
        in.ask(InputVc::kAsksSwitch, now_ + 1);
      }
    }
  }

  void return_credit(NodeId n, int port, int vc) {
    if (port == kLocal) {
      credits_.emplace(now_ + p_.injection_cycles, CreditOnTheWay{n, kPorts, vc});
      return;
    }
    const NodeId from = topology_.neighbour(n, port);
    const Cycle way = topology_.link(from, opposite(port)).latency_cycles;
    credits_.emplace(now_ + way + p_.credit_cycles, CreditOnTheWay{from, opposite(port), vc});
  }

  void send_flit(NodeId n, Hop hop, int out_vc, Flit flit) {
    const Cycle on_link = now_ + 1 + p_.traversal_cycles;
    if (hop.port == kLocal) {
      const Cycle arrives = on_link + p_.ejection_cycles;
      credits_.emplace(arrives + p_.ejection_cycles + p_.credit_cycles,
                       CreditOnTheWay{n, kLocal, out_vc});
      if (!flit.tail) return;
      ArrivedPacket& packet = packets_[flit.packet];
      packet.arrived = arrives;
      arrived_.emplace(std::pair(arrives, n), packet);
      tell(Told::kEnds, flit.packet, PacketStep::Kind::kArriving, n, arrives);
      return;
    }
    if (flit.tail) tell(Told::kRouters, flit.packet, PacketStep::Kind::kPassed, n, now_);
    const NodeId to = topology_.neighbour(n, hop.port);
    if (flit.head) flit.hop = next_hop(to, flit.packet);
    flits_.emplace(on_link + topology_.link(n, hop.port).latency_cycles,
                   FlitOnTheWay{to, opposite(hop.port), out_vc, flit});
  }

  // To those who want to know that, or more.
  void tell(Told whom, uint32_t packet, PacketStep::Kind kind, NodeId node, Cycle cycle) {
    if (told_[packet] >= whom) steps_.push_back({kind, packets_[packet].tag, node, cycle});
  }

  void check_moving() {
    if (!flits_.empty() || !credits_.empty()) moved_at_ = now_;
    const Cycle patience =
        8 + 2 * (p_.routing_cycles + p_.vc_allocation_cycles + p_.switch_allocation_cycles);
    if (now_ - moved_at_ < patience) return;
    std::vector<Wait> waits;
    for (NodeId n = 0; n < topology_.nodes(); ++n)
      for (int i = 0; i < num_inputs(); ++i) {
        const InputVc& in = input(routers_[n], i);
        if (in.buffer.empty() || in.state == InputVc::kIdle) continue;
        if (routers_[n].outputs[in.hop.port].free_cycle > now_) return;
        waits.push_back(wait_of(n, i));
      }
    if (!waits.empty()) throw_deadlock(now_, topology_, waits);
  }

  Wait wait_of(NodeId n, int i) {
    const InputVc& in = input(routers_[n], i);
    const ArrivedPacket& packet = packets_[in.buffer.front().packet];
    Wait w{.at = {n, i / p_.virtual_channels, i % p_.virtual_channels},
           .source = packet.source,
           .destination = packet.destination,
           .tag = packet.tag,
           .out_port = in.hop.port,
           .blocked_by = {}};
    const auto behind = [&](int vc) {
      return Place{topology_.neighbour(n, in.hop.port), opposite(in.hop.port), vc};
    };
    if (in.state == InputVc::kAsksSwitch) {
      w.out_vc = in.out_vc;
      w.blocked_by = {behind(in.out_vc)};
      return w;
    }
    for (int vc = 0; vc < p_.virtual_channels; ++vc)
      if (class_vcs_[in.hop.vc_class] >> vc & 1) w.blocked_by.push_back(behind(vc));
    return w;
  }

  Topology topology_;
  RouterParameters p_;
  Routes routes_;
  std::array<uint8_t, 2> class_vcs_;
  Cycle now_ = 0, moved_at_ = 0;
  std::vector<RouterState> routers_;
  std::vector<Source> sources_;
  std::vector<ArrivedPacket> packets_;
  std::vector<Way> ways_;          // of each packet
  std::vector<size_t> next_stop_;  // the same
  std::vector<Told> told_;         // the same
  std::vector<PacketStep> steps_;
  std::multimap<Cycle, FlitOnTheWay> flits_;
  std::multimap<Cycle, CreditOnTheWay> credits_;
  std::map<std::pair<Cycle, NodeId>, ArrivedPacket> arrived_;
  int64_t in_flight_ = 0;
};

}  // namespace

std::unique_ptr<Network> make_reference_network(const Topology& topology,
                                                const RouterParameters& parameters) {
  check(topology);
  check(parameters);
  return std::make_unique<ReferenceNetwork>(topology, parameters);
}

}  // namespace dojo::sim
