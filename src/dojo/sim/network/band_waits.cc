// Who waits for whom, when nothing moves any more.
#include "dojo/sim/network/band.h"

namespace dojo::sim {
namespace {

Place place(uint32_t at) {
  return {at >> 6, static_cast<int>((at >> 3) & 7), static_cast<int>(at & 7)};
}

// What is taken, or full, moves on from there. REQUIRES: out != kLocal, where nothing stands still.
Place behind(const RouterBlock& r, uint32_t out, uint32_t vc) {
  return place((r.port[out & 3].neighbour & ~kRemote) | vc);
}

}  // namespace

void Band::add_waits(std::vector<Wait>& waits) {
  const auto wait_of = [&](uint32_t at, uint32_t out) {
    const ArrivedPacket& packet = state_.pool[channel(at).flit.packet].packet;
    return Wait{.at = place(at),
                .source = packet.source,
                .destination = packet.destination,
                .tag = packet.tag,
                .out_port = static_cast<int>(out),
                .blocked_by = {}};
  };
  for (NodeId node = begin_; node < end_; ++node) {
    const RouterBlock& r = router(node);
    for (uint32_t out = 0; out < kPorts; ++out) {
      for (uint64_t bids = r.vc_bids[out]; bids != 0; bids &= bids - 1) {
        const uint32_t at = node * 64 + static_cast<uint32_t>(std::countr_zero(bids));
        Wait& w = waits.emplace_back(wait_of(at, out));
        for (uint32_t vcs = allowed_vcs(channel(at).flit); vcs != 0; vcs &= vcs - 1)
          w.blocked_by.push_back(behind(r, out, static_cast<uint32_t>(std::countr_zero(vcs))));
      }
    }
    if (state_.credits.empty()) continue;
    for (uint64_t blocked = state_.credits[node].blocked; blocked != 0; blocked &= blocked - 1) {
      const auto channel_out = static_cast<uint32_t>(std::countr_zero(blocked));
      const uint32_t out = channel_out / kVcs, vc = channel_out % kVcs;
      Wait& w =
          waits.emplace_back(wait_of(node * 64 + state_.credits[node].owner[channel_out], out));
      w.out_vc = static_cast<int>(vc);
      w.blocked_by.push_back(behind(r, out, vc));
    }
  }
}

}  // namespace dojo::sim
