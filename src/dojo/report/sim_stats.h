// What stats.json of `dojo sim --results` says, as plain structs (docs/simulator.md has its
// fields). It believes nothing: a page of a damaged file would tell lies, so one is refused.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dojo::report {

// Cycles in each state that a thread can be in; as many as SimStats::states.
using StateCycles = std::vector<double>;

struct SimStats {
  std::string program, machine, level, version;
  bool done = false, values = false;
  double cycles = 0, nodes = 0;
  double seconds = NAN, clock_hz = NAN;  // of a level without time NaN, as all per second
  double flops = 0, flops_per_second = NAN, peak_flops_per_second = NAN;
  double sram_peak_bytes = 0, sram_bytes = 0;
  double published_numbers = 0, derived_numbers = 0, assumed_numbers = 0;
  double matrix_unit_cycles = 0, vector_unit_cycles = 0;
  double links_used = 0;

  struct State {
    std::string name, meaning;
    bool waiting = false;
    std::string title() const;  // the name as people write it: "list engine"
  };
  std::vector<State> states;
  StateCycles thread_cycles;

  struct Instruction {
    std::string kind;
    double number = 0, cycles = 0, work = 0;
  };
  std::vector<Instruction> instructions;

  struct Link {  // the busiest first
    std::string link;
    double bytes = 0, busy_cycles = 0, stalled_cycles = 0;
  };
  std::vector<Link> links;

  struct Waiting {  // for ever
    std::string where, what, who;
    double nodes = 0, x = 0, y = 0, since_cycle = 0;
  };
  std::vector<Waiting> waiting;

  struct Limits {  // of a node, in a second; 0 where it has none
    double flops = 0, sram_bytes = 0, link_bytes = 0;
  };
  std::optional<Limits> limits;

  // The machine's nodes in blocks of block_columns x block_rows, `across` and `down` of them.
  int32_t columns = 0, rows = 0, block_columns = 1, block_rows = 1, across = 0, down = 0;
  struct Part {
    std::string level;  // "die"
    int32_t columns = 0, rows = 0;
  };
  std::vector<Part> parts;                            // of which the machine consists
  double nodes_in_block(int32_t x, int32_t y) const;  // fewer at the machine's end

  struct Place {
    int32_t x = 0, y = 0;  // of a block
    double nodes = 0;
  };
  std::vector<Place> disabled;

  struct Node : Place {  // those of a block together, of the program
    double matrix_unit_cycles = 0, vector_unit_cycles = 0, products = 0, sram_bytes = 0,
           sram_peak_bytes = 0, sent_bytes = 0, received_bytes = 0;
    StateCycles thread_cycles;
    double all_thread_cycles() const;
  };
  std::vector<Node> nodes_at;

  enum class Side { kEast, kWest, kNorth, kSouth };
  struct LinksOf {  // of a block, on one side of its nodes
    int32_t x = 0, y = 0;
    Side side = Side::kEast;
    double links = 0, bytes = 0, busy_cycles = 0, stalled_cycles = 0;
  };
  std::vector<LinksOf> links_at;

  double bin_cycles = 1;
  size_t bins = 0;
  std::vector<std::vector<double>> timeline;  // of all threads: [state][bin]
  std::vector<double> link_busy_cycles;       // of all links: [bin]
  struct Lane {
    std::string name;  // of a class, or of a node's thread: "(0, 0) thread 1"
    std::vector<std::vector<double>> timeline;  // [state][bin]
  };
  std::vector<Lane> classes, threads;

  struct Bound {  // the largest first
    std::string what, where;
    double cycles = 0;
  };
  std::vector<Bound> bounds;

  struct FormulaBound {
    std::string name;  // of the program of the library
    double compute = 0, sram = 0, links = 0, latency = 0;
  };
  std::optional<FormulaBound> formula_bound;

  struct Critical {
    std::string what;  // a reason, or an instruction
    double cycles = 0;
  };
  std::vector<Critical> critical_reasons, critical_instructions;  // empty: not asked for

  struct BurstError {  // as ratios less 1: cycles of burst over those of flit
    double programs = 0, within_five_percent = 0, least = 0, most = 0;
  };
  std::optional<BurstError> burst_error;

  struct Assumed {
    std::string name, value, meaning, why;
  };
  std::vector<Assumed> assumed;
};

// Throws Error(kInput) that names the file and the field, and Error(kIo).
SimStats read_sim_stats(const std::string& path);

}  // namespace dojo::report
