// Published figures of Dojo, computed again by running programs on the simulated machine: what the
// description says and what the simulator makes of it are proved together.
//
//   for (const std::string& name : figure_names()) {
//     const Figure f = simulate_figure(name);   // f.published, f.simulated, f.deviation()
//   }
//
// Rates are those between a run and one twice as long, so that what a run takes to begin and end is
// left out, unless the figure is a time or says "sustained".
#pragma once

#include <string>
#include <vector>

#include "dojo/machine/parameter.h"
#include "dojo/machine/uses.h"
#include "dojo/sim/time.h"

namespace dojo::emulate {

struct Figure {
  machine::Level level = machine::Level::kNode;  // of what it was published
  std::string name;                              // "peak_bf16", "bisection", "gemm_bf16"
  std::string unit;                              // of both values, without a prefix: "FLOPS", "B/s"
  double published = 0, simulated = 0;
  machine::Status status = machine::Status::kPublished;  // of the published value
  std::string source;                                    // of it
  std::string run;            // what was simulated: "a product of 256 x 256 x 512 in each node"
  std::string reason;         // what explains the deviation, where there is one to explain
  sim::Cycles cycles = 0;     // of the longest run
  machine::UseCount numbers;  // of the machine that it rests on, by status

  double deviation() const { return simulated / published - 1; }
};

// "node peak_bf16", "tile bisection", ...: all that there are.
std::vector<std::string> figure_names();

void check_figure(const std::string& name);  // throws Error(kConfig) for another name

// Runs its programs: in seconds. Throws Error(kConfig) for another name.
Figure simulate_figure(const std::string& name);

std::string show_figures(const std::vector<Figure>& figures);  // a table
std::string figures_json(const std::vector<Figure>& figures);  // one object

}  // namespace dojo::emulate
