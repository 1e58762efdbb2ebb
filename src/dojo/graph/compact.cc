#include "dojo/graph/compact.h"

namespace dojo {

Graph compacted(const Graph& graph) {
  std::vector<bool> live(graph.values.size(), false);
  for (const Output& output : graph.outputs) live[at(output.value)] = true;
  for (const Update& update : graph.updates) live[at(update.value)] = true;
  std::vector<bool> keep(graph.nodes.size(), false);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    for (ValueId v : graph.nodes[n].outputs) keep[n] = keep[n] || live[at(v)];
    if (!keep[n]) continue;
    for (ValueId v : graph.nodes[n].inputs)
      if (v != kNoValue) live[at(v)] = true;
  }

  Graph result;
  result.name = graph.name;
  std::vector<ValueId> renumbered(graph.values.size(), kNoValue);
  auto renumber = [&](ValueId v) { return v == kNoValue ? v : renumbered[at(v)]; };
  auto move = [&](ValueId v, NodeId producer) {
    const ValueId moved{static_cast<int32_t>(result.values.size())};
    result.values.push_back(graph.value(v));
    result.values.back().producer = producer;
    renumbered[at(v)] = moved;
    return moved;
  };
  for (Input input : graph.inputs) {
    input.value = move(input.value, kNoNode);
    result.inputs.push_back(input);
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!keep[n]) continue;
    Node node = graph.nodes[n];
    for (ValueId& v : node.inputs) v = renumber(v);
    for (ValueId& v : node.outputs) v = move(v, NodeId{static_cast<int32_t>(result.nodes.size())});
    result.nodes.push_back(std::move(node));
  }
  for (Output output : graph.outputs) {
    output.value = renumber(output.value);
    result.outputs.push_back(std::move(output));
  }
  for (const Update& update : graph.updates)
    result.updates.push_back({renumber(update.state), renumber(update.value)});
  return result;
}

}  // namespace dojo
