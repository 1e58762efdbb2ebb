// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as
// 1, 2, 3", SC 2011). The n-th number of a stream is a pure function of (seed, stream, n), so a
// result never depends on threads or on what was drawn elsewhere. A Random is a small value with
// its own counter; give each independent thing a stream of its own:
//
//   Random random(seed, stream_id("augment"), sample_position);
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dojo {

// One block of the generator: four 32-bit numbers from a 128-bit counter and a 64-bit key.
std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

uint64_t stream_id(std::string_view name);  // FNV-1a, 64 bits

class Random {
 public:
  // `stream` and `substream` select one of 2^64 x 2^32 (substream is taken modulo 2^32) independent
  // streams of 2^34 numbers.
  explicit Random(uint64_t seed, uint64_t stream = 0, uint64_t substream = 0);

  uint32_t next_u32();
  uint64_t next_u64();
  double uniform();                          // [0, 1), 53 bits
  double uniform(double begin, double end);  // [begin, end)
  int64_t below(int64_t n);                  // [0, n), unbiased. REQUIRES: n > 0
  double normal();                           // mean 0, standard deviation 1
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace dojo
