// The tree over which the packets of a barrier travel; docs/program.md, "barrier".
#pragma once

#include "dojo/program/program.h"

namespace dojo::program {

// Whom a node tells that it and those behind it have come, and who tells it to go on. The root is
// its own parent. REQUIRES: the node is in the barrier's region.
Coord barrier_parent(const Barrier& barrier, Coord node);

}  // namespace dojo::program
