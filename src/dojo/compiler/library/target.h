// What programs of the library have to know of the machine that they are for.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dojo/machine/node.h"
#include "dojo/machine/topology.h"
#include "dojo/machine/uses.h"
#include "dojo/program/machine_view.h"

namespace dojo::compiler {

struct Target {
  explicit Target(machine::Uses& uses);

  program::MachineView view;
  machine::Topology topology;
  machine::Level level = machine::Level::kNode;                   // of the whole machine
  int64_t matrix_rows = 8, matrix_columns = 8, matrix_depth = 4;  // of one step
  int64_t longest_link_cycles = 1;  // the latency of the slowest link between two nodes
  int64_t across_cycles = 1;        // a flit's way along a whole row or column, the longer one
};

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t multiple) { return ceil_div(a, multiple) * multiple; }

// Throws Error(kInput) unless min <= value <= max; `what` names it: "elements".
void check_size(const char* what, int64_t value, int64_t min, int64_t max);

}  // namespace dojo::compiler
