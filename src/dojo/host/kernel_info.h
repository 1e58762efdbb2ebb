// What a profile says of the steps of a program: their ops, FLOP and bytes.
#pragma once

#include <cstddef>
#include <vector>

#include "dojo/graph/profile.h"
#include "dojo/host/steps.h"
#include "dojo/host/units.h"

namespace dojo::host {

// True for steps that bring a value into another order or place, for which no node asks.
bool is_move(const Step& step);

// Adds the FLOP of a unit's nodes to the first of its steps, [first, end of the program), that
// computes. `flop` is by step and grows with the program.
void add_flop(const Graph& graph, const Unit& unit, const Program& program, size_t first,
              std::vector<double>& flop);

// By step. `flop` may end earlier: steps behind it have none.
std::vector<KernelInfo> kernel_infos(const Program& program, const std::vector<double>& flop);

}  // namespace dojo::host
