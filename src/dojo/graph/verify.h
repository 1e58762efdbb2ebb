// The rules that every graph keeps; passes and executors rely on them and check nothing again.
//
//   ids are in range; names are unique and well formed; each value is made once, by an input or by
//   a node, before its first use; inputs are the first values, then the nodes' results in order; a
//   node's result types are those that infer_types() gives; attributes hold no NaN; output names
//   are unique, guards are f32 scalars; an update gives a parameter or state its own type, once.
#pragma once

#include <string_view>

#include "dojo/graph/graph.h"

namespace dojo {

// Throws Error(kInput) that names the value, node, output or update.
void verify(const Graph& graph);

// Letters, digits, '_' and '.'; a name has at least one and does not begin with a digit.
bool is_name_char(char c);
bool is_valid_name(std::string_view name);

}  // namespace dojo
