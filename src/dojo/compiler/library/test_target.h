// What tests of the library share: machines to make programs for, and what verify() says of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dojo/compiler/library/target.h"
#include "dojo/machine/load.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

// A machine as load_machine() knows it, with some numbers changed: "die/grid/columns=8".
struct TestTarget {
  explicit TestTarget(const std::string& name, const std::vector<std::string>& changes = {});

  machine::Machine machine;
  machine::Uses uses;
  Target target;
};

// Small meshes with and without disabled nodes, and a Dojo die, which has 6 of them.
std::vector<std::string> test_machines();
TestTarget test_target(const std::string& name);

// "kind: message" of each problem that verify() finds, those of canonical text included: the text
// of the program must give it again.
std::vector<std::string> problems_of(const program::Program& program, const Target& target);

}  // namespace dojo::compiler
