// The options of `dojo sim` that let a person see a run: a trace for ui.perfetto.dev, and a folder
// from which `dojo report` makes a page.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dojo/cli/args.h"
#include "dojo/machine/machine.h"
#include "dojo/program/program.h"
#include "dojo/sim/observer.h"
#include "dojo/sim/show.h"
#include "dojo/sim/simulator.h"

namespace dojo {

struct SimSeen {
  std::string trace, results;      // a file, a folder; "": none
  std::string bound;               // a file that `dojo program make --json` has printed
  std::vector<std::string> nodes;  // "0,0", "0:+4,1"
  int64_t from = 0, to = sim::kMostCycles;
};

void add_sim_seen(Args* args, SimSeen* wanted);

// Throws Error(kConfig) for what contradicts itself, and for files that could not be written; and
// Error(kInput) where the bound's is not there.
void check_sim_seen(const SimSeen& wanted);

class SimSight {
 public:
  // Program and machine outlive this. Throws Error(kConfig) for nodes that the program does not
  // have, and Error(kInput) for a bound that is not its own.
  SimSight(const SimSeen& wanted, const program::Program& program, const machine::Machine& machine,
           sim::Level level);
  ~SimSight();

  // For sim::Options; null where nothing was asked for.
  sim::Observer* observer() const;

  // After the run, also one that ended with an error: what came before it is in the trace. Nothing
  // where no trace was asked for.
  void write_trace(const program::SourceLines& lines) const;
  // Nothing where no results were asked for.
  void write_results(const sim::Simulator& simulator, const sim::Result& result,
                     const sim::Shown& shown) const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace dojo
