// A machine description with all its levels, read, joined and verified: what `dojo machine show`
// prints. Code that computes with it takes its numbers through Uses (uses.h), which notes them;
// topology.h, node.h, router.h, interface.h and total.h give them a form.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/parse.h"
#include "dojo/machine/rate.h"

namespace dojo::machine {

struct LevelText {
  Level level = Level::kNode;
  std::string title, about, file;
};

struct Machine {
  std::string name;                   // as the user gave it: "d1_die", "my/tile.json"
  std::vector<LevelText> levels;      // from the whole down to the node
  std::vector<Parameter> parameters;  // of all levels, in that order
  std::vector<Parameter> published;
  std::map<std::string, Source> sources;

  Level level() const { return levels.front().level; }  // of the whole
  bool has(Level level) const { return level <= this->level(); }
  const Parameter* find(std::string_view parameter) const;  // "die/edge/latency"; or nothing
};

// Cycles a second. REQUIRES: verified.
int64_t clock_hz(const Machine& machine);

// A number in the unit of its field. Seconds become cycles, rounded up: what the machine does then
// takes no less time than is written.
double in_field_unit(const Parameter& parameter, int64_t clock_hz);

// A parameter of the kind kRate as bytes and cycles. To 6 decimals where it is written for a
// cycle, to the byte where for a second.
Rate rate_of(const Parameter& parameter, int64_t clock_hz);

}  // namespace dojo::machine
