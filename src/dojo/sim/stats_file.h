// stats.json: what a run did, node by node and link by link, for `dojo report` and for other
// programs. docs/simulator.md lists its fields.
#pragma once

#include <string>
#include <vector>

#include "dojo/machine/machine.h"
#include "dojo/machine/parameter.h"
#include "dojo/sim/show.h"
#include "dojo/sim/simulator.h"
#include "dojo/sim/timeline.h"

namespace dojo::sim {

// The least time in which a program could do what it is for, by its formulas (docs/library.md).
struct FormulaBound {
  std::string name;  // of the program of the library
  Cycles compute = 0, sram = 0, links = 0, latency = 0;
};

struct Looked {
  const machine::Machine& machine;
  std::vector<const machine::Parameter*> used;  // Simulator::numbers_used()
  const Timeline& timeline;
  const FormulaBound* bound = nullptr;
};

// One object, one line. Of the same run the same bytes.
std::string stats_json(const Result& result, const Shown& shown, const Looked& looked);

}  // namespace dojo::sim
