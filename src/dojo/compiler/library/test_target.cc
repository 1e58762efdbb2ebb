#include "dojo/compiler/library/test_target.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo::compiler {

TestTarget::TestTarget(const std::string& name, const std::vector<std::string>& changes)
    : machine(machine::load_machine(name, machine::parse_changes(changes))),
      uses(machine),
      target(uses) {}

std::vector<std::string> test_machines() { return {"unit:die", "unit:tile", "holes", "d1_die"}; }

TestTarget test_target(const std::string& name) {
  if (name != "holes") return TestTarget(name);
  return TestTarget("d1_die", {"die/grid/columns=7", "die/grid/rows=5", "die/disabled/count=4"});
}

std::vector<std::string> problems_of(const program::Program& program, const Target& target) {
  std::vector<std::string> found;
  const program::Verification result = program::verify(program, target.view);
  for (const program::Problem& problem : result.problems.list())
    found.push_back(fmt::format("{}: {}: {}", to_string(program, problem.site),
                                program::name(problem.kind), problem.message));
  EXPECT_EQ(program::parse_program(program::print_program(program)), program);
  return found;
}

}  // namespace dojo::compiler
