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
// Note [Usual routers]. The phases that each flit passes are written once and compiled twice: for
// routers with the numbers of BookSim2's defaults, which the compiler then knows, and for any.
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
  uint8_t state;         // its virtual channel behind that port, two flags, its class, a flag

  static constexpr uint8_t kCounted = 8;  // its credits are counted: it may meet a full buffer
  static constexpr uint8_t kSlow = 16;    // the link does not take a flit in every cycle
  static constexpr uint8_t of_class(uint32_t vc_class) {
    return static_cast<uint8_t>(vc_class << 5);
  }
  uint32_t out_vc() const { return state & 7; }
  static constexpr uint8_t kTold = 128;  // of each router that it leaves
  uint32_t vc_class() const { return state >> 5 & 3; }
  uint8_t without_vc() const { return state & 0xe0; }

  NodeId node() const { return at >> 6; }
  uint32_t channel() const { return at & 63; }
};
static_assert(sizeof(FlitEvent) == 16);

// What is kept of the packet at the front of an input channel, where the event alone is not enough:
// while it is parked, and of packets of several flits.
struct InputChannel {
  FlitEvent flit;
  uint16_t sent, buffered;  // flits of this packet
  uint32_t since;           // the cycle of the first bid that failed
};

struct PooledPacket {
  ArrivedPacket packet;
  uint32_t stops[kMostStops] = {};    // Way::stops, as x + y * 65536
  uint32_t target = 0;                // the one that it goes to, before it is sent and in a queue
  uint32_t next_to_send = kNone;      // in the source's queue
  uint32_t next = kNone;              // in the queue of an input channel
  uint16_t received = 0;              // flits in the buffer, while it is in such a queue
  Hop hop{};                          // what its head asks for there
  uint8_t num_stops = 1, second = 1;  // as in Way
  uint8_t next_stop = 0;
  Told told = Told::kArrival;

  // That of its first flit, in this class.
  uint8_t first_state(uint32_t vc_class) const {
    return FlitEvent::of_class(vc_class) | (told == Told::kRouters ? FlitEvent::kTold : 0);
  }
};

// Counts of credits in a router, where buffers can be full.
struct CreditBlock {
  uint16_t room[kPorts + 1][kVcs];  // by output, and of the node's way in
  uint8_t owner[kPorts * kVcs];     // the input channel that holds each output channel
  uint64_t blocked;                 // output channels whose owner waits for room
  uint8_t source_blocked;           // the node does
  uint64_t queued;                  // input channels with a packet behind the first one
};
struct PacketQueue {
  uint32_t front, back;
};

struct SourceState {
  uint32_t front = kNone, back = kNone;  // packets in the pool
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
  std::vector<LinkCounts> totals;  // [node * kPorts + port], but for those in the routers

  NetworkState(const Topology& t, const RouterParameters& p);
  int64_t bytes() const;
};

// What crosses into another band; it takes effect there in a later cycle than it is handed over.
struct Crossing {
  enum Kind : uint8_t { kHead, kBody, kFree, kCredit } kind;
  uint32_t cycle;
  FlitEvent flit;  // of the last three only `at`: the input channel, or node * 64 + output channel
};

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

  // The packets whose tails have left for their nodes; whoever handles them removes them.
  std::vector<uint32_t>& arriving() { return arriving_; }
  std::vector<PacketStep>& steps() { return steps_; }  // the same

  // kNoEvent: there is none.
  Cycle next_event() const;
  Cycle now() const { return base_ + now_; }

  // Everything that stands still. REQUIRES: it does.
  void add_waits(std::vector<Wait>& waits);

  int64_t bytes() const;

 private:
  // Note [Usual routers]
  static constexpr uint32_t kUsualLanes = 2;
  template <bool kUsual>
  uint32_t vcs() const {
    return kUsual ? kVcs : vcs_;
  }
  template <bool kUsual>
  uint32_t lanes() const {
    return kUsual ? kUsualLanes : lanes_;
  }
  template <bool kUsual>
  uint32_t vc_cycles() const {
    return kUsual ? 1 : vc_cycles_;
  }
  template <bool kUsual>
  uint32_t switch_cycles() const {
    return kUsual ? 1 : switch_cycles_;
  }
  template <bool kUsual>
  bool tail_credit() const {
    return kUsual || tail_credit_;
  }

  // A cycle and its phases.
  template <bool kUsual>
  void run_cycle();
  void wake_groups();
  void receive_credits();
  void run_sources();
  void receive_heads();
  void receive_bodies();
  template <bool kUsual>
  void ask_vcs();
  template <bool kUsual>
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
  template <bool kUsual>
  void allocate_group(NodeId node, uint32_t port);
  uint64_t bidders_for(NodeId node, uint32_t vc, uint64_t bids);
  void park_group(NodeId node, uint32_t port, uint64_t bids);
  void await(NodeId node, uint32_t row, uint32_t vcs);
  template <bool kUsual>
  void grant_vc(RouterBlock& r, const FlitEvent& flit, uint32_t vc);
  template <bool kUsual>
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
  template <bool kUsual>
  void settle_contended();
  template <bool kUsual>
  void match_switch(RouterBlock& r);
  template <bool kUsual>
  uint8_t next_turn(uint32_t output, uint32_t channel) const;
  template <bool kUsual>
  void win_switch(RouterBlock& r, const FlitEvent& flit);
  void occupy_link(const FlitEvent& flit);
  template <bool kUsual>
  void depart(RouterBlock& r, const FlitEvent& flit);
  template <bool kUsual>
  void return_credit(RouterBlock& r, const FlitEvent& flit, uint32_t number, bool tail);
  template <bool kUsual>
  void send_on(RouterBlock& r, const FlitEvent& flit, uint32_t number, bool tail);
  void turn_at_stop(FlitEvent& flit);
  void tell(uint32_t packet, PacketStep::Kind kind, NodeId node, uint32_t cycle) {
    steps_.push_back({kind, state_.pool[packet].packet.tag, node, base_ + cycle});
  }
  void deliver(RouterBlock& r, const FlitEvent& flit, uint32_t number, bool tail, uint32_t cycle);

  RouterBlock& router(NodeId node) { return routers_[node]; }
  InputChannel& channel(uint32_t at) { return state_.channels[channel_index(at)]; }
  size_t channel_index(uint32_t at) const {
    return (size_t{at >> 6} * kPorts + ((at >> 3) & 7)) * vcs_ + (at & 7);
  }
  uint32_t allowed_vcs(const FlitEvent& flit) const { return class_vcs_[flit.vc_class()]; }
  template <bool kUsual>
  uint32_t lane_of(uint32_t channel) const {
    return channel / kVcs * lanes<kUsual>() + channel % lanes<kUsual>();  // lanes divide kVcs
  }
  template <bool kUsual>
  uint64_t lane_mask(uint32_t lane) const {
    const uint64_t every = lanes<kUsual>() == 1 ? 0xff : 0x55;
    return every << (lane % lanes<kUsual>() + lane / lanes<kUsual>() * kVcs);
  }
  static constexpr size_t kAhead = 8;
  // Cycles. Nodes that send later than that wait in a heap.
  static constexpr uint32_t kSourceHorizon = 1000;

  NetworkState& state_;
  RouterBlock* const routers_;
  const NodeId begin_, end_;
  const uint32_t vcs_, lanes_;
  const uint32_t valid_vcs_;                // as a mask
  const std::array<uint8_t, 2> class_vcs_;  // the same
  const uint32_t vc_cycles_, switch_cycles_, routing_cycles_;
  const uint32_t eject_credit_;  // from a flit's arrival at its node until its credit counts
  const bool tail_credit_;
  const bool usual_;       // Note [Usual routers]
  const bool heads_wait_;  // between their arrival and their first bid something may come

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
  std::vector<uint32_t> groups_;   // of this cycle: node * 8 + port
  std::vector<uint32_t> matched_;  // of this cycle: nodes whose switch is contended
  std::vector<FlitEvent> contended_;
  std::vector<uint32_t> arriving_;
  std::vector<PacketStep> steps_;
  std::vector<Crossing> outbox_[2];
};

}  // namespace dojo::sim
