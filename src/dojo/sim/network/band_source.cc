// How nodes send: one flit a cycle, packet after packet.
#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/sim/network/band.h"

namespace dojo::sim {

void Band::wake_source(NodeId node, Cycle created) {
  const Cycle cycle = std::max(created, base_ + now_);
  if (cycle - (base_ + now_) < kSourceHorizon) {
    sources_.push(static_cast<uint32_t>(cycle - base_), node);
  } else {
    later_sources_.emplace(cycle, node);
  }
}

void Band::run_sources() {
  std::vector<uint32_t>& nodes = sources_.current();
  for (const NodeId node : nodes) send_from(node);
  nodes.clear();
}

void Band::send_from(NodeId node) {
  SourceState& source = state_.sources[node];
  PooledPacket& packet = state_.pool[source.front];
  const auto flits = static_cast<uint16_t>(packet.packet.flits);
  const bool counted = state_.counts_credits &&
                       (!stages_.tail_credit || flits > router(node).port[kLocal].own_depth);
  if (source.sent == 0) {
    if (!choose_vc(node, source, packet.hop.vc_class, counted)) {
      park_source(node, source, packet.hop.vc_class);
      return;
    }
    packet.packet.issued = base_ + now_;
  } else if (counted && state_.credits[node].room[kSourceRow][source.vc] == 0) {
    state_.credits[node].source_blocked = 1;
    return;
  }
  if (counted) --state_.credits[node].room[kSourceRow][source.vc];
  const uint32_t at = node * 64 + kLocal * kVcs + source.vc;
  const uint32_t arrives = now_ + static_cast<uint32_t>(state_.parameters.injection_cycles);
  if (source.sent == 0) {
    heads_.push(arrives, {.at = at,
                          .packet = source.front,
                          .destination = state_.target(source.front),
                          .flits = flits,
                          .out = packet.hop.port,
                          .state = packet.first_state(packet.hop.vc_class)});
  } else {
    bodies_.push(arrives, at);
  }
  if (++source.sent < flits) {
    sources_.push(now_ + 1, node);
    return;
  }
  source.sent = 0;
  if (packet.told != Told::kArrival) tell(source.front, PacketStep::Kind::kSent, node, now_);
  source.front = packet.next_to_send;
  --source.waiting;
  if (!stages_.tail_credit)
    router(node).vc_free[kSourceRow][source.vc] = static_cast<int32_t>(now_ + 1);
  if (source.front != kNone)
    wake_source(node, std::max(state_.pool[source.front].packet.created, base_ + now_ + 1));
}

// The next one after that of the node's last packet of this class; of its first, the first one.
bool Band::choose_vc(NodeId node, SourceState& source, uint32_t vc_class, bool counted) {
  RouterBlock& r = router(node);
  const uint32_t allowed = class_vcs_[vc_class];
  uint8_t& last = source.last_vc[vc_class];
  uint32_t free = free_channels(r.vc_free[kSourceRow], now_) & allowed;
  if (last == SourceState::kNoVc) free &= allowed & -allowed;
  if (!stages_.tail_credit)
    for (uint32_t vc = 0; vc < stages_.vcs; ++vc)
      if (state_.credits[node].room[kSourceRow][vc] == 0) free &= ~(1u << vc);
  if (free == 0) return false;
  last = static_cast<uint8_t>(first_from(free, last == SourceState::kNoVc ? 0u : last + 1u));
  source.vc = last;
  r.vc_free[kSourceRow][last] = kTaken;
  if (stages_.tail_credit && counted)
    state_.credits[node].room[kSourceRow][last] = r.port[kLocal].own_depth;
  return true;
}

void Band::park_source(NodeId node, SourceState& source, uint32_t vc_class) {
  if (!stages_.tail_credit) {
    // All channels are free between packets; what lacks is room.
    state_.credits[node].source_blocked = 1;
    return;
  }
  source.parked = true;
  await(node, kSourceRow, class_vcs_[vc_class], false);
}

}  // namespace dojo::sim
