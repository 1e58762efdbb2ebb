#include "dojo/graph/cost.h"

#include <algorithm>
#include <map>

namespace dojo {
namespace {

void add(OpTotal& total, const Cost& cost) {
  ++total.nodes;
  total.cost.flop += cost.flop;
  total.cost.bytes_read += cost.bytes_read;
  total.cost.bytes_written += cost.bytes_written;
}

}  // namespace

GraphCost graph_cost(const Graph& graph) {
  GraphCost result;
  result.total.op = "all";
  std::map<std::string, OpTotal> by_op;
  for (const Node& node : graph.nodes) {
    const Cost cost = op_cost(graph, node);
    OpTotal& total = by_op[node.op];
    total.op = node.op;
    add(total, cost);
    add(result.total, cost);
  }
  for (const auto& [op, total] : by_op) result.by_op.push_back(total);
  std::stable_sort(result.by_op.begin(), result.by_op.end(),
                   [](const auto& a, const auto& b) { return a.cost.flop > b.cost.flop; });
  for (const Input& input : graph.inputs) {
    const Type& type = graph.type(input.value);
    switch (input.role) {
      case Role::kData:
        result.data_bytes += type.num_bytes();
        break;
      case Role::kState:
        result.state_bytes += type.num_bytes();
        break;
      case Role::kParameter:
        result.parameters += type.num_elements();
        result.parameter_bytes += type.num_bytes();
        break;
    }
  }
  for (const Value& value : graph.values)
    result.largest_value_bytes = std::max(result.largest_value_bytes, value.type.num_bytes());
  return result;
}

}  // namespace dojo
