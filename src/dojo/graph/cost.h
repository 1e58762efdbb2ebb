// What a graph's step costs by the ops' own formulas: arithmetic and the bytes that enter and leave
// each node.
#pragma once

#include <string>
#include <vector>

#include "dojo/graph/op.h"

namespace dojo {

struct OpTotal {
  std::string op;
  int64_t nodes = 0;
  Cost cost;
};

struct GraphCost {
  std::vector<OpTotal> by_op;  // most FLOP first, then by name
  OpTotal total;
  int64_t parameters = 0;  // numbers, not tensors
  int64_t parameter_bytes = 0;
  int64_t state_bytes = 0;
  int64_t data_bytes = 0;
  int64_t largest_value_bytes = 0;
};

GraphCost graph_cost(const Graph& graph);

}  // namespace dojo
