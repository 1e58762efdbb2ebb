#include "dojo/graph/format_policy.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/graph/compact.h"
#include "dojo/graph/verify.h"

namespace dojo {
namespace {

template <size_t n>
bool is_one_of(std::string_view op, const std::string_view (&list)[n]) {
  return std::find(std::begin(list), std::end(list), op) != std::end(list);
}

constexpr std::string_view kProducts[] = {"Conv", "ConvInputGrad", "ConvWeightGrad", "Gemm",
                                          "MatMul"};
constexpr std::string_view kMoving[] = {"Concat",  "Expand", "Identity",
                                        "Reshape", "Slice",  "Transpose"};
// What may lie between a product and the optimizer that gets it as a gradient.
constexpr std::string_view kLinear[] = {"Add",       "Concat",  "Identity", "Pad",
                                        "ReduceSum", "Reshape", "Slice",    "Transpose"};
constexpr std::string_view kEnds[] = {"AdamW", "Momentum", "ReduceSumSquare"};

bool is_product(const Node& node) { return is_one_of(node.op, kProducts); }

class Bf16Policy {
 public:
  explicit Bf16Policy(const Graph& graph)
      : old_(graph),
        new_(graph),
        factor_(graph.values.size(), false),
        activation_(graph.values.size(), false),
        half_(graph.values.size(), kNoValue),
        wide_(graph.values.size(), kNoValue) {
    new_.nodes.clear();
    for (const Value& v : graph.values) names_.insert(v.name);
    mark();
    for (const Node& node : graph.nodes) add(node);
  }

  Graph result() const { return compacted(new_); }

 private:
  bool is_f32(ValueId v) const { return old_.type(v).format == Format::kF32; }
  bool is_input(ValueId v) const { return old_.value(v).producer == kNoNode; }
  bool moves_in_bf16(const Node& node) const {
    return is_one_of(node.op, kMoving) && factor_[at(node.outputs[0])];
  }

  // Finds factors and activations, from the last node to the first.
  void mark() {
    for (size_t n = old_.nodes.size(); n-- > 0;) {
      const Node& node = old_.nodes[n];
      const bool to_optimizer =
          is_one_of(node.op, kEnds) ||
          (is_one_of(node.op, kLinear) &&
           std::none_of(node.outputs.begin(), node.outputs.end(),
                        [&](ValueId v) { return activation_[at(v)] || factor_[at(v)]; }));
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const ValueId v = node.inputs[i];
        if (v == kNoValue || !is_f32(v)) continue;
        if ((is_product(node) && i < 2) || moves_in_bf16(node)) factor_[at(v)] = true;
        if (!to_optimizer) activation_[at(v)] = true;
      }
    }
  }

  // True iff the value is rounded where it is made.
  bool is_rounded(ValueId v) const {
    if (is_input(v) || !is_f32(v)) return false;
    const Node& producer = old_.node(old_.value(v).producer);
    if (producer.op == "Constant" || moves_in_bf16(producer)) return false;
    return factor_[at(v)] || (is_product(producer) && activation_[at(v)]);
  }

  void add(const Node& old_node) {
    Node node = old_node;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId& v = node.inputs[i];
      if (v == kNoValue || !is_f32(v)) continue;
      v = is_product(node) && i < 2 ? half(v) : wide(v);
    }
    new_.nodes.push_back(node);  // dropped later where only its twin is needed
    if (!moves_in_bf16(old_node)) return;
    node = old_node;
    for (ValueId& v : node.inputs) v = half(v);
    const ValueId y = old_node.outputs[0];
    half_[at(y)] = new_value(y, Format::kBF16);
    node.outputs = {half_[at(y)]};
    new_.nodes.push_back(std::move(node));
  }

  // The value in bf16.
  ValueId half(ValueId v) {
    ValueId& result = half_[at(v)];
    if (result != kNoValue) return result;
    result = new_value(v, Format::kBF16);
    const NodeId producer = old_.value(v).producer;
    if (producer != kNoNode && old_.node(producer).op == "Constant") {
      Node node = old_.node(producer);
      round(node.attributes.at("value"));
      node.attributes["format"] = std::string(name(Format::kBF16));
      node.outputs = {result};
      new_.nodes.push_back(std::move(node));
    } else {
      cast(v, result);
    }
    return result;
  }

  // The value as ops in f32 read it.
  ValueId wide(ValueId v) {
    if (!is_rounded(v)) return v;
    ValueId& result = wide_[at(v)];
    if (result != kNoValue) return result;
    const ValueId from = half(v);
    result = new_value(v, Format::kF32);
    cast(from, result);
    return result;
  }

  void cast(ValueId from, ValueId to) {
    new_.nodes.push_back({"Cast", {from}, {to}, {{"to", std::string(name(new_.type(to).format))}}});
  }

  // A Constant of f32 is rounded to f32 first.
  static void round(Attribute& value) {
    const auto rounded = [](double x) {
      return round_to(Format::kBF16, round_to(Format::kF32, x));
    };
    if (const auto* x = std::get_if<int64_t>(&value)) value = static_cast<double>(*x);
    if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
      value = std::vector<double>(list->begin(), list->end());
    if (auto* x = std::get_if<double>(&value)) *x = rounded(*x);
    if (auto* list = std::get_if<std::vector<double>>(&value))
      for (double& x : *list) x = rounded(x);
  }

  ValueId new_value(ValueId of, Format format) {
    const std::string base = old_.value(of).name + "." + std::string(name(format));
    std::string unique = base;
    for (int n = 1; !names_.insert(unique).second; ++n) unique = base + "_" + std::to_string(n);
    new_.values.push_back({{format, old_.type(of).shape}, unique, kNoNode, 0});
    return static_cast<ValueId>(new_.values.size() - 1);
  }

  const Graph& old_;
  Graph new_;                     // values of old_ keep their ids
  std::vector<bool> factor_;      // by value: a product takes it, or what is moved of it
  std::vector<bool> activation_;  // by value: something but the optimizer reads it
  std::vector<ValueId> half_, wide_;
  std::set<std::string> names_;
};

}  // namespace

Graph with_bf16(const Graph& graph) {
  for (const Value& v : graph.values)
    if (v.type.format == Format::kBF16)
      throw Error(Category::kInput, "the graph has bf16 in it already", "%" + v.name,
                  "give the graph in f32");
  Graph result = Bf16Policy(graph).result();
  verify(result);
  return result;
}

Graph in_format(const Graph& graph, Format format) {
  DOJO_CHECK(is_floating(format));
  return format == Format::kBF16 ? with_bf16(graph) : graph;
}

}  // namespace dojo
