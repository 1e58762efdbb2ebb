// The memory of a router in the fast network: half a kilobyte, the lines that every flit touches
// first. An input virtual channel has the number b = port * 8 + vc in masks and tables.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "dojo/sim/network/router_parameters.h"

namespace dojo::sim {

inline constexpr int kVcs = kMostVirtualChannels;
inline constexpr int kSourceRow = kPorts;      // of RouterBlock::vc_free: the node's own way in
inline constexpr int kMostLanes = 2 * kPorts;  // inputs of the switch

// In vc_free, beside the cycle from which on a virtual channel is free.
inline constexpr int32_t kTaken = 0x7fffffff;
inline constexpr int32_t kAwaited = 0x7ffffffe;  // taken, and somebody wants to know when it is not

// One side of a router: the link that leaves there and the one that comes in.
struct RouterPort {
  uint32_t neighbour;     // node * 64 + its port * 8, and kRemote; of kLocal: the node's own way in
  uint16_t flit_delay;    // from the last cycle in a buffer here to the next router
  uint16_t credit_delay;  // of a flit that came in here, until the sender counts with it
  uint16_t depth;         // flits in the buffer behind the output
  uint16_t own_depth;     // flits in the input's own
};

struct alignas(64) RouterBlock {
  // The switch. Bids are there within a cycle only.
  uint64_t switch_bids[kPorts];  // by output: the channels that ask for it
  uint64_t switch_bidders;       // of all outputs
  uint8_t switch_grant[kPorts];  // iSLIP's pointers: of each output over the lanes
  uint8_t switch_listed;
  uint8_t lane_turn[kMostLanes];  // of each lane over the outputs, and 8 * the next channel's turn

  // Allocation of virtual channels. Bids stay until they are granted.
  uint64_t vc_bids[kPorts];  // by output port
  uint32_t flits[kPorts];    // by output, since they were last added to the totals
  uint8_t vc_listed;         // bit per output port
  uint8_t vc_parked;         // the same: bids are left from an earlier cycle
  uint8_t slow_links;        // the same: not every cycle a flit

  alignas(64) uint8_t vc_grant[kPorts * kVcs];  // iSLIP's: of each output channel over the inputs
  uint32_t stalls[kPorts];                      // as flits

  alignas(64) uint8_t vc_accept[kPorts * kVcs];  // iSLIP's: of each input channel over the outputs
  uint64_t of_second_class;  // input channels whose packet asks for one, if there are two classes
  // Where several packets may be in a buffer: channels with a packet, and with one behind it.
  uint64_t occupied, queued;

  // What does not change.
  alignas(64) RouterPort port[kPorts];
  uint32_t place;  // x + y * 65536

  alignas(64) int32_t vc_free[kPorts + 1][kVcs];  // by output, and of the node's way in
};
static_assert(sizeof(RouterBlock) == 512);

// A node's number is above bit 6, so that this is free.
inline constexpr uint32_t kRemote = uint32_t{1} << 31;

// The first bit of a mask at or after `pointer`, around. REQUIRES: mask != 0.
inline uint32_t first_from(uint64_t mask, uint32_t pointer) {
  const uint64_t after = mask >> pointer << pointer;
  return static_cast<uint32_t>(__builtin_ctzll(after != 0 ? after : mask));
}

// The channels that are free in this cycle, as a mask of 8.
inline uint32_t free_channels(const int32_t (&row)[kVcs], uint32_t cycle) {
#if defined(__SSE2__)
  const __m128i now = _mm_set1_epi32(static_cast<int32_t>(cycle));
  const auto* halves = reinterpret_cast<const __m128i*>(row);
  const __m128i low = _mm_cmpgt_epi32(_mm_load_si128(halves), now);
  const __m128i high = _mm_cmpgt_epi32(_mm_load_si128(halves + 1), now);
  const __m128i words = _mm_packs_epi32(low, high);
  return ~static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(words, words))) & 0xff;
#else
  uint32_t mask = 0;
  for (int vc = 0; vc < kVcs; ++vc) mask |= uint32_t{row[vc] <= static_cast<int32_t>(cycle)} << vc;
  return mask;
#endif
}

// From now on somebody awaits those that are taken.
inline void await_channels(int32_t (&row)[kVcs]) {
#if defined(__SSE2__)
  const __m128i taken = _mm_set1_epi32(kTaken);
  auto* halves = reinterpret_cast<__m128i*>(row);
  for (int i = 0; i < 2; ++i) {  // what compares equal is -1: one less
    const __m128i half = _mm_load_si128(halves + i);
    _mm_store_si128(halves + i, _mm_add_epi32(half, _mm_cmpeq_epi32(half, taken)));
  }
#else
  for (int32_t& free : row)
    if (free == kTaken) free = kAwaited;
#endif
}
static_assert(kAwaited == kTaken - 1);

// Of a mask of input channels, the inputs that have one, as bits `apart` from each other.
template <uint32_t apart>
uint32_t inputs_of(uint64_t channels) {
  constexpr uint64_t kLow = 0x7f7f7f7f7f;
  const uint64_t any = (((channels & kLow) + kLow) | channels) >> (kVcs - 1);  // of each byte
  uint64_t inputs = 0;
  for (uint32_t port = 0; port < kPorts; ++port)
    inputs |= any >> port * (kVcs - apart) & uint64_t{1} << port * apart;
  return static_cast<uint32_t>(inputs);
}

}  // namespace dojo::sim
