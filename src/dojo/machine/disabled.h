// Which nodes of a die are disabled. No map of a real die is public, so that the usual description
// has their number only and draws the places: seeded, and never such that a live node is cut off
// from the others of its die.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dojo/machine/level.h"
#include "dojo/machine/uses.h"

namespace dojo::machine {

struct DisabledNodes {
  Coord size;         // columns and rows of the die
  int64_t count = 0;  // on each die
  enum class Placing : uint8_t { kEachDie, kAllDies, kListed } placing = Placing::kListed;
  uint64_t seed = 0;
  std::vector<Coord> list;

  // Those of the die with this index in the machine, row by row. REQUIRES: verified.
  std::vector<Coord> on_die(int64_t die) const;
};

// What the description says, with size {1, 1} and none for a node alone.
DisabledNodes disabled_nodes(Uses& uses);

// Whether every other place can be reached from every other one over live neighbours.
bool stay_connected(Coord size, std::span<const Coord> disabled);

}  // namespace dojo::machine
