// A machine for a person's eyes and for programs: its numbers with status and source, its totals,
// and how much of it is assumed.
#pragma once

#include <string>

#include "dojo/machine/machine.h"
#include "dojo/machine/uses.h"

namespace dojo::machine {

std::string show_machine(const Machine& machine);  // lines for a terminal
std::string machine_json(const Machine& machine);  // one JSON object

// What the maker published beside what the parts give: lines for a terminal, of which there are
// none where nothing was published; one JSON object.
std::string show_comparisons(const Machine& machine);
std::string comparisons_json(const Machine& machine);

// All built-in machines in a line each.
std::string list_machines();
std::string machines_json();

// "97 numbers: 40 published, 12 derived, 45 assumed".
std::string counted(const UseCount& count);
UseCount count_of(const Machine& machine);  // of all its parameters

}  // namespace dojo::machine
