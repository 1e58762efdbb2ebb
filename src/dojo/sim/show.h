// A run's result for people and for programs: what took the time, how busy units and links were, on
// how many assumed numbers it rests, and who waits for ever.
#pragma once

#include <string>

#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/simulator.h"

namespace dojo::sim {

// What was run, and how much of it is shown.
struct Shown {
  const program::Program& program;
  const program::SourceLines& lines;
  std::string machine;
  Level level = Level::kBurst;
  bool values = false;
  int64_t links = 8;        // the hottest ones: those that were busy longest
  int64_t path_steps = 20;  // of the critical path: the last ones
};

std::string show_result(const Result& result, const Shown& shown);  // a table, many lines
std::string result_json(const Result& result, const Shown& shown);  // one object, one line

// "from the node (3, 0), east, over a die's edge", "interface 2 to the node (0, 4)". Of the
// machine's nodes.
std::string describe(const LinkStats& link);

}  // namespace dojo::sim
