#include "dojo/host/fold.h"

#include <algorithm>

#include "dojo/host/emulate.h"

namespace dojo::host {

std::vector<RefTensor> evaluate_node(const Graph& graph, const Node& node,
                                     const std::vector<const RefTensor*>& inputs) {
  // As the op's rules want them: it may have operands of bf16 in place of f32 (native_bf16.h).
  std::vector<Type> wide;
  for (ValueId v : node.inputs) {
    wide.push_back(v == kNoValue ? Type{} : graph.type(v));
    if (wide.back().format == Format::kBF16) wide.back().format = Format::kF32;
  }
  std::vector<const Type*> input_types;
  for (size_t i = 0; i < wide.size(); ++i)
    input_types.push_back(node.inputs[i] == kNoValue ? nullptr : &wide[i]);
  std::vector<Type> output_types;
  std::vector<RefTensor> outputs;
  for (ValueId v : node.outputs) {
    const Type& type = graph.type(v);
    output_types.push_back(type);
    outputs.push_back({type, std::vector<double>(static_cast<size_t>(type.num_elements()))});
  }
  op_def(node).evaluate({node.attributes, input_types, output_types}, inputs, outputs);
  const bool to_bf16 = rounds_to_bf16(node);
  for (RefTensor& t : outputs)
    for (double& x : t.data) x = round_to(to_bf16 ? Format::kBF16 : t.type.format, x);
  return outputs;
}

std::optional<float> Constants::uniform(ValueId v) const {
  if (!has(v) || !is_floating(get(v).type.format)) return {};
  const std::vector<double>& data = get(v).data;
  const bool same = std::all_of(data.begin(), data.end(), [&](double x) { return x == data[0]; });
  if (!same) return {};
  return static_cast<float>(data[0]);
}

Constants fold_constants(const Graph& graph, bool fold) {
  Constants constants;
  constants.values.resize(graph.values.size());
  for (const Node& node : graph.nodes) {
    std::vector<const RefTensor*> inputs;
    bool all = fold || node.inputs.empty();
    for (ValueId v : node.inputs) {
      all = all && (v == kNoValue || constants.has(v));
      if (all) inputs.push_back(v == kNoValue ? nullptr : &constants.get(v));
    }
    if (!all) continue;
    std::vector<RefTensor> outputs = evaluate_node(graph, node, inputs);
    for (size_t i = 0; i < outputs.size(); ++i)
      constants.values[at(node.outputs[i])] = std::move(outputs[i]);
  }
  return constants;
}

}  // namespace dojo::host
