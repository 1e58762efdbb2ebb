#include "dojo/host/emulate.h"

#include <algorithm>

#include "dojo/graph/compact.h"

namespace dojo::host {

bool rounds_to_bf16(const Node& node) {
  if (node.op != "Cast") return false;
  const auto to = node.attributes.find("to");
  return to != node.attributes.end() && to->second == Attribute("bf16");
}

Graph emulate_bf16(const Graph& graph) {
  if (std::none_of(graph.values.begin(), graph.values.end(),
                   [](const Value& v) { return v.type.format == Format::kBF16; }))
    return graph;
  Graph result = graph;
  for (Value& v : result.values)
    if (v.type.format == Format::kBF16) v.type.format = Format::kF32;
  std::vector<ValueId> now(graph.values.size());  // what stands for a value
  for (size_t v = 0; v < now.size(); ++v) now[v] = static_cast<ValueId>(v);
  result.nodes.clear();
  for (Node node : graph.nodes) {
    for (ValueId& v : node.inputs)
      if (v != kNoValue) v = now[at(v)];
    if (node.op == "Cast" && !rounds_to_bf16(node) &&
        result.type(node.inputs[0]) == result.type(node.outputs[0]))
      now[at(node.outputs[0])] = node.inputs[0];
    else
      result.nodes.push_back(std::move(node));
  }
  for (Output& output : result.outputs) output.value = now[at(output.value)];
  for (Update& update : result.updates) update.value = now[at(update.value)];
  return compacted(result);
}

}  // namespace dojo::host
