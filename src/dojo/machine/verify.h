// What must hold beyond each field by itself: limits in the field's unit, sources that are known,
// grids that fit, edges where parts are joined, disabled nodes that leave the others connected.
#pragma once

#include "dojo/machine/machine.h"

namespace dojo::machine {

// Throws Error(kInput) with file, path and value.
void verify_machine(const Machine& machine);

}  // namespace dojo::machine
