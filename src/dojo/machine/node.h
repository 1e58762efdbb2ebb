// What a compiler and a simulator need of a node, as plain numbers: shapes, ports, costs of
// instructions.
#pragma once

#include <cstdint>

#include "dojo/machine/instruction.h"
#include "dojo/machine/uses.h"

namespace dojo::machine {

// One kind of SRAM ports: so many, each so wide.
struct SramPorts {
  int64_t loads = 0, stores = 0;
  int64_t bytes_per_cycle = 0;
};

struct NodeShape {
  int64_t clock_hz = 0;
  int64_t threads = 0;
  int64_t decoded_instructions = 0, decoded_threads = 0;          // in a cycle
  int64_t scalar_issue = 0, vector_issue = 0;                     // instructions a cycle
  int64_t vector_bytes = 0;                                       // of a register
  int64_t matrix_rows = 0, matrix_columns = 0, matrix_depth = 0;  // of one step
  int64_t matrix_reuse = 1;  // steps that use an operand once it is loaded
  int64_t list_holds = 0;    // transfers in the list engine, until they have been read
  int64_t gather_bytes = 0;
  int64_t sram_bytes = 0;
  SramPorts vector_ports, network_ports, scalar_ports;
};

NodeShape node_shape(Uses& uses);

// Cycles of one instruction whose operands are there.
struct InstructionCost {
  int64_t interval_cycles = 1;  // until the unit takes the next one
  int64_t latency_cycles = 1;   // until what it gives can be used
};

InstructionCost instruction_cost(Uses& uses, Instruction instruction);

}  // namespace dojo::machine
