#include "dojo/base/random.h"

#include <cmath>
#include <numbers>

#include "dojo/base/check.h"

namespace dojo {

std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

uint64_t stream_id(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325u;
  for (unsigned char ch : name) h = (h ^ ch) * 0x100000001b3u;
  return h;
}

Random::Random(uint64_t seed, uint64_t stream, uint64_t substream)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      counter_{0, static_cast<uint32_t>(substream), static_cast<uint32_t>(stream),
               static_cast<uint32_t>(stream >> 32)} {}

uint32_t Random::next_u32() {
  if (used_ == 4) {
    block_ = philox4x32_10(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[static_cast<size_t>(used_++)];
}

uint64_t Random::next_u64() {
  const uint64_t high = next_u32();
  return high << 32 | next_u32();
}

double Random::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

double Random::uniform(double begin, double end) { return begin + (end - begin) * uniform(); }

int64_t Random::below(int64_t n) {
  DOJO_CHECK_LT(0, n);
  const uint64_t bound = static_cast<uint64_t>(n);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;  // a multiple of bound: no bias below it
  uint64_t x = next_u64();
  while (x >= limit) x = next_u64();
  return static_cast<int64_t>(x % bound);
}

// Box and Muller; the second of the pair is dropped, so that each call takes two uniforms.
double Random::normal() {
  const double u = 1.0 - uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace dojo
