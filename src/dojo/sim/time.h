// Time in the simulator: a whole number of cycles of the nodes' clock, from 0.
#pragma once

#include <cstdint>

namespace dojo::sim {

using Cycles = int64_t;
inline constexpr Cycles kNever = INT64_MAX;

// No event of any run is later: kMostCycles (options.h), and what begins then.
inline constexpr Cycles kLatest = Cycles{1} << 41;

}  // namespace dojo::sim
