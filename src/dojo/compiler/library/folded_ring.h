// The nodes of a row, or of a column, as a ring in which nobody has a long way to the next: evens
// go outwards and odds come back.
//
//   position      0 1 2 3 4 5           coordinate     0 1 2 3 4 5
//   coordinate    0 2 4 5 3 1           position       0 5 1 4 2 3
#pragma once

#include "dojo/program/formula.h"

namespace dojo::compiler {

// For coordinates and positions from 0 to nodes - 1.
program::Formula ring_position(const program::Expr& coordinate, int64_t nodes);
program::Formula ring_coordinate(const program::Formula& position, int64_t nodes);

// `steps` further round, which may be negative. REQUIRES: -nodes <= steps.
program::Formula ring_coordinate_at(const program::Expr& position, int64_t steps, int64_t nodes);

}  // namespace dojo::compiler
