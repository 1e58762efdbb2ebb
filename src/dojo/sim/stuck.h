// Threads that wait for ever.
#pragma once

#include <cstdint>
#include <string>

#include "dojo/program/site.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

// All threads that wait for ever at one instruction.
struct Stuck {
  program::Site site;
  int64_t nodes = 0;
  program::Coord first;  // of these nodes, row by row
  Cycles since = 0;      // it waits there
  std::string what;      // "full is 0, not 1"
  std::string who;       // whom it waits for, as far as the program's text says
};

}  // namespace dojo::sim
