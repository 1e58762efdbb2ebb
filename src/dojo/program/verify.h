// Decides whether a program can run on a machine, before it does. Beyond what the parser and the
// builder have refused:
//
//   memory    allocations fit into SRAM with the code and do not overlap while both are live
//   formats   a flit and a line of SRAM hold one; at most 16 are live at a time
//   access    every index of every view is inside its allocation, for every node and iteration, and
//             the allocation is live in that phase
//   places    every node is in the machine, live, and alone there; ways avoid disabled nodes
//   waiting   no thread waits for ever, and every semaphore ends as it began
//
// What is decided, and how exactly: docs/program.md, "What the verifier decides".
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/program/machine_view.h"
#include "dojo/program/problem.h"
#include "dojo/program/program.h"

namespace dojo::program {

struct VerifyOptions {
  // Waits, signals and transfers to one node, turns of loops around them, over all nodes. Beyond,
  // the verifier says that it has not decided.
  int64_t most_steps = 400'000'000;
  // Looks at one node and one turn of a loop, for indices whose range has no closed form. A program
  // that would need more is refused.
  int64_t most_tries = int64_t{1} << 27;
};

struct Verification {
  Problems problems;
  int64_t num_nodes = 0;
  int64_t steps = 0;

  bool ok() const { return problems.num_errors() == 0; }
};

Verification verify(const Program& program, const MachineView& machine,
                    const VerifyOptions& options = {});

// Throws the first error of verify() as Error(kInput); `lines` makes its `where` a line.
void require_verified(const Program& program, const MachineView& machine,
                      const SourceLines* lines = nullptr);

}  // namespace dojo::program
