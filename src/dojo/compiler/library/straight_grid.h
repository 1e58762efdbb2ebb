// A rectangle of live nodes whose rows and columns stay straight, for programs that send along
// whole rows and columns and do not care who is whose neighbour. Some lines of the machine are
// spare; a disabled node is replaced by the nearest free one of its row on a spare column (of its
// column on a spare row, where columns close up: live_grid.h):
//
//   o x o o o       a   b c d     4 x 3: the machine's second column is spare; the last row has its
//   o o o o o       e   f g h     third node there
//   o o o x o       i k j   l
//
// So a multicast along a column has one target aside for each disabled node, where rows that close
// up would move all columns behind that node.
#pragma once

#include <vector>

#include "dojo/program/builder.h"
#include "dojo/program/machine_view.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

// Where the nodes of a rectangle of this size are in the machine.
// REQUIRES: size is not larger than largest_live_grid() of the whole machine on both sides.
std::vector<program::Placement> place_straight_grid(const program::MachineView& machine,
                                                    program::Coord size);

// The same, told to a program. A grid that lies where it stands needs no places.
void place_straight(const program::MachineView& machine, program::Coord size,
                    program::Builder* builder);

}  // namespace dojo::compiler
