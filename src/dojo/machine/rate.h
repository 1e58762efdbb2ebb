// A bandwidth as an exact fraction, so that a simulator counts in integers: 2 TB/s over the 18
// links of a die's edge are 500 bytes in 9 cycles of a clock of 2 GHz.
#pragma once

#include <cstdint>
#include <numeric>

namespace dojo::machine {

struct Rate {
  int64_t bytes = 0, cycles = 1;  // without a common divisor

  double bytes_per_cycle() const {
    return static_cast<double>(bytes) / static_cast<double>(cycles);
  }
  friend bool operator==(const Rate&, const Rate&) = default;
};

// REQUIRES: bytes >= 0, cycles > 0.
constexpr Rate make_rate(int64_t bytes, int64_t cycles) {
  const int64_t divisor = std::gcd(bytes, cycles);
  return {bytes / divisor, cycles / divisor};
}

// The share of one of so many links that are equally fast. REQUIRES: links > 0.
constexpr Rate shared_by(Rate rate, int64_t links) {
  return make_rate(rate.bytes, rate.cycles * links);
}

}  // namespace dojo::machine
