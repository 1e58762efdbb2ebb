// Philox 4x32-10 (base/random.h) in vectors: the random bits of stochastic rounding
// (rounding_random.h) for two vectors of consecutive elements at a time. Included once for each
// vector target (hence no #pragma once).
//
// A lane of 64 bits holds a word of the counter in its lower half, so that one multiplication gives
// both halves of a product where the next round wants them; upper halves hold what is not needed.
#if defined(DOJO_NUMERICS_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DOJO_NUMERICS_PHILOX_INL_H_
#undef DOJO_NUMERICS_PHILOX_INL_H_
#else
#define DOJO_NUMERICS_PHILOX_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "dojo/numerics/rounding_random.h"

HWY_BEFORE_NAMESPACE();
namespace dojo {
namespace HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR

namespace hn = hwy::HWY_NAMESPACE;

class PhiloxVectors {
 public:
  using D32 = hn::ScalableTag<uint32_t>;
  using D64 = hn::ScalableTag<uint64_t>;
  using V32 = hn::Vec<D32>;
  using V64 = hn::Vec<D64>;

  explicit PhiloxVectors(const RoundingRandom& random)
      : step_(hn::Set(D64(), random.step)),
        tensor_low_(hn::Set(D64(), static_cast<uint32_t>(random.tensor))),
        tensor_high_(hn::Set(D64(), random.tensor >> 32)) {
    uint32_t k0 = static_cast<uint32_t>(random.seed), k1 = static_cast<uint32_t>(random.seed >> 32);
    for (int round = 0; round < kRounds; ++round) {
      key0_[round] = k0;
      key1_[round] = k1;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    // Blocks 0, n/2, 1, n/2 + 1, ...: interleaving pairs of lanes then gives the elements in order.
    const size_t n = hn::Lanes(D64());
    alignas(64) uint64_t block[hn::MaxLanes(D64())];
    for (size_t i = 0; i < n; ++i) block[i] = i / 2 + i % 2 * (n / 2);
    blocks_ = hn::Load(D64(), block);
  }

  // The bits of the elements from `element` on, as many as two vectors have lanes.
  // REQUIRES: element is a multiple of 4.
  HWY_INLINE void operator()(int64_t element, V32& first, V32& second) const {
    const D32 d32;
    const D64 d64;
    const V32 m0 = hn::Set(d32, 0xD2511F53u), m1 = hn::Set(d32, 0xCD9E8D57u);
    V64 c0 = hn::Add(hn::Set(d64, static_cast<uint64_t>(element) / 4), blocks_);
    V64 c1 = step_, c2 = tensor_low_, c3 = tensor_high_;
#pragma GCC unroll 10
    for (int round = 0; round < kRounds; ++round) {
      const V64 p0 = hn::MulEven(hn::BitCast(d32, c0), m0);
      const V64 p1 = hn::MulEven(hn::BitCast(d32, c2), m1);
      c0 = hn::Xor3(hn::ShiftRight<32>(p1), c1, hn::Set(d64, key0_[round]));
      c1 = p1;
      c2 = hn::Xor3(hn::ShiftRight<32>(p0), c3, hn::Set(d64, key1_[round]));
      c3 = p0;
    }
    const V64 low = Pairs(c0, c1), high = Pairs(c2, c3);
    first = hn::BitCast(d32, hn::InterleaveLower(d64, low, high));
    second = hn::BitCast(d32, hn::InterleaveUpper(d64, low, high));
  }

 private:
  static constexpr int kRounds = 10;

  // The lower half of `even` below that of `odd`, in each lane.
  static HWY_INLINE V64 Pairs(V64 even, V64 odd) {
    const D32 d32;
    return hn::BitCast(
        D64(), hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(odd)), hn::BitCast(d32, even)));
  }

  V64 blocks_, step_, tensor_low_, tensor_high_;
  uint64_t key0_[kRounds], key1_[kRounds];
};

#endif  // HWY_TARGET != HWY_SCALAR
}  // namespace HWY_NAMESPACE
}  // namespace dojo
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
