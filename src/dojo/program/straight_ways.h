// Ways over a mesh without routing tables: along the row and then along the column, or the other
// way round, wherever nodes are disabled. To ask of one takes no longer the longer it is.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/program/machine_view.h"

namespace dojo::program {

class StraightWays {
 public:
  explicit StraightWays(const MachineView& machine);

  // Whether no node on the way is disabled, both ends included. REQUIRES: inside the machine.
  bool is_free(Coord from, Coord to) const;

 private:
  bool row_is_free(int32_t y, int32_t from, int32_t to) const;
  bool column_is_free(int32_t x, int32_t from, int32_t to) const;

  size_t columns_;
  bool x_first_;
  // Disabled nodes to the west of x in row y, at [y, x]; to the north of y in column x, at [y, x].
  std::vector<int32_t> west_;   // rows x (columns + 1)
  std::vector<int32_t> north_;  // (rows + 1) x columns
};

}  // namespace dojo::program
