// A critical path for people and for programs.
#pragma once

#include <string>

#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/critical_path.h"

namespace dojo::sim {

struct ShownPath {
  const program::Program& program;
  const program::SourceLines& lines;
  int64_t steps = 20;         // the last ones
  int64_t instructions = 10;  // those with most cycles on the path
};

std::string show_path(const CriticalPath& path, const ShownPath& shown);  // tables, many lines
std::string path_json(const CriticalPath& path, const ShownPath& shown);  // an object, one line

}  // namespace dojo::sim
