// A band of the fast network: some whole rows of routers and all that happens in them. It does work
// for events only, which lie in flat lists by cycle, so that memory is read in order and a router
// where nothing happens costs nothing.
//
// Note [Alone or contended]. Most bids meet no rival. So in each phase of a cycle all bids first
// set their bits in the routers' masks; then a bid that finds itself alone, at its output and in
// its lane, is granted with a few instructions, and only the others go through iSLIP, router by
// router. Which bids are alone does not depend on the order of a list, nor does iSLIP; so results
// do not depend on how routers are spread over bands and threads.
//
// Note [Parked bids]. A head that finds no free virtual channel is not asked again in each cycle:
// its bit stays in vc_bids, and the channels that are taken are marked as awaited. Whoever frees an
// awaited channel wakes the group of bids for the cycle from which it is free. A flit without room
// behind its output is woken by the credit. What is parked costs nothing, and when nothing else is
// left to do while packets are on their way, the network is deadlocked.
//
// Note [Standing bids]. What loses at the switch stays in the router's masks too, and the router in
// the list of those that are matched in the next cycle. Its event waits in its input channel.
//
// Note [Usual routers]. The phases that each flit passes are written once and compiled for routers
// with the numbers of BookSim2's defaults, for those of d1_node.json, which the compiler then
// knows, and for any.
#pragma once

#include <array>
#include <cstdint>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include "dojo/sim/network/event_ring.h"
#include "dojo/sim/network/network.h"
#include "dojo/sim/network/router_block.h"
#include "dojo/sim/network/routes.h"
#include "dojo/sim/network/wait_graph.h"

namespace dojo::sim {

inline constexpr uint32_t kNone = 0xffffffff;

// The first flit of a packet in a virtual channel, on its way there or asking for something.
struct FlitEvent {
  uint32_t at;           // node * 64 + port * 8 + vc of the input channel
  uint32_t packet;       // in the pool
  uint32_t destination;  // x + y * 65536; before that, of its next stop
  uint16_t flits;        // of the packet
  uint8_t out;           // the port that it asks for
  uint8_t state;         // its virtual channel behind that port, two flags, its class, two flags

  static constexpr uint8_t kCounted = 8;  // its credits are counted: it may meet a full buffer
  static constexpr uint8_t kSlow = 16;    // the link does not take a flit in every cycle
  static constexpr uint8_t of_class(uint32_t vc_class) {
    return static_cast<uint8_t>(vc_class << 5);
  }
  static constexpr uint8_t kToldEnds = 64, kToldRouters = 128;  // as Told
  uint32_t out_vc() const { return state & 7; }
  uint32_t vc_class() const { return state >> 5 & 1; }
  uint8_t without_vc() const { return state & 0xe0; }

  NodeId node() const { return at >> 6; }
  uint32_t channel() const { return at & 63; }
};
static_assert(sizeof(FlitEvent) == 16);

// What is kept of the packet at the front of an input channel, where the event alone is not enough:
// while it is parked or stands, and of packets of several flits.
struct InputChannel {
  FlitEvent flit;
  uint16_t sent, buffered;  // flits of this packet
  uint32_t since;           // the cycle of the first bid that failed
};

struct alignas(64) PooledPacket {
  ArrivedPacket packet;
  uint32_t next_to_send = kNone;      // in the source's queue
  uint32_t next = kNone;              // in the queue of an input channel
  uint16_t received = 0;              // flits in the buffer, while it is in such a queue
  Hop hop{};                          // what its head asks for there, or at the source
  uint8_t num_stops = 1, second = 1;  // as in Way
  uint8_t next_stop = 0;
  Told told = Told::kArrival;

  // That of its first flit, in this class.
  uint8_t first_state(uint32_t vc_class) const {
    static constexpr uint8_t kFlags[] = {0, FlitEvent::kToldEnds,
                                         FlitEvent::kToldEnds | FlitEvent::kToldRouters};
    return FlitEvent::of_class(vc_class) | kFlags[static_cast<size_t>(told)];
  }
};
static_assert(sizeof(PooledPacket) == 64);
// Way::stops of a packet with several, as x + y * 65536.
using PooledStops = std::array<uint32_t, kMostStops>;

// Counts of credits in a router, where buffers can be full.
struct alignas(64) CreditBlock {
  uint16_t room[kPorts + 1][kVcs];  // by output, and of the node's way in
  uint64_t blocked;                 // output channels whose owner waits for room
  uint8_t source_blocked;           // the node does
  uint8_t owner[kPorts * kVcs];     // of those that are blocked: the input channel that holds it
};
struct PacketQueue {
  uint32_t front, back;
};

struct SourceState {
  uint32_t front = kNone, back = kNone;  // packets in the pool
  uint32_t waiting = 0;                  // how many
  uint16_t sent = 0;                     // flits of the first one
  uint8_t vc = 0;
  bool parked = false;
  uint8_t last_vc[2] = {kNoVc, kNoVc};  // by class
  static constexpr uint8_t kNoVc = 0xff;
};

struct SlowLink {
  int32_t numerator = 0, denominator = 1;
  int32_t free_cycle = 0, free_fraction = 0;
};

// What bands share. Each band writes only what belongs to its own nodes and packets.
struct NetworkState {
  Topology topology;
  RouterParameters parameters;
  Routes routes;
  bool counts_credits = false;  // some packets may meet a full buffer
  std::vector<RouterBlock> routers;
  std::vector<InputChannel> channels;  // [(node * kPorts + port) * virtual_channels + vc]
  std::vector<CreditBlock> credits;    // by node, if counts_credits
  std::vector<PacketQueue> queues;     // as channels, unless wait_for_tail_credit
  std::vector<SourceState> sources;    // by node
  std::vector<SlowLink> slow_links;    // [node * 4 + port], if there are any
  std::vector<PooledPacket> pool;
  std::vector<PooledStops> stops;  // as pool, as far as packets had several
  std::vector<LinkCounts> totals;  // [node * kPorts + port], but for those in the routers

  NetworkState(const Topology& t, const RouterParameters& p);
  // The place that a packet goes to.
  uint32_t target(uint32_t packet) const {
    const PooledPacket& p = pool[packet];
    return p.num_stops > 1 ? stops[packet][p.next_stop] : routers[p.packet.destination].place;
  }
  int64_t bytes() const;
};

// What crosses into another band; it takes effect there in a later cycle than it is handed over.
struct Crossing {
  enum Kind : uint8_t { kHead, kBody, kFree, kCredit } kind;
  uint32_t cycle;
  FlitEvent flit;  // of the last three only `at`: the input channel, or node * 64 + output channel
};

// A packet whose tail has left for its node.
struct Arriving {
  Cycle arrived;
  NodeId destination;
  uint32_t packet;  // in the pool
};

// Note [Usual routers]: what the phases look at most.
struct RouterStages {
  uint32_t vcs, lanes, vc_cycles, switch_cycles;
  bool tail_credit;
  friend bool operator==(const RouterStages&, const RouterStages&) = default;
};
inline constexpr RouterStages kBookSimStages{8, 2, 1, 1, true}, kDojoStages{4, 1, 1, 1, false};

class Band {
 public:
  // REQUIRES: `state` outlives the band; [begin, end) are whole rows.
  Band(NetworkState& state, NodeId begin, NodeId end);

  // The node's queue is no longer empty: it sends from this cycle on.
  void wake_source(NodeId node, Cycle created);

  // Simulates [now, end).
  void run_until(Cycle end);

  // To the bands of smaller and of larger nodes.
  std::vector<Crossing>& outbox(int side) { return outbox_[side]; }
  void accept(std::span<const Crossing> crossings);

  // Whoever handles them removes them.
  std::vector<Arriving>& arriving() { return arriving_; }
  std::vector<PacketStep>& steps() { return steps_; }  // the same

  // kNoEvent: there is none.
  Cycle next_event() const;
  Cycle now() const { return base_ + now_; }

  // Everything that stands still. REQUIRES: it does.
  void add_waits(std::vector<Wait>& waits);

  int64_t bytes() const;

 private:
  // Note [Usual routers]. Where kUsual is null it may be any.
  using Usual = const RouterStages*;
  template <Usual kUsual>
  const RouterStages& stages() const {
    if constexpr (kUsual != nullptr)
      return *kUsual;
    else
      return stages_;
  }

  // A cycle and its phases.
  template <Usual kUsual>
  void run_cycle();
  void wake_groups();
  void receive_credits();
  void run_sources();
  void receive_heads();
  void receive_bodies();
  template <Usual kUsual>
  void ask_vcs();
  template <Usual kUsual>
  void ask_switch();
  void skip_to_next(uint32_t last);
  void pass_idle_cycles(Cycle end);
  void count_from_later(Cycle by);
  void add_to_totals();
  template <typename Do>
  void each_ring(Do&& what);

  // Nodes that send (band_source.cc).
  void send_from(NodeId node);
  bool choose_vc(NodeId node, SourceState& source, uint32_t vc_class, bool counted);
  void park_source(NodeId node, SourceState& source, uint32_t vc_class);

  // Packets behind others in an input channel.
  void enqueue(const FlitEvent& flit);
  void next_of_channel(RouterBlock& r, uint32_t at);

  // Virtual channels (band_vc.cc). `row` is an output port, or kSourceRow.
  void list_group(NodeId node, uint32_t port);
  template <Usual kUsual>
  void allocate_group(NodeId node, uint32_t port);
  uint64_t bidders_for(NodeId node, uint32_t vc, uint64_t bids);
  uint32_t vcs_for(const RouterBlock& r, uint64_t bids) const;
  void await(NodeId node, uint32_t row, uint32_t vcs, bool is_parked);
  template <Usual kUsual>
  void grant_vc(RouterBlock& r, const FlitEvent& flit, uint32_t vc);
  template <Usual kUsual>
  void take_vc(RouterBlock& r, const FlitEvent& flit, uint32_t vc);
  void finish_vcs();
  void ask_vc_again(RouterBlock& r, const FlitEvent& flit, uint32_t cycle);
  // From this cycle on. `at`: node * 64 + row * 8 + vc.
  void set_free(uint32_t at, uint32_t cycle) {
    int32_t& free = router(at >> 6).vc_free[at / kVcs % kVcs][at % kVcs];
    if (free == kAwaited) [[unlikely]]
      wakes_.push(cycle, at / kVcs);
    free = static_cast<int32_t>(cycle);
  }

  // The switch (band_switch.cc).
  bool may_bid(RouterBlock& r, const FlitEvent& flit);
  template <Usual kUsual>
  bool settle_contended(NodeId node);
  void come_again(NodeId node);
  template <Usual kUsual>
  uint64_t match_switch(RouterBlock& r);
  template <Usual kUsual>
  uint8_t next_turn(uint32_t output, uint32_t channel) const;
  template <Usual kUsual>
  void win_switch(RouterBlock& r, const FlitEvent& flit);
  void occupy_link(const FlitEvent& flit);
  template <Usual kUsual>
  void depart(RouterBlock& r, const FlitEvent& flit);
  template <Usual kUsual>
  void return_credit(RouterBlock& r, const FlitEvent& flit, uint32_t number, bool tail);
  template <Usual kUsual>
  void send_on(RouterBlock& r, const FlitEvent& flit, uint32_t number, bool tail);
  void turn_at_stop(FlitEvent& flit);
  void tell(uint32_t packet, PacketStep::Kind kind, NodeId node, uint32_t cycle) {
    steps_.push_back({kind, state_.pool[packet].packet.tag, node, base_ + cycle});
  }
  void deliver(RouterBlock& r, const FlitEvent& flit, uint32_t number, bool tail, uint32_t cycle);

  RouterBlock& router(NodeId node) { return routers_[node]; }
  InputChannel& channel(uint32_t at) { return state_.channels[channel_index(at)]; }
  size_t channel_index(uint32_t at) const {
    return (size_t{at >> 6} * kPorts + ((at >> 3) & 7)) * stages_.vcs + (at & 7);
  }
  uint32_t allowed_vcs(const FlitEvent& flit) const { return class_vcs_[flit.vc_class()]; }
  template <Usual kUsual>
  uint32_t lane_of(uint32_t channel) const {
    const uint32_t lanes = stages<kUsual>().lanes;
    return channel / kVcs * lanes + channel % lanes;  // lanes divide kVcs
  }
  template <Usual kUsual>
  uint64_t lane_mask(uint32_t lane) const {
    const uint32_t lanes = stages<kUsual>().lanes;
    const uint64_t every = lanes == 1 ? 0xff : 0x55;
    return every << (lane % lanes + lane / lanes * kVcs);
  }
  static constexpr size_t kAhead = 8;
  // Cycles. Nodes that send later than that wait in a heap.
  static constexpr uint32_t kSourceHorizon = 1000;

  NetworkState& state_;
  RouterBlock* const routers_;
  const NodeId begin_, end_;
  const RouterStages stages_;
  const uint32_t valid_vcs_;                // as a mask
  const std::array<uint8_t, 2> class_vcs_;  // the same
  const uint32_t routing_cycles_;
  const int rounds_;  // of iSLIP
  const bool one_class_;
  const uint32_t eject_credit_;  // from a flit's arrival at its node until its credit counts
  const bool heads_wait_;        // between their arrival and their first bid something may come

  Cycle base_ = 0;    // cycle 0 of now_
  uint32_t now_ = 0;  // the cycle under way, or the next one
  bool idle_ = false;

  EventRing<FlitEvent> heads_, vc_bids_, switch_bids_, vc_results_, departures_;
  EventRing<uint32_t> bodies_, credits_;  // input channels; output channels
  EventRing<uint32_t> wakes_;             // node * 8 + output row
  EventRing<uint32_t> sources_;
  std::priority_queue<std::pair<Cycle, NodeId>, std::vector<std::pair<Cycle, NodeId>>,
                      std::greater<>>
      later_sources_;
  std::vector<uint32_t> groups_;  // of this cycle: node * 8 + port
  // Nodes whose switch is contended in this cycle; at its end those with standing bids.
  std::vector<uint32_t> matched_;
  std::vector<Arriving> arriving_;
  std::vector<PacketStep> steps_;
  std::vector<Crossing> outbox_[2];
};

}  // namespace dojo::sim
