// The part of a simulated run's page that shows where in the machine something happened: heat maps
// of its nodes and of its links.
#pragma once

#include <string>

#include "dojo/report/sim_stats.h"

namespace dojo::report {

std::string sim_node_maps(const SimStats& stats);
std::string sim_link_maps(const SimStats& stats);  // "" where no link was used

}  // namespace dojo::report
