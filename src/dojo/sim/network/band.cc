#include "dojo/sim/network/band.h"

#include <algorithm>
#include <cstring>

#include "dojo/base/check.h"

namespace dojo::sim {
namespace {

// Cycles are counted from a later one when they reach this, so that 31 bits are enough for them and
// 32 for what a router counts in that time.
constexpr uint32_t kShiftCycle = uint32_t{1} << 26;

RouterStages stages_of(const RouterParameters& p) {
  return {.vcs = static_cast<uint32_t>(p.virtual_channels),
          .lanes = static_cast<uint32_t>(p.input_speedup),
          .vc_cycles = static_cast<uint32_t>(p.vc_allocation_cycles),
          .switch_cycles = static_cast<uint32_t>(p.switch_allocation_cycles),
          .tail_credit = p.wait_for_tail_credit};
}

uint32_t most_flit_delay(const NetworkState& s) {
  uint32_t most = static_cast<uint32_t>(s.parameters.injection_cycles);
  for (const RouterBlock& r : s.routers)
    for (const RouterPort& port : r.port) most = std::max<uint32_t>(most, port.flit_delay);
  return most;
}

uint32_t most_credit_delay(const NetworkState& s) {
  uint32_t most = 1;
  for (const RouterBlock& r : s.routers) {
    for (const RouterPort& port : r.port) most = std::max<uint32_t>(most, port.credit_delay);
    most = std::max(
        most, r.port[kLocal].flit_delay +
                  static_cast<uint32_t>(s.parameters.ejection_cycles + s.parameters.credit_cycles));
  }
  return most;
}

uint32_t most_interval(const NetworkState& s) {
  int32_t most = 1;
  for (const SlowLink& l : s.slow_links) most = std::max(most, l.numerator / l.denominator + 2);
  return static_cast<uint32_t>(most);
}

}  // namespace

template <typename Do>
void Band::each_ring(Do&& what) {
  what(heads_);
  what(vc_bids_);
  what(switch_bids_);
  what(vc_results_);
  what(departures_);
  what(bodies_);
  what(credits_);
  what(wakes_);
  what(sources_);
}

Band::Band(NetworkState& state, NodeId begin, NodeId end)
    : state_(state),
      routers_(state.routers.data()),
      begin_(begin),
      end_(end),
      stages_(stages_of(state.parameters)),
      valid_vcs_((1u << stages_.vcs) - 1),
      class_vcs_(channels_of_classes(state.routes, state.parameters.virtual_channels)),
      routing_cycles_(static_cast<uint32_t>(state.parameters.routing_cycles)),
      rounds_(state.parameters.allocation_rounds),
      one_class_(state.routes.num_classes() == 1),
      eject_credit_(
          static_cast<uint32_t>(state.parameters.ejection_cycles + state.parameters.credit_cycles)),
      heads_wait_(!stages_.tail_credit || routing_cycles_ > 0 || stages_.vc_cycles > 1),
      heads_(most_flit_delay(state)),
      vc_bids_(routing_cycles_ + stages_.vc_cycles + 1),
      switch_bids_(std::max(most_interval(state), stages_.switch_cycles + 1)),
      vc_results_(stages_.vc_cycles),
      departures_(stages_.switch_cycles),
      bodies_(most_flit_delay(state)),
      credits_(most_credit_delay(state)),
      wakes_(most_credit_delay(state)),
      sources_(kSourceHorizon) {
  each_ring([](auto& ring) { ring.skip_to(0); });
}

void Band::run_until(Cycle end) {
  if (end - now() >= kShiftCycle) pass_idle_cycles(end);
  while (now() < end) {
    if (now_ >= kShiftCycle) count_from_later(now_ / kShiftCycle * kShiftCycle);
    const auto last = static_cast<uint32_t>(std::min<Cycle>(end - base_, 2 * kShiftCycle));
    while (now_ < last) {
      if (stages_ == kBookSimStages)
        run_cycle<&kBookSimStages>();
      else if (stages_ == kDojoStages)
        run_cycle<&kDojoStages>();
      else
        run_cycle<nullptr>();
      ++now_;
      if (idle_) skip_to_next(last);
    }
  }
}

// Rings do not reach as far, and nothing else remembers when it was.
void Band::pass_idle_cycles(Cycle end) {
  const Cycle idle = (std::min(end, next_event()) - now()) / kShiftCycle * kShiftCycle;
  if (idle <= 0) return;
  now_ += static_cast<uint32_t>(idle);
  each_ring([&](auto& ring) { ring.skip_to(now_); });
  count_from_later(idle);
}

template <Band::Usual kUsual>
void Band::run_cycle() {
  each_ring([this](auto& ring) { ring.begin(now_); });
  while (!later_sources_.empty() && later_sources_.top().first <= base_ + now_) {
    sources_.push(now_, later_sources_.top().second);
    later_sources_.pop();
  }
  idle_ = matched_.empty();
  each_ring([this](auto& ring) { idle_ = idle_ && ring.current().empty(); });
  if (idle_) return;
  wake_groups();
  receive_credits();
  run_sources();
  if (heads_wait_) receive_heads();
  receive_bodies();
  ask_vcs<kUsual>();
  ask_switch<kUsual>();
}

void Band::skip_to_next(uint32_t last) {
  uint32_t distance = last - (now_ - 1);
  each_ring([&](auto& ring) { distance = ring.distance(distance); });
  Cycle next = base_ + now_ - 1 + distance;
  if (!later_sources_.empty()) next = std::min(next, later_sources_.top().first);
  now_ = std::max(now_, static_cast<uint32_t>(next - base_));
  each_ring([this](auto& ring) { ring.skip_to(now_); });
}

Cycle Band::next_event() const {
  if (!matched_.empty()) return now();
  constexpr uint32_t kAny = kShiftCycle;
  uint32_t distance = kAny;
  const_cast<Band*>(this)->each_ring([&](auto& ring) { distance = ring.distance(distance); });
  // Rings count from the cycle before.
  const Cycle next = distance == kAny ? kNoEvent : base_ + now_ - 1 + distance;
  return later_sources_.empty() ? next : std::min(next, later_sources_.top().first);
}

void Band::count_from_later(Cycle by) {
  add_to_totals();
  base_ += by;
  now_ -= static_cast<uint32_t>(by);
  each_ring([&](auto& ring) { ring.shift(static_cast<uint32_t>(by)); });
  const auto shift = [&](int32_t cycle) {
    return cycle >= kAwaited ? cycle : static_cast<int32_t>(std::max<Cycle>(cycle - by, 0));
  };
  for (NodeId n = begin_; n < end_; ++n) {
    for (auto& row : router(n).vc_free)
      for (int32_t& cycle : row) cycle = shift(cycle);
    for (uint32_t i = 0; i < kPorts * stages_.vcs; ++i) {
      // It may have been long ago: a difference of times wraps around rightly.
      InputChannel& c = state_.channels[size_t{n} * kPorts * stages_.vcs + i];
      c.since -= static_cast<uint32_t>(by);
    }
    if (state_.slow_links.empty()) continue;
    for (size_t port = 0; port < 4; ++port) {
      SlowLink& link = state_.slow_links[size_t{n} * 4 + port];
      link.free_cycle = shift(link.free_cycle);
    }
  }
}

void Band::wake_groups() {
  for (const uint32_t group : wakes_.current()) {
    const NodeId node = group / 8;
    if (group % 8 != kSourceRow) {
      list_group(node, group % 8);
    } else if (SourceState& source = state_.sources[node]; source.parked) {
      source.parked = false;
      sources_.push(now_, node);
    }
  }
  wakes_.current().clear();
}

void Band::receive_credits() {
  const std::span<const uint32_t> credits = credits_.current();
  for (size_t i = 0; i < credits.size(); ++i) {
    if (i + kAhead < credits.size()) {
      const CreditBlock& later = state_.credits[credits[i + kAhead] >> 6];
      __builtin_prefetch(&later, 1);
      __builtin_prefetch(&later.blocked);
    }
    const uint32_t at = credits[i];
    const NodeId node = at >> 6;
    const uint32_t row = (at >> 3) & 7, vc = at & 7;
    CreditBlock& credit = state_.credits[node];
    ++credit.room[row][vc];
    if (row == kSourceRow) {
      if (credit.source_blocked) sources_.push(now_, node);
      credit.source_blocked = 0;
    } else if (const uint64_t bit = uint64_t{1} << (at & 63); credit.blocked & bit) {
      credit.blocked &= ~bit;
      const InputChannel& c = channel(node * 64 + credit.owner[at & 63]);
      router(node).stalls[row] += now_ - c.since;
      switch_bids_.push(now_, c.flit);
    }
  }
  credits_.current().clear();
}

// A head starts to wait for its way, or queues behind the packet before it.
void Band::receive_heads() {
  const std::span<const FlitEvent> heads = heads_.current();
  for (size_t i = 0; i < heads.size(); ++i) {
    if (i + kAhead < heads.size())
      __builtin_prefetch(&router(heads[i + kAhead].node()).occupied, 1);
    const FlitEvent& flit = heads[i];
    RouterBlock& r = router(flit.node());
    const uint64_t bit = uint64_t{1} << flit.channel();
    if (r.occupied & bit) {
      enqueue(flit);
      continue;
    }
    if (!stages_.tail_credit) r.occupied |= bit;
    if (flit.flits > 1) channel(flit.at) = {flit, 0, 1, 0};
    vc_bids_.push(now_ + routing_cycles_, flit);
  }
  heads_.current().clear();
}

void Band::enqueue(const FlitEvent& flit) {
  PooledPacket& packet = state_.pool[flit.packet];
  packet.next = kNone;
  packet.received = 1;
  packet.hop = {flit.out, static_cast<uint8_t>(flit.vc_class())};
  PacketQueue& queue = state_.queues[channel_index(flit.at)];
  uint64_t& queued = router(flit.node()).queued;
  const uint64_t bit = uint64_t{1} << flit.channel();
  if (queued & bit) {
    state_.pool[queue.back].next = flit.packet;
  } else {
    queue.front = flit.packet;
    queued |= bit;
  }
  queue.back = flit.packet;
}

void Band::next_of_channel(RouterBlock& r, uint32_t at) {
  const uint64_t bit = uint64_t{1} << (at & 63);
  if (!(r.queued & bit)) {
    r.occupied &= ~bit;
    return;
  }
  PacketQueue& queue = state_.queues[channel_index(at)];
  const PooledPacket& packet = state_.pool[queue.front];
  FlitEvent flit{.at = at,
                 .packet = queue.front,
                 .destination = state_.target(queue.front),
                 .flits = static_cast<uint16_t>(packet.packet.flits),
                 .out = packet.hop.port,
                 .state = packet.first_state(packet.hop.vc_class)};
  if (queue.front == queue.back) r.queued &= ~bit;
  queue.front = packet.next;
  if (flit.flits > 1) channel(at) = {flit, 0, packet.received, 0};
  vc_bids_.push(now_ + 1 + routing_cycles_, flit);
}

void Band::receive_bodies() {
  const std::vector<uint32_t>& bodies = bodies_.current();
  for (const uint32_t at : bodies) {
    if (!stages_.tail_credit && (router(at >> 6).queued >> (at & 63) & 1)) {
      ++state_.pool[state_.queues[channel_index(at)].back].received;
      continue;
    }
    InputChannel& c = channel(at);
    if (++c.buffered == 1) switch_bids_.push(now_, c.flit);
  }
  bodies_.current().clear();
}

void Band::accept(std::span<const Crossing> crossings) {
  for (const Crossing& c : crossings) {
    const uint32_t at = c.flit.at;
    switch (c.kind) {
      case Crossing::kHead:
        heads_.push(c.cycle, c.flit);
        break;
      case Crossing::kBody:
        bodies_.push(c.cycle, at);
        break;
      case Crossing::kFree:
        set_free(at, c.cycle);
        break;
      case Crossing::kCredit:
        credits_.push(c.cycle, at);
    }
  }
}

void Band::add_to_totals() {
  for (NodeId n = begin_; n < end_; ++n) {
    RouterBlock& r = router(n);
    for (size_t port = 0; port < kPorts; ++port) {
      LinkCounts& total = state_.totals[size_t{n} * kPorts + port];
      total.flits += r.flits[port];
      total.stalls += r.stalls[port];
      r.flits[port] = r.stalls[port] = 0;
    }
  }
}

int64_t Band::bytes() const {
  int64_t bytes = static_cast<int64_t>(sizeof(Band));
  const_cast<Band*>(this)->each_ring([&](auto& ring) { bytes += ring.bytes(); });
  return bytes;
}

}  // namespace dojo::sim
