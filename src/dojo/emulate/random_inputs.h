// Numbers for a program's inputs, drawn from a seed: the same for the same program.
#pragma once

#include <cstdint>

#include "dojo/program/program.h"
#include "dojo/sim/simulator.h"

namespace dojo::emulate {

// From -1 to 1, rounded to nearest to the input's format, so that a sum depends on its order; any
// codes of whole-numbered formats. In each node others. REQUIRES: a program without inputs in
// interface processors.
void write_random_inputs(uint64_t seed, const program::Program& program, sim::Simulator* simulator);

}  // namespace dojo::emulate
