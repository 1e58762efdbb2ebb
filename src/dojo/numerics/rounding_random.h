// The random bits of stochastic rounding: a pure function of (seed, tensor, step, element), so that
// a result depends neither on threads nor on which part of a tensor is converted when or where.
// Element i gets the i-th number of the stream Random(seed, tensor, step) of base/random.h (Philox
// 4x32-10):
//
//   philox4x32_10({i / 4, step, tensor's lower half, its upper half}, seed)[i % 4]
//
// The white paper asks that the same seed gives the same bits; which generator, and how many bits
// it gives, no public source says.
#pragma once

#include <cstdint>

#include "dojo/base/check.h"
#include "dojo/base/random.h"

namespace dojo {

struct RoundingRandom {
  uint64_t seed = 0;
  uint64_t tensor = 0;  // for example stream_id("layer1.weight")
  uint32_t step = 0;

  bool operator==(const RoundingRandom&) const = default;
};

// A tensor has fewer elements (as a graph's, graph/type.h).
inline constexpr int64_t kMaxRandomElements = int64_t{1} << 34;

// REQUIRES: 0 <= element < kMaxRandomElements.
inline uint32_t rounding_bits(const RoundingRandom& random, int64_t element) {
  DOJO_CHECK(element >= 0 && element < kMaxRandomElements);
  const auto block = philox4x32_10(
      {static_cast<uint32_t>(element / 4), random.step, static_cast<uint32_t>(random.tensor),
       static_cast<uint32_t>(random.tensor >> 32)},
      {static_cast<uint32_t>(random.seed), static_cast<uint32_t>(random.seed >> 32)});
  return block[static_cast<size_t>(element % 4)];
}

}  // namespace dojo
