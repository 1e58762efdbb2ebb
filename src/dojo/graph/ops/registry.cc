#include "dojo/graph/ops/registry.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo {
namespace {

std::vector<const OpDef*> sorted_ops() {
  std::vector<const OpDef*> result = {
#define DOJO_LIST_OP(NAME) &ops::k##NAME,
      DOJO_FOR_EACH_OP(DOJO_LIST_OP)
#undef DOJO_LIST_OP
  };
  std::sort(result.begin(), result.end(),
            [](const OpDef* a, const OpDef* b) { return a->name < b->name; });
  return result;
}

}  // namespace

std::span<const OpDef* const> all_ops() {
  static const std::vector<const OpDef*> result = sorted_ops();
  return result;
}

const OpDef* find_op(std::string_view name) {
  const auto all = all_ops();
  const auto at = std::lower_bound(all.begin(), all.end(), name,
                                   [](const OpDef* a, std::string_view b) { return a->name < b; });
  return at != all.end() && (*at)->name == name ? *at : nullptr;
}

const OpDef& op_def(const Node& node) {
  const OpDef* def = find_op(node.op);
  DOJO_CHECK(def != nullptr);
  return *def;
}

Cost op_cost(const Graph& graph, const Node& node) {
  std::vector<const Type*> inputs;
  std::vector<Type> outputs;
  Cost from_types;
  for (ValueId v : node.inputs) {
    inputs.push_back(v == kNoValue ? nullptr : &graph.type(v));
    if (v != kNoValue) from_types.bytes_read += static_cast<double>(graph.type(v).num_bytes());
  }
  for (ValueId v : node.outputs) {
    outputs.push_back(graph.type(v));
    from_types.bytes_written += static_cast<double>(graph.type(v).num_bytes());
  }
  const OpDef& def = op_def(node);
  Cost cost = def.cost ? def.cost({node.attributes, inputs, outputs}) : Cost{};
  if (cost.bytes_read == 0) cost.bytes_read = from_types.bytes_read;
  if (cost.bytes_written == 0) cost.bytes_written = from_types.bytes_written;
  return cost;
}

std::vector<Type> infer_types(std::string_view op, const Attributes& attributes,
                              std::span<const Type* const> inputs) {
  const OpDef* def = find_op(op);
  if (!def)
    throw Error(Category::kInput, fmt::format("unknown op \"{}\"", op), "",
                "`dojo graph ops` lists the ops");
  const std::string where(op);
  const auto count = static_cast<int>(inputs.size());
  if (count < def->min_inputs || (def->max_inputs >= 0 && count > def->max_inputs))
    throw Error(Category::kInput,
                fmt::format("{} operands; it takes {}{}", count, def->min_inputs,
                            def->max_inputs == def->min_inputs ? ""
                            : def->max_inputs < 0              ? " or more"
                                                  : fmt::format(" to {}", def->max_inputs)),
                where);
  for (int i = 0; i < count; ++i)
    if (!inputs[static_cast<size_t>(i)] && (i < def->min_inputs || def->max_inputs < 0))
      throw Error(Category::kInput, fmt::format("operand {} is absent but not optional", i), where);
  for (const auto& [key, value] : attributes)
    if (std::find(def->attributes.begin(), def->attributes.end(), key) == def->attributes.end())
      throw Error(Category::kInput, fmt::format("unknown attribute \"{}\"", key), where,
                  def->attributes.empty()
                      ? "the op has no attributes"
                      : fmt::format("it knows {}", fmt::join(def->attributes, ", ")));
  try {
    std::vector<Type> types = def->infer({attributes, inputs, {}});
    for (const Type& type : types) check_shape(type.shape);
    return types;
  } catch (const Error& error) {
    if (!error.where().empty()) throw;
    throw Error(error.category(), error.message(), where, error.hint());
  }
}

}  // namespace dojo
