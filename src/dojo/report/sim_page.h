// report.html of a simulated run, from stats.json that `dojo sim --results` writes: how long it
// took, where in the machine and when something happened, and what it waited for.
#pragma once

#include <string>

namespace dojo::report {

// The page of DIR/stats.json. Throws what read_sim_stats() throws.
std::string sim_page(const std::string& folder);

}  // namespace dojo::report
