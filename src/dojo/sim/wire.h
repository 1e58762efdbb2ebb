// What serves one message after the other: a direction of a link, a port of a memory. Times are
// kept in parts of a cycle, so that a rate of 500 bytes in 9 cycles is exact.
//
// A short message does not wait for a long one: on a real link they would share it flit by flit. It
// goes in between, and what comes behind the long one comes that much later.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "dojo/machine/rate.h"
#include "dojo/sim/archive.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

// The same rate, or the nearest one whose parts are small enough that no time overflows.
inline machine::Rate bounded(const machine::Rate& rate) {
  constexpr int64_t kMost = int64_t{1} << 24;
  if (rate.bytes <= kMost && rate.cycles <= kMost) return rate;
  const double ratio = rate.bytes_per_cycle();  // 1e-6 to 1e7: machine/schema.cc
  const auto cycles = static_cast<int64_t>(static_cast<double>(kMost) / std::max(ratio, 1.0));
  return machine::make_rate(std::llround(static_cast<double>(cycles) * ratio), cycles);
}

struct Wire {
  static constexpr int64_t kFar = int64_t{1} << 62;  // behind every run's last cycle

  // When a message is let in, and when its last byte is; of each the cycle that begins then or
  // next.
  struct Served {
    Cycles begin = 0, end = 0;
  };

  Served serve(Cycles now, int64_t size, const machine::Rate& rate, bool is_short = false) {
    const int64_t parts = size * rate.cycles;  // of a cycle: rate.bytes are one
    const int64_t ready = now * rate.bytes;
    int64_t begin = 0;
    if (is_short) {
      begin = std::max(ready, free_for_short);
      free_for_short = std::min(begin + parts, kFar);
      free = std::min(std::max(ready, free) + parts, kFar);
    } else {
      begin = std::max(ready, free);
      free = std::min(begin + parts, kFar);
    }
    bytes += size;
    if (begin > ready) stalled += whole_cycles(begin - ready, rate.bytes);
    return {whole_cycles(begin + rate.bytes - 1, rate.bytes),
            whole_cycles(begin + parts + rate.bytes - 1, rate.bytes)};
  }

  // parts / parts_of_one. Nearly all links take a power of two: a division is the slowest thing
  // that serve() does.
  static Cycles whole_cycles(int64_t parts, int64_t parts_of_one) {
    const bool is_power_of_two = (parts_of_one & (parts_of_one - 1)) == 0;
    return is_power_of_two ? parts >> std::countr_zero(static_cast<uint64_t>(parts_of_one))
                           : parts / parts_of_one;
  }

  void fields(Archive& archive) {
    constexpr int64_t kMost = int64_t{1} << 60;
    archive.whole(free, 0, kFar);
    archive.whole(free_for_short, 0, kFar);
    archive.whole(bytes, 0, kMost);
    archive.whole(stalled, 0, kMost);
  }

  int64_t free = 0, free_for_short = 0;  // in parts of a cycle
  int64_t bytes = 0;
  Cycles stalled = 0;
};

}  // namespace dojo::sim
