// The parts of a simulated run's page that are tables.
#pragma once

#include <string>

#include "dojo/report/sim_stats.h"

namespace dojo::report {

std::string sim_reasons(const SimStats& stats);        // what threads' time went into
std::string sim_bounds(const SimStats& stats);         // "" of a level without time
std::string sim_critical_path(const SimStats& stats);  // "" where it is not known
std::string sim_instructions(const SimStats& stats);
std::string sim_links(const SimStats& stats);  // "" where none was used
std::string sim_assumed(const SimStats& stats);

}  // namespace dojo::report
