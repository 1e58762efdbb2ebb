// All programs of the library by name, with the sizes that they take and their bounds: for the
// command line, and for tests that go through all of them.
//
//   machine::Uses uses(machine);
//   const LibraryProgram& gemm = library_program("gemm_summa");
//   Made made = gemm.make(uses, gemm.sizes({"m=512", "n=512"}, {}));
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/compiler/library/bound.h"
#include "dojo/machine/uses.h"
#include "dojo/program/element.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct LibrarySize {
  std::string_view name;  // "elements"
  int64_t value = 0;      // that it has where none is given; kAutomatic: the program chooses
  std::string_view meaning;

  static constexpr int64_t kAutomatic = -1;
};

// One value for each size of a program, in their order.
struct LibrarySizes {
  std::vector<int64_t> values;
  program::Element format;
};

struct Made {
  program::Program program;
  Bound bound;
};

struct LibraryProgram {
  std::string_view name, summary;
  std::vector<LibrarySize> takes;
  // What its numbers are if nothing else is said; where it cannot be chosen, takes_format is false.
  program::Element format = {program::ElementKind::kF32};
  bool takes_format = false;
  std::function<Made(machine::Uses&, const LibrarySizes&)> make;

  // `given`: "NAME=VALUE"; `format_text`: "bf16", "cfloat8_1_4_3:7", or empty. Throws
  // Error(kConfig) for a name or value that cannot be.
  LibrarySizes sizes(std::span<const std::string> given, std::string_view format_text) const;
};

std::span<const LibraryProgram> library();
// Throws Error(kConfig) with the names that there are.
const LibraryProgram& library_program(std::string_view name);

}  // namespace dojo::compiler
