// The part of a simulated run's page that sets its nodes beside what the machine allows: a roofline
// (Williams, Waterman, Patterson, 2009) with two slopes, that of SRAM and that of a node's links.
#pragma once

#include <string>

#include "dojo/report/sim_stats.h"

namespace dojo::report {

std::string sim_roofline(const SimStats& stats);  // "" of a program or a level without FLOP

}  // namespace dojo::report
