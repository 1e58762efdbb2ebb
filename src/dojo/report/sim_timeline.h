// The part of a simulated run's page that shows what threads spent their time on, over the time of
// the run: all of them, those of each class, and those of nodes that were chosen.
#pragma once

#include <string>

#include "dojo/report/sim_stats.h"

namespace dojo::report {

// The colour of each of SimStats::states, as "#0f6fd1".
std::string state_colour(const SimStats& stats, size_t state);

std::string sim_timeline(const SimStats& stats);  // "" of a run without time

}  // namespace dojo::report
