// Told what happens during a run, for a trace. Times of one thread, and of one link, only grow.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dojo/machine/topology.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

class Recorder {
 public:
  virtual ~Recorder() = default;

  // A thread begins with its instruction `pc`. What it was in before is over.
  virtual void instruction(size_t cell, size_t thread, uint32_t pc, Cycles now) = 0;
  // It is in none, or in one of a loop.
  virtual void nothing(size_t cell, size_t thread, Cycles now) = 0;

  // A link is busy with flits of one message in [begin, end). Messages that are short go between
  // those that are not.
  virtual void link(machine::Coord from, machine::Side side, Cycles begin, Cycles end,
                    int64_t flits, bool is_short) = 0;
};

}  // namespace dojo::sim
