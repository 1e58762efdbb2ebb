// The memory of an interface processor: one transfer after the other, at its rate.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dojo/machine/interface.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

class InterfaceMemory {
 public:
  // The cycle in which the last of these bytes is done with, if they can begin at `now`.
  Cycles serve(Cycles now, int64_t bytes, const machine::Rate& rate) {
    begin_ = std::max(now * rate.bytes, free_);
    free_ = begin_ + bytes * rate.cycles;
    return (free_ + rate.bytes - 1) / rate.bytes;
  }
  // When the last one began.
  Cycles begin(const machine::Rate& rate) const { return (begin_ + rate.bytes - 1) / rate.bytes; }

 private:
  int64_t begin_ = 0, free_ = 0;  // in parts of a cycle: rate.bytes of them are one
};

}  // namespace dojo::sim
