// A link of the machine, for statistics.
#pragma once

#include <cstdint>

#include "dojo/machine/level.h"
#include "dojo/machine/topology.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

struct LinkStats {
  machine::Coord from;  // in the machine
  machine::Side side = machine::Side::kEast;
  machine::Level crossing = machine::Level::kNode;  // of the parts on both sides
  int32_t interface = -1;                           // on that side, instead of a node
  bool inwards = false;                             // from that interface to the node
  int64_t bytes = 0;
  Cycles busy = 0;     // that these bytes take
  Cycles stalled = 0;  // that messages waited for it, added up
};

}  // namespace dojo::sim
