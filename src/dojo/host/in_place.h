// Which updates are made in the memory of the state that they update, so that no copy follows:
// those whose unit computes element by element and whose old value nothing reads afterwards.
#pragma once

#include <map>
#include <vector>

#include "dojo/host/units.h"

namespace dojo::host {

// New value -> state. `units` in their order of execution.
std::map<ValueId, ValueId> find_in_place(const Graph& graph, const std::vector<Unit>& units);

}  // namespace dojo::host
