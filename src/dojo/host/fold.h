// Values that depend on constants only, computed once by the ops' reference meaning.
#pragma once

#include <optional>
#include <vector>

#include "dojo/graph/op.h"

namespace dojo::host {

struct Constants {
  std::vector<std::optional<RefTensor>> values;  // by value; f32 values are rounded to f32

  bool has(ValueId v) const { return values[at(v)].has_value(); }
  const RefTensor& get(ValueId v) const { return *values[at(v)]; }
  // The number, if all elements are the same number of f32 or bf16.
  std::optional<float> uniform(ValueId v) const;
};

// `fold` false: only of nodes without operands, the constants that the graph names.
Constants fold_constants(const Graph& graph, bool fold = true);

// One node by its reference meaning, its results rounded to their formats. REQUIRES: `inputs` has
// nullptr for absent operands.
std::vector<RefTensor> evaluate_node(const Graph& graph, const Node& node,
                                     const std::vector<const RefTensor*>& inputs);

}  // namespace dojo::host
