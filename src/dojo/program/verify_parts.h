// Inside of the verifier: its parts, in the order in which they work. verify.h is the entrance.
#pragma once

#include "dojo/program/machine_view.h"
#include "dojo/program/node_map.h"
#include "dojo/program/problem.h"
#include "dojo/program/program.h"
#include "dojo/program/verify.h"

namespace dojo::program {

// Steps of formulas that take as long as one step or one try of the verifier.
inline constexpr int64_t kArgumentSteps = 16;

// Each part adds what it finds. Later parts rely on what earlier ones found right.
void verify_places(const Program& program, const NodeMap& map, const MachineView& machine,
                   Problems* problems);
void verify_memory(const Program& program, const MachineView& machine, Problems* problems);
void verify_formats(const Program& program, const MachineView& machine, Problems* problems);
void verify_phases(const Program& program, Problems* problems);
// REQUIRES: all arguments have values, which this checks first.
bool verify_arguments(const Program& program, Problems* problems);
void verify_access(const Program& program, const MachineView& machine, const VerifyOptions& options,
                   Problems* problems);
// Returns the steps taken.
int64_t verify_waiting(const Program& program, const NodeMap& map, const MachineView& machine,
                       const VerifyOptions& options, Problems* problems);

}  // namespace dojo::program
