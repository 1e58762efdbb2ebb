#include "dojo/program/verify.h"

#include <fmt/format.h>

#include "dojo/base/error.h"
#include "dojo/program/verify_parts.h"

namespace dojo::program {

Verification verify(const Program& program, const MachineView& machine,
                    const VerifyOptions& options) {
  Verification result;
  Problems* problems = &result.problems;
  const NodeMap map(program, problems);
  result.num_nodes = map.num_nodes();
  if (!result.ok()) return result;  // regions that overlap could have more nodes than there are
  verify_memory(program, machine, problems);
  verify_formats(program, machine, problems);
  verify_phases(program, problems);
  verify_places(program, map, machine, problems);
  // What looks at each node ends here for a grid that is no machine's.
  if (result.num_nodes > int64_t{machine.grid.x} * machine.grid.y) return result;
  if (!verify_arguments(program, problems)) return result;
  verify_access(program, machine, options, problems);
  // A program that is wrong so far is not executed, not even in the abstract.
  if (result.ok()) result.steps = verify_waiting(program, map, machine, options, problems);
  return result;
}

void require_verified(const Program& program, const MachineView& machine,
                      const SourceLines* lines) {
  const Verification result = verify(program, machine);
  for (const Problem& problem : result.problems.list())
    if (problem.is_error())
      throw Error(Category::kInput, fmt::format("{}: {}", name(problem.kind), problem.message),
                  to_string(program, problem.site, lines), problem.hint);
}

}  // namespace dojo::program
