// The ledger of docs/machine.md: every number of a machine with its meaning, status and source, and
// what was published of the whole beside what the parts give, in Markdown. A test compares the page
// with it.
#pragma once

#include <string>
#include <vector>

#include "dojo/machine/machine.h"

namespace dojo::machine {

// Of the levels that the machine's own file describes; `machines` begin with "d1_node", so that
// each file comes once.
std::string ledger(const std::vector<Machine>& machines);

std::vector<Machine> built_in_for_ledger();  // all, the smaller ones of D1 first

}  // namespace dojo::machine
