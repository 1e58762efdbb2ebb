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

struct Looked {
  const machine::Machine& machine;
  std::vector<const machine::Parameter*> used;  // Simulator::numbers_used()
  const Timeline& timeline;
};

// One object, one line. Of the same run the same bytes.
std::string stats_json(const Result& result, const Shown& shown, const Looked& looked);

}  // namespace dojo::sim
