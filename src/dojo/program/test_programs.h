// What several tests of programs share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/program/machine_view.h"
#include "dojo/program/program.h"

namespace dojo::program {

// A mesh of 8 x 8 nodes with 128 KiB each and four interfaces.
MachineView small_machine();

// The files of src/dojo/program/examples.
struct Example {
  std::string file, text;
};
std::vector<Example> examples();

// A program with instructions of all kinds, drawn with this seed. It keeps the rules of the
// builder; whether it could run is left to chance.
Program random_program(uint64_t seed);

// "line 7: kind: message" of each problem that verify() finds.
using Found = std::vector<std::string>;
Found problems_of(std::string_view text, const MachineView& machine);

// A program on 4 x 1 nodes with one layout and one class; the layout's items are line 2, the
// class's line 3 and what follows.
std::string on_row(std::string_view items, std::string_view body, std::string_view more = "");

// Of such a program on small_machine().
Found found(std::string_view items, std::string_view body, std::string_view more = "");

}  // namespace dojo::program
