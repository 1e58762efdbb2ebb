// The switch: iSLIP between the lanes of the inputs and the outputs, and what leaves through it.
#include <algorithm>

#include "dojo/sim/network/band.h"

namespace dojo::sim {
namespace {

constexpr uint64_t kEvenChannels = 0x5555555555555555;
constexpr uint32_t kDropped = kNone;  // FlitEvent::at of a bid that is none any more

// RouterBlock::lane_turn
uint32_t turn_of_outputs(uint8_t turn) { return turn & 7u; }
uint32_t turn_of_channels(uint8_t turn) { return turn >> 3; }

Routes::Place place_of(uint32_t place) {
  return {static_cast<int32_t>(place & 0xffff), static_cast<int32_t>(place >> 16)};
}

// In dimension order: what a packet asks for in the next router that left this one by `out`.
uint8_t output_behind(const RouterBlock& r, uint32_t out, uint32_t destination) {
  static constexpr uint32_t kSteps[] = {1, uint32_t(-1), 65536, uint32_t(-65536)};
  const uint32_t place = r.place + kSteps[out];
  if (place == destination) return kLocal;
  if (out >= kSouth || (place ^ destination) & 0xffff) return static_cast<uint8_t>(out);
  return place < destination ? kSouth : kNorth;
}

}  // namespace

template <Band::Usual kUsual>
void Band::ask_switch() {
  std::vector<FlitEvent>& bids = switch_bids_.current();
  const std::span<FlitEvent> events = bids;
  for (size_t i = 0; i < events.size(); ++i) {
    if (i + kAhead < events.size()) __builtin_prefetch(&router(events[i + kAhead].node()), 1);
    FlitEvent& flit = events[i];
    RouterBlock& r = router(flit.node());
    if ((flit.state & (FlitEvent::kCounted | FlitEvent::kSlow)) && !may_bid(r, flit)) {
      flit.at = kDropped;
      continue;
    }
    const uint64_t bit = uint64_t{1} << flit.channel();
    r.switch_bids[flit.out] |= bit;
    r.switch_bidders |= bit;
  }
  for (const FlitEvent& flit : events) {
    if (flit.at == kDropped) continue;
    RouterBlock& r = router(flit.node());
    const uint32_t lane = lane_of<kUsual>(flit.channel());
    const uint64_t bit = uint64_t{1} << flit.channel();
    if (r.switch_bids[flit.out] == bit && (r.switch_bidders & lane_mask<kUsual>(lane)) == bit) {
      r.switch_bids[flit.out] = 0;
      r.switch_bidders ^= bit;
      r.switch_grant[flit.out] = static_cast<uint8_t>(lane + 1);
      r.lane_turn[lane] = next_turn<kUsual>(flit.out + 1u, flit.channel());
      win_switch<kUsual>(r, flit);
      continue;
    }
    InputChannel& c = channel(flit.at);
    c.flit = flit;
    c.since = now_;
    if (r.switch_listed) continue;
    r.switch_listed = 1;
    matched_.push_back(flit.node());
  }
  bids.clear();
  std::erase_if(matched_, [this](NodeId node) { return !settle_contended<kUsual>(node); });
  if (stages<kUsual>().switch_cycles == 1) return;
  for (const FlitEvent& flit : departures_.current()) depart<kUsual>(router(flit.node()), flit);
  departures_.current().clear();
}

// Returns whether bids stand until the next cycle. Note [Standing bids]
template <Band::Usual kUsual>
bool Band::settle_contended(NodeId node) {
  RouterBlock& r = router(node);
  const uint64_t winners = match_switch<kUsual>(r);
  r.switch_bidders ^= winners;
  for (uint64_t& bids : r.switch_bids) bids &= ~winners;
  if (stages<kUsual>().switch_cycles > 1 || r.slow_links != 0) come_again(node);
  for (uint64_t rest = winners; rest != 0; rest &= rest - 1) {
    const InputChannel& c = channel(node * 64 + static_cast<uint32_t>(std::countr_zero(rest)));
    r.stalls[c.flit.out] += now_ - c.since;
    win_switch<kUsual>(r, c.flit);
  }
  r.switch_listed = r.switch_bidders != 0;
  return r.switch_listed;
}

// What does not ask in every cycle, or not in every cycle of a link that is slow.
void Band::come_again(NodeId node) {
  RouterBlock& r = router(node);
  for (uint32_t out = 0; out < kPorts; ++out) {
    if (stages_.switch_cycles == 1 && !(r.slow_links >> out & 1)) continue;
    for (uint64_t rest = r.switch_bids[out]; rest != 0; rest &= rest - 1) {
      r.stalls[out] += stages_.switch_cycles;
      switch_bids_.push(now_ + stages_.switch_cycles,
                        channel(node * 64 + static_cast<uint32_t>(std::countr_zero(rest))).flit);
    }
    r.switch_bidders &= ~r.switch_bids[out];
    r.switch_bids[out] = 0;
  }
}

// Whether the link takes a flit in this cycle and there is room behind it; else the bid comes
// again.
bool Band::may_bid(RouterBlock& r, const FlitEvent& flit) {
  if (flit.state & FlitEvent::kSlow) {
    const SlowLink& link = state_.slow_links[size_t{flit.node()} * 4 + flit.out];
    if (const auto free = static_cast<uint32_t>(link.free_cycle); free > now_) {
      r.stalls[flit.out] += free - now_;
      switch_bids_.push(free, flit);
      return false;
    }
  }
  if (!(flit.state & FlitEvent::kCounted)) return true;
  CreditBlock& credit = state_.credits[flit.node()];
  if (credit.room[flit.out][flit.out_vc()] > 0) return true;
  if (stages_.switch_cycles > 1) {
    r.stalls[flit.out] += stages_.switch_cycles;
    switch_bids_.push(now_ + stages_.switch_cycles, flit);
    return false;
  }
  credit.blocked |= uint64_t{1} << (flit.out * kVcs + flit.out_vc());
  credit.owner[flit.out * kVcs + flit.out_vc()] = static_cast<uint8_t>(flit.channel());
  InputChannel& c = channel(flit.at);
  c.flit = flit;
  c.since = now_;
  return false;
}

template <Band::Usual kUsual>
inline uint8_t Band::next_turn(uint32_t output, uint32_t channel) const {
  const RouterStages& s = stages<kUsual>();
  const uint32_t next = channel % kVcs + s.lanes;
  const uint32_t wrapped = next >= s.vcs ? next - s.vcs : next;
  return static_cast<uint8_t>(output | wrapped << 3);
}

// Returns the channels that win.
template <Band::Usual kUsual>
uint64_t Band::match_switch(RouterBlock& r) {
  const uint32_t lanes = stages<kUsual>().lanes;
  uint64_t winners = 0;
  uint32_t lanes_left = (1u << kPorts * lanes) - 1;
  uint32_t outputs_left = (1u << kPorts) - 1;
  for (int round = 0; round < rounds_; ++round) {
    uint32_t offers[kMostLanes] = {};  // by lane: outputs
    uint32_t offered = 0;
    for (uint32_t out = 0; out < kPorts; ++out) {
      if (!(outputs_left >> out & 1)) continue;
      const uint64_t bids = r.switch_bids[out];
      const uint32_t asking =
          lanes_left & (lanes == 1 ? inputs_of<1>(bids)
                                   : inputs_of<2>(bids & kEvenChannels) |
                                         inputs_of<2>(bids & ~kEvenChannels) << 1);
      if (asking == 0) continue;
      const uint32_t lane = first_from(asking, r.switch_grant[out]);
      offers[lane] |= 1u << out;
      offered |= 1u << lane;
    }
    if (offered == 0) break;
    for (; offered != 0; offered &= offered - 1) {
      const auto lane = static_cast<uint32_t>(std::countr_zero(offered));
      const uint8_t turn = r.lane_turn[lane];
      const uint32_t out = first_from(offers[lane], turn_of_outputs(turn));
      const uint32_t port = lane / lanes;
      const uint64_t bids = (r.switch_bids[out] & lane_mask<kUsual>(lane)) >> port * kVcs;
      const uint32_t vc = first_from(bids, turn_of_channels(turn));
      if (round == 0) r.switch_grant[out] = static_cast<uint8_t>(lane + 1);
      r.lane_turn[lane] = next_turn<kUsual>(round == 0 ? out + 1 : turn_of_outputs(turn), vc);
      winners |= uint64_t{1} << (port * kVcs + vc);
      lanes_left &= ~(1u << lane);
      outputs_left &= ~(1u << out);
    }
  }
  return winners;
}

template <Band::Usual kUsual>
[[gnu::always_inline]] inline void Band::win_switch(RouterBlock& r, const FlitEvent& flit) {
  if (flit.state & FlitEvent::kSlow) occupy_link(flit);
  if (stages<kUsual>().switch_cycles > 1) {
    departures_.push(now_ + stages<kUsual>().switch_cycles - 1, flit);
  } else {
    depart<kUsual>(r, flit);
  }
}

void Band::occupy_link(const FlitEvent& flit) {
  SlowLink& link = state_.slow_links[size_t{flit.node()} * 4 + flit.out];
  if (link.free_cycle < static_cast<int32_t>(now_)) {
    link.free_cycle = static_cast<int32_t>(now_);
    link.free_fraction = 0;
  }
  link.free_fraction += link.numerator;
  link.free_cycle += link.free_fraction / link.denominator;
  link.free_fraction %= link.denominator;
}

template <Band::Usual kUsual>
[[gnu::always_inline]] inline void Band::depart(RouterBlock& r, const FlitEvent& flit) {
  ++r.flits[flit.out];
  if (flit.state & FlitEvent::kCounted) --state_.credits[flit.node()].room[flit.out][flit.out_vc()];
  if (flit.flits == 1) {
    return_credit<kUsual>(r, flit, 0, true);
    send_on<kUsual>(r, flit, 0, true);
  } else {
    InputChannel& c = channel(flit.at);
    const uint32_t number = c.sent++;
    const bool tail = c.sent == flit.flits;
    return_credit<kUsual>(r, flit, number, tail);
    send_on<kUsual>(r, flit, number, tail);
    if (--c.buffered > 0 && !tail) switch_bids_.push(now_ + 1, flit);
    if (!tail) return;
  }
  if (stages<kUsual>().tail_credit) return;
  set_free(flit.node() * 64 + flit.out * kVcs + flit.out_vc(), now_ + 1);
  next_of_channel(r, flit.at);
}

// To the router or node that sent the flit, the number-th of its packet.
template <Band::Usual kUsual>
[[gnu::always_inline]] inline void Band::return_credit(RouterBlock& r, const FlitEvent& flit,
                                                       uint32_t number, bool tail) {
  const RouterPort& port = r.port[flit.channel() / kVcs];
  const uint32_t cycle = now_ + port.credit_delay;
  // With tail credits, what counts is when the tail has left, and of packets that are longer than
  // the buffer also the room that its later flits need.
  const bool credit = !stages<kUsual>().tail_credit || number + port.own_depth < flit.flits;
  if (!credit && !tail) return;
  const uint32_t to = port.neighbour | flit.at % kVcs;
  if (to & kRemote) [[unlikely]] {
    const Crossing crossing{.kind = credit ? Crossing::kCredit : Crossing::kFree,
                            .cycle = cycle,
                            .flit = {.at = to & ~kRemote}};
    outbox_[flit.channel() / kVcs == kSouth].push_back(crossing);
  } else if (credit) {
    credits_.push(cycle, to);
  } else {
    set_free(to, cycle);
  }
}

template <Band::Usual kUsual>
[[gnu::always_inline]] inline void Band::send_on(RouterBlock& r, const FlitEvent& flit,
                                                 uint32_t number, bool tail) {
  const uint32_t out = flit.out;
  const RouterPort& port = r.port[out];
  const uint32_t cycle = now_ + port.flit_delay;
  if (out == kLocal) {
    deliver(r, flit, number, tail, cycle);
    return;
  }
  if (tail && (flit.state & FlitEvent::kToldRouters)) [[unlikely]]
    tell(flit.packet, PacketStep::Kind::kPassed, flit.node(), now_);
  const uint32_t to = (port.neighbour & ~kRemote) | flit.out_vc();
  const bool remote = port.neighbour & kRemote;
  if (number > 0) {
    if (remote) [[unlikely]] {
      outbox_[out == kSouth].push_back({Crossing::kBody, cycle, {.at = to}});
    } else {
      bodies_.push(cycle, to);
    }
    return;
  }
  const uint8_t next_out = output_behind(r, out, flit.destination);
  FlitEvent& next =
      remote ? outbox_[out == kSouth].emplace_back(Crossing{Crossing::kHead, cycle, flit}).flit
             : heads_.push(cycle, flit);
  next.at = to;
  next.state = flit.without_vc();
  next.out = next_out;
  if (next_out == kLocal && state_.routes.num_classes() > 1) turn_at_stop(next);
}

// If that is not its destination but a stop, it asks for the way on.
void Band::turn_at_stop(FlitEvent& flit) {
  PooledPacket& packet = state_.pool[flit.packet];
  const uint32_t here = flit.destination;
  if (packet.next_stop + 1 == packet.num_stops) return;
  flit.destination = state_.stops[flit.packet][++packet.next_stop];
  flit.state = packet.first_state(packet.next_stop < packet.second ? 0 : 1);
  flit.out = Routes::dimension_order(place_of(here), place_of(flit.destination));
}

// The node takes each flit at once and gives its credit back.
void Band::deliver(RouterBlock& r, const FlitEvent& flit, uint32_t number, bool tail,
                   uint32_t cycle) {
  const bool credit = !stages_.tail_credit || number + r.port[kLocal].depth < flit.flits;
  const uint32_t at = flit.node() * 64 + kLocal * kVcs + flit.out_vc();
  if (credit) {
    credits_.push(cycle + eject_credit_, at);
  } else if (tail) {
    set_free(at, cycle + eject_credit_);
  }
  if (!tail) return;
  arriving_.push_back({base_ + cycle, flit.node(), flit.packet});
  if (flit.state & FlitEvent::kToldEnds)
    tell(flit.packet, PacketStep::Kind::kArriving, flit.node(), cycle);
}

template void Band::ask_switch<nullptr>();
template void Band::ask_switch<&kBookSimStages>();
template void Band::ask_switch<&kDojoStages>();

}  // namespace dojo::sim
