// What serves one message after the other: a direction of a link, a port of a memory. Times are
// kept in parts of a cycle, so that a rate of 500 bytes in 9 cycles is exact.
//
// A short message does not wait for a long one: on a real link they would share it flit by flit. It
// goes in between, and what comes behind the long one comes that much later.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dojo/machine/rate.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

struct Wire {
  // When a message is let in, and when its last byte is; of each the cycle that begins then or
  // next.
  struct Served {
    Cycles begin = 0, end = 0;
  };

  Served serve(Cycles now, int64_t size, const machine::Rate& rate, bool is_short) {
    const int64_t parts = size * rate.cycles;  // of a cycle: rate.bytes are one
    const int64_t ready = now * rate.bytes;
    int64_t begin = 0;
    if (is_short) {
      begin = std::max(ready, free_for_short);
      free_for_short = begin + parts;
      free = std::max(ready, free) + parts;
    } else {
      begin = std::max(ready, free);
      free = begin + parts;
    }
    bytes += size;
    stalled += (begin - ready) / rate.bytes;
    const auto cycle = [&](int64_t part) { return (part + rate.bytes - 1) / rate.bytes; };
    return {cycle(begin), cycle(begin + parts)};
  }

  int64_t free = 0, free_for_short = 0;  // in parts of a cycle
  int64_t bytes = 0;
  Cycles stalled = 0;
};

}  // namespace dojo::sim
