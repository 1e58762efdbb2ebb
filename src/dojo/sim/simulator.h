// Runs a program on a machine: with values, with time, or with both.
//
//   const machine::Machine die = machine::load_machine("d1_die");
//   Simulator simulator(program, die, {.level = Level::kBurst});
//   simulator.write(a, {0, 0}, codes);            // inputs, by allocation and node
//   const Result& result = simulator.run();
//   simulator.read(c, {0, 0})                     // outputs
//
// The same program, machine, options and inputs give the same bytes and the same cycles. What each
// level models: docs/simulator.md. Not thread-safe; two can run side by side.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dojo/machine/machine.h"
#include "dojo/machine/parameter.h"
#include "dojo/machine/uses.h"
#include "dojo/program/problem.h"
#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/critical_path.h"
#include "dojo/sim/link.h"
#include "dojo/sim/options.h"
#include "dojo/sim/stats.h"
#include "dojo/sim/stuck.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

struct Result {
  Cycles cycles = 0;         // until the last thread was done and the last byte was where it goes
  std::vector<Stuck> stuck;  // empty iff all threads are done
  // What program::verify() calls unmatched, of a run that has come to its end all the same.
  std::vector<program::Problem> unmatched;
  int64_t num_nodes = 0;         // that have a class
  std::vector<NodeStats> nodes;  // row by row over the program's grid; of no class: zeros
  std::vector<LinkStats> links;  // that were used; none of Level::kFunctional
  std::array<InstructionStats, machine::kNumInstructions> instructions{};
  int64_t sram_peak_bytes = 0;              // the most that a node's code and live allocations take
  std::vector<int64_t> sram_peak_of_class;  // the same, by program::ClassId
  int64_t sram_bytes = 0;                   // that a node has
  int64_t clock_hz = 0;                     // 0 of Level::kFunctional, which has no time
  double peak_products = 0;   // multiply-adds of a node's matrix unit in a cycle; the same
  machine::UseCount numbers;  // of the machine that the result rests on
  int64_t events = 0;         // that the simulation took
  std::optional<CriticalPath> critical_path;  // Options::critical_path
};

class Simulator {
 public:
  // Program, machine and `lines`, which may be null, outlive this. Throws Error(kInput) where
  // program::verify() finds an error other than in what waits for what, which the run shows.
  Simulator(const program::Program& program, const machine::Machine& machine,
            const Options& options, const program::SourceLines* lines = nullptr);
  ~Simulator();

  // ---- Values. REQUIRES: Options::values ----

  // Codes of a whole input, row by row, little-endian. Throws Error(kInput) for a node without that
  // allocation, for what is no input, and for another number of bytes.
  void write(program::AllocationId input, program::Coord node, std::span<const std::byte> codes);
  void write_interface(program::AllocationId input, int64_t interface,
                       std::span<const std::byte> codes);
  // Whether each byte of an allocation was written, after run(). Throws Error(kInput) for a node
  // without it.
  bool is_written(program::AllocationId allocation, program::Coord node) const;
  bool is_interface_written(program::AllocationId allocation, int64_t interface) const;
  // Of any allocation, after run(). Throws Error(kInput) where a byte was not written.
  std::vector<std::byte> read(program::AllocationId allocation, program::Coord node) const;
  std::vector<std::byte> read_interface(program::AllocationId allocation, int64_t interface) const;

  // ---- The run ----

  int64_t num_interfaces() const;

  // Before run(), in place of inputs: goes on from the state that Options::checkpoints gave of a
  // run of the same program on the same machine with the same level, values, races, seed and step.
  // run() then throws Error(kInput) where it is none, and gives what that run gave. REQUIRES: not
  // Options::critical_path.
  void go_on_from(std::string state);

  // The numbers of the machine that the result rests on, after run(); Result::numbers counts them.
  std::vector<const machine::Parameter*> numbers_used() const;

  // Once. Throws Error(kInput) for inputs that were not written, for what values show (a read of
  // bytes that nobody wrote, a data race, a transfer into memory that is not live), and where
  // Options::most_cycles are over. Threads that wait for ever are no error here: Result::stuck.
  const Result& run();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace dojo::sim
