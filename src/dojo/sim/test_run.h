// What tests of the simulator share: programs as texts, numbers in and out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/machine/machine.h"
#include "dojo/program/node_map.h"
#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/simulator.h"

namespace dojo::sim {

const machine::Machine& unit_machine();  // machines/unit.json: every cost is 1

// A program and a simulator for it.
struct TestRun {
  // The machine is unit_machine(), unless it is given.
  explicit TestRun(std::string_view text, const Options& options = {.level = Level::kFunctional},
                   const machine::Machine* machine = nullptr);

  // The allocation of this name, of the first layout that has one.
  program::AllocationId find(std::string_view name) const;

  // Numbers, which the allocation's format has exactly.
  void write(std::string_view name, program::Coord node, const std::vector<float>& numbers);
  void write_interface(std::string_view name, int64_t interface, const std::vector<float>& numbers);
  void write_everywhere(std::string_view name, const std::vector<float>& numbers);
  std::vector<float> read(std::string_view name, program::Coord node) const;
  std::vector<float> read_interface(std::string_view name, int64_t interface) const;

  program::SourceLines lines;
  program::Program program;
  Simulator simulator;
};

// Runs it, all inputs 0, and gives the number of cycles. All threads must get to their ends.
Cycles cycles_of(std::string_view text, const Options& options = {.level = Level::kBurst},
                 const machine::Machine* machine = nullptr);

// The Error(kInput) with which running ends, or one without message.
Error failure(TestRun* run);

}  // namespace dojo::sim
