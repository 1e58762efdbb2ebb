// What `dojo program make NAME --json` says of a program, for `dojo sim --bound`: the least time
// that it can take by its formulas.
#pragma once

#include <string>

#include "dojo/program/program.h"
#include "dojo/sim/stats_file.h"

namespace dojo {

// REQUIRES: the file exists. Throws Error(kInput) that names it where it is none, and where it is
// of another machine, or of a program with another grid or other classes.
sim::FormulaBound read_bound(const std::string& path, const program::Program& program,
                             const std::string& machine);

}  // namespace dojo
