// What instructions ask of their node, in cycles. A description has costs of single registers and
// steps (machine/instruction.h); an instruction of a program is many of those, pipelined:
//
//   unit     cycles that its unit is busy: steps of the matrix unit, registers of the SIMD unit
//   loads    cycles that the load ports are busy with its operands
//   stores   cycles that the store port is busy with its results
//   pace     the largest of the three: the unit takes the next instruction that much later
//   total    from its start until its last result is in SRAM: the first load, `pace` operations
//            one after the other, and from the last one the unit's and the store's latency
//
// docs/simulator.md counts an example by hand and says which of this is assumed.
#pragma once

#include <array>
#include <cstdint>

#include "dojo/machine/node.h"
#include "dojo/program/program.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

struct NodeCosts {
  machine::NodeShape shape;
  std::array<machine::InstructionCost, machine::kNumInstructions> of;
  int64_t list_engine_holds = 1;  // transfers, until they have been read
  int64_t packet_bytes = 64;
  bool all_one = false;  // every instruction takes a cycle, whatever it does

  const machine::InstructionCost& operator[](machine::Instruction i) const {
    return of[machine::at(i)];
  }
};

NodeCosts node_costs(machine::Uses& uses);
NodeCosts costs_of_one();  // for values without time; reads no machine

// Longer ones are refused: no time may overflow, and none of a real program is near.
inline constexpr Cycles kLongestWork = Cycles{1} << 31;

struct UnitWork {
  machine::Instruction instruction = machine::Instruction::kMatrixMultiply;
  Cycles unit = 1, loads = 0, stores = 0, pace = 1, total = 1;
  int64_t work = 0;        // InstructionStats::work
  int64_t sram_bytes = 0;  // that it loads and stores, in whole registers

  bool operator==(const UnitWork&) const = default;
};

UnitWork matmul_work(const NodeCosts& costs, const program::Program& program,
                     const program::Matmul& matmul);
UnitWork vector_work(const NodeCosts& costs, const program::Program& program,
                     const program::Vector& vector);

}  // namespace dojo::sim
