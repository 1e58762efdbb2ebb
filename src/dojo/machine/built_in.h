// The files of the folder machines/, as the build has put them into the program.
#pragma once

#include <span>
#include <string_view>

namespace dojo::machine {

struct BuiltIn {
  std::string_view name;  // "d1_die", of machines/d1_die.json
  std::string_view text;
};

std::span<const BuiltIn> built_in_files();  // by name

}  // namespace dojo::machine
