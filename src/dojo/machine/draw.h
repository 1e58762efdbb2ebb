// A picture of a machine as SVG: its nodes where there is room for them, else its dies; disabled
// nodes, interface processors, and what its edges carry.
#pragma once

#include <string>

#include "dojo/machine/machine.h"

namespace dojo::machine {

std::string draw_machine(const Machine& machine);

}  // namespace dojo::machine
