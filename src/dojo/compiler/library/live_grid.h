// A machine with disabled nodes as a rectangle of nodes that work. Rows close up around a disabled
// node (or columns do, whichever leaves more), and rows that would be too short are left out:
//
//   o o x o       a b   c        9 of the 11 live nodes as 3 x 3; the third of the first row is
//   o o o o       d e f          where the fourth node of the machine's row is
//   o o o o       g h i
//
// Of a die of 18 x 20 nodes with 6 disabled ones, 95 % of the others are in it on average.
#pragma once

#include <span>
#include <vector>

#include "dojo/program/builder.h"
#include "dojo/program/machine_view.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

// The whole machine.
program::Region whole(const program::MachineView& machine);

// Columns and rows of the largest rectangle that each of these parts of the machine can give.
// Throws Error(kInput) where a part has no live node.
program::Coord largest_live_grid(const program::MachineView& machine,
                                 std::span<const program::Region> parts);
program::Coord largest_live_grid(const program::MachineView& machine);  // of all of it

// Where the nodes of a rectangle of this size are in the part; the logical coordinates of the
// first one are `first`. REQUIRES: size is not larger than largest_live_grid() on both sides.
std::vector<program::Placement> place_live_grid(const program::MachineView& machine,
                                                const program::Region& part, program::Coord size,
                                                program::Coord first = {0, 0});

// All nodes of the grid in the whole machine. A grid that lies where it stands needs no places.
void place_all(const program::MachineView& machine, program::Coord size, program::Builder* builder);

}  // namespace dojo::compiler
