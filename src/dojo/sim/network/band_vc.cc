// Allocation of virtual channels. A head asks for any free one behind its output port; per port,
// iSLIP between the asking input channels and the free ones.
#include <algorithm>

#include "dojo/sim/network/band.h"

namespace dojo::sim {

template <Band::Usual kUsual>
void Band::ask_vcs() {
  std::vector<FlitEvent>& bids = heads_wait_ ? vc_bids_.current() : heads_.current();
  const std::span<const FlitEvent> events = bids;
  for (size_t i = 0; i < events.size(); ++i) {
    if (i + kAhead < events.size())
      __builtin_prefetch(&router(events[i + kAhead].node()).vc_bids, 1);
    const FlitEvent& flit = events[i];
    RouterBlock& r = router(flit.node());
    const uint64_t bit = uint64_t{1} << flit.channel();
    r.vc_bids[flit.out] |= bit;
    if (!one_class_) r.of_second_class = (r.of_second_class & ~bit) | (flit.vc_class() ? bit : 0);
    if (flit.flits > 1 && !heads_wait_) channel(flit.at) = {flit, 0, 1, 0};
  }
  for (size_t i = 0; i < events.size(); ++i) {
    if (i + kAhead < events.size()) {
      const FlitEvent& later = events[i + kAhead];
      const RouterBlock& r = router(later.node());
      __builtin_prefetch(&r.vc_free[later.out], 1);
      __builtin_prefetch(&r.vc_grant, 1);
      __builtin_prefetch(&r.vc_accept, 1);
    }
    const FlitEvent& flit = events[i];
    RouterBlock& r = router(flit.node());
    const uint32_t b = flit.channel(), port = flit.out;
    if (r.vc_bids[port] == uint64_t{1} << b) {  // Note [Alone or contended]
      const uint32_t free = free_channels(r.vc_free[port], now_) & allowed_vcs(flit);
      if (free != 0) {
        const uint32_t pointer = first_from(uint64_t{free} << port * kVcs, r.vc_accept[b]);
        r.vc_bids[port] = 0;
        r.vc_grant[pointer] = static_cast<uint8_t>(b + 1);
        r.vc_accept[b] = static_cast<uint8_t>(pointer + 1);
        grant_vc<kUsual>(r, flit, pointer % kVcs);
        continue;
      }
    }
    InputChannel& c = channel(flit.at);
    c.flit = flit;
    c.since = now_;
    list_group(flit.node(), flit.out);
  }
  bids.clear();
  for (const uint32_t group : groups_) allocate_group<kUsual>(group / 8, group % 8);
  groups_.clear();
  if (stages<kUsual>().vc_cycles > 1) finish_vcs();
}

void Band::list_group(NodeId node, uint32_t port) {
  RouterBlock& r = router(node);
  if (r.vc_listed >> port & 1) return;
  r.vc_listed |= static_cast<uint8_t>(1u << port);
  groups_.push_back(node * 8 + port);
}

// Those of `bids` that may take this channel.
uint64_t Band::bidders_for(NodeId node, uint32_t vc, uint64_t bids) {
  if (one_class_) return bids;
  const uint64_t second = router(node).of_second_class;
  return bids & (class_vcs_[1] >> vc & 1 ? second : ~second);
}

template <Band::Usual kUsual>
void Band::allocate_group(NodeId node, uint32_t port) {
  RouterBlock& r = router(node);
  r.vc_listed &= static_cast<uint8_t>(~(1u << port));
  uint64_t bids = r.vc_bids[port];
  uint32_t free = free_channels(r.vc_free[port], now_) & valid_vcs_;
  const uint32_t first = port * kVcs;
  for (int round = 0; round < rounds_ && bids && free; ++round) {
    uint32_t offers[kPorts * kVcs];  // by input channel, of those in `offered`
    uint64_t offered = 0;
    for (uint32_t rest = free; rest != 0; rest &= rest - 1) {
      const auto vc = static_cast<uint32_t>(std::countr_zero(rest));
      const uint64_t asking = bidders_for(node, vc, bids);
      if (asking == 0) continue;
      const uint32_t b = first_from(asking, r.vc_grant[first + vc]);
      if (!(offered >> b & 1)) offers[b] = 0;
      offered |= uint64_t{1} << b;
      offers[b] |= 1u << vc;
    }
    if (offered == 0) break;
    for (uint64_t rest = offered; rest != 0; rest &= rest - 1) {
      const auto b = static_cast<uint32_t>(std::countr_zero(rest));
      const uint32_t pointer = first_from(uint64_t{offers[b]} << first, r.vc_accept[b]);
      if (round == 0) {
        r.vc_grant[pointer] = static_cast<uint8_t>(b + 1);
        r.vc_accept[b] = static_cast<uint8_t>(pointer + 1);
      }
      const uint32_t vc = pointer - first;
      free &= ~(1u << vc);
      const InputChannel& c = channel(node * 64 + b);
      r.stalls[port] += now_ - c.since;
      grant_vc<kUsual>(r, c.flit, vc);
    }
    bids &= ~offered;
  }
  if (stages<kUsual>().vc_cycles > 1) {
    for (uint64_t rest = bids; rest != 0; rest &= rest - 1)
      ask_vc_again(r, channel(node * 64 + static_cast<uint32_t>(std::countr_zero(rest))).flit,
                   now_ + stages_.vc_cycles);
    bids = 0;
  }
  r.vc_bids[port] = bids;
  const auto bit = static_cast<uint8_t>(1u << port);
  if (bids == 0) {
    r.vc_parked &= static_cast<uint8_t>(~bit);
    return;
  }
  await(node, port, vcs_for(r, bids), r.vc_parked & bit);
  r.vc_parked |= bit;
}

// Those that one of these bids may take.
uint32_t Band::vcs_for(const RouterBlock& r, uint64_t bids) const {
  if (one_class_) return valid_vcs_;
  return (bids & ~r.of_second_class ? class_vcs_[0] : 0u) |
         (bids & r.of_second_class ? class_vcs_[1] : 0u);
}

// Note [Parked bids]: what waits at this output is woken when one of its channels is free. If one
// of `vcs` is already, it comes again in the next cycle.
void Band::await(NodeId node, uint32_t row, uint32_t vcs, bool is_parked) {
  int32_t(&free)[kVcs] = router(node).vc_free[row];
  await_channels(free);
  const uint32_t now = free_channels(free, now_);
  if (now & vcs) wakes_.push(now_ + 1, node * 8 + row);
  if (is_parked) return;  // for the others that has been done
  uint32_t known = free_channels(free, kAwaited - 1) & ~now;
  for (; known != 0; known &= known - 1)
    wakes_.push(static_cast<uint32_t>(free[std::countr_zero(known)]), node * 8 + row);
}

template <Band::Usual kUsual>
[[gnu::always_inline]] inline void Band::grant_vc(RouterBlock& r, const FlitEvent& flit,
                                                  uint32_t vc) {
  if (stages<kUsual>().vc_cycles <= 1) {
    take_vc<kUsual>(r, flit, vc);
    return;
  }
  FlitEvent granted = flit;
  granted.state = static_cast<uint8_t>(flit.without_vc() | vc);
  vc_results_.push(now_ + stages_.vc_cycles - 1, granted);
}

// What was granted some cycles ago, unless it was taken since.
void Band::finish_vcs() {
  for (const FlitEvent& flit : vc_results_.current()) {
    RouterBlock& r = router(flit.node());
    if (free_channels(r.vc_free[flit.out], now_) >> flit.out_vc() & 1) {
      take_vc<nullptr>(r, flit, flit.out_vc());
    } else {
      ask_vc_again(r, flit, now_ + 1);
    }
  }
  vc_results_.current().clear();
}

// REQUIRES: vc_cycles > 1; else bids are parked.
void Band::ask_vc_again(RouterBlock& r, const FlitEvent& flit, uint32_t cycle) {
  r.stalls[flit.out] += stages_.vc_cycles;
  vc_bids_.push(cycle, flit);
}

template <Band::Usual kUsual>
[[gnu::always_inline]] inline void Band::take_vc(RouterBlock& r, const FlitEvent& flit,
                                                 uint32_t vc) {
  const uint32_t out = flit.out;
  r.vc_free[out][vc] = kTaken;
  uint32_t state = flit.without_vc() | vc;
  if (r.slow_links >> out & 1) state |= FlitEvent::kSlow;
  const RouterStages& s = stages<kUsual>();
  if (!s.tail_credit) {
    state |= FlitEvent::kCounted;
  } else if (state_.counts_credits && flit.flits > r.port[out].depth) {
    state |= FlitEvent::kCounted;
    state_.credits[flit.node()].room[out][vc] = r.port[out].depth;
  }
  FlitEvent& bid = s.vc_cycles > 0 ? switch_bids_.push_next(flit) : switch_bids_.push(now_, flit);
  bid.state = static_cast<uint8_t>(state);
  if (flit.flits > 1) channel(flit.at).flit = bid;
}

template void Band::ask_vcs<nullptr>();
template void Band::ask_vcs<&kBookSimStages>();
template void Band::ask_vcs<&kDojoStages>();

}  // namespace dojo::sim
