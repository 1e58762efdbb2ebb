// What the verifier has to know of a machine.
#pragma once

#include <cstdint>
#include <functional>

#include "dojo/machine/uses.h"
#include "dojo/program/program.h"

namespace dojo::program {

struct MachineView {
  Coord grid;                     // columns and rows of nodes, disabled ones too
  int64_t threads = kNumThreads;  // of a node
  int64_t sram_bytes = 0;         // of a node, for code and data
  int64_t flit_bytes = 0;         // what links move as one: Hot Chips 34 calls it a packet
  int64_t num_interfaces = 0;
  int64_t interface_bytes = 0;  // of the memory of each

  // Of a node inside the grid: it computes and routes.
  std::function<bool(Coord)> is_live = [](Coord) { return true; };

  // Whether routing tables lead packets around disabled nodes. Otherwise a way goes along the row
  // and then along the column (or the other way round), and a disabled node on it is an error.
  bool routes_go_around = true;
  bool x_first = true;
};

// Of a machine description. Machines without interface processors have 0 of them.
MachineView machine_view(machine::Uses& uses);

}  // namespace dojo::program
