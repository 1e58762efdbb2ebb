#include "dojo/graph/autodiff.h"

#include <fmt/format.h>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/graph/op.h"

namespace dojo {
namespace {

// Which floating values depend on one of `wrt`.
std::vector<bool> dependent_values(const Graph& graph, std::span<const ValueId> wrt) {
  std::vector<bool> result(graph.values.size(), false);
  for (ValueId v : wrt) result[at(v)] = true;
  for (const Node& node : graph.nodes)
    for (ValueId in : node.inputs)
      if (in != kNoValue && result[at(in)])
        for (ValueId out : node.outputs)
          if (is_floating(graph.type(out).format)) result[at(out)] = true;
  return result;
}

}  // namespace

std::vector<ValueId> gradients(Builder& builder, ValueId loss, std::span<const ValueId> wrt) {
  if (builder.type(loss) != Type{Format::kF32, {}})
    throw Error(Category::kInput,
                fmt::format("a loss of {}, not f32[]", to_string(builder.type(loss))),
                "%" + builder.graph().value(loss).name);
  const std::vector<bool> dependent = dependent_values(builder.graph(), wrt);
  std::vector<ValueId> gradient(dependent.size(), kNoValue);
  if (dependent[at(loss)]) gradient[at(loss)] = builder.constant(1.0);

  // Backwards over the nodes that were there before; a node's results come after its operands, so
  // when a node's turn comes all contributions to its results have been added, always in the same
  // order.
  const NodeId last = builder.graph().value(loss).producer;
  for (int32_t n = index(last); n >= 0; --n) {
    const Node node = builder.graph().node(NodeId{n});  // a copy: the graph grows below
    std::vector<ValueId> output_gradients;
    bool any = false;
    for (ValueId v : node.outputs) {
      output_gradients.push_back(gradient[at(v)]);
      any = any || gradient[at(v)] != kNoValue;
    }
    std::vector<bool> wanted;
    bool any_wanted = false;
    for (ValueId v : node.inputs) {
      wanted.push_back(v != kNoValue && dependent[at(v)]);
      any_wanted = any_wanted || wanted.back();
    }
    if (!any || !any_wanted) continue;

    const OpDef& def = op_def(node);
    if (!def.gradient)
      throw Error(Category::kUnimplemented, fmt::format("{} has no gradient", node.op),
                  "%" + builder.graph().value(node.outputs[0]).name);
    const std::vector<ValueId> contributions =
        def.gradient(builder, node, output_gradients, wanted);
    DOJO_CHECK_EQ(contributions.size(), node.inputs.size());
    for (size_t i = 0; i < contributions.size(); ++i) {
      if (!wanted[i] || contributions[i] == kNoValue) continue;
      DOJO_CHECK(builder.type(contributions[i]) ==
                 (Type{Format::kF32, builder.shape(node.inputs[i])}));
      ValueId& sum = gradient[at(node.inputs[i])];
      sum = sum == kNoValue ? contributions[i] : builder.add(sum, contributions[i]);
    }
  }

  std::vector<ValueId> result;
  for (ValueId v : wrt)
    result.push_back(gradient[at(v)] != kNoValue ? gradient[at(v)]
                                                 : builder.constant(builder.shape(v), {0.0}));
  return result;
}

}  // namespace dojo
