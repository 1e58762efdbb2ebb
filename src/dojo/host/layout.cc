#include "dojo/host/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

#include "dojo/base/check.h"
#include "dojo/graph/op.h"
#include "dojo/host/native_bf16.h"

namespace dojo::host {
namespace {

template <size_t n>
bool is_one_of(std::string_view op, const std::string_view (&list)[n]) {
  return std::find(std::begin(list), std::end(list), op) != std::end(list);
}

constexpr std::string_view kElementwise[] = {
    "Abs",      "Add",      "Cast",    "Clip", "Div",  "Exp", "Expand", "Gelu",
    "GeluGrad", "Identity", "Log",     "Max",  "Min",  "Mul", "Neg",    "Reciprocal",
    "Relu",     "ReluGrad", "Sigmoid", "Sign", "Sqrt", "Sub", "Tanh"};

// Ops whose operands and results of rank 3 and more want to be channels-last, but for those that
// is_image_operand() and is_image_result() leave out.
constexpr std::string_view kSpatial[] = {"AveragePool",
                                         "AveragePoolGrad",
                                         "BatchNormalization",
                                         "BatchNormalizationGrad",
                                         "Conv",
                                         "ConvInputGrad",
                                         "ConvWeightGrad",
                                         "CostVolume",
                                         "CostVolumeGrad",
                                         "DepthToSpace",
                                         "GlobalAveragePool",
                                         "GridSample",
                                         "GridSampleGridGrad",
                                         "GridSampleInputGrad",
                                         "GroupNormalization",
                                         "GroupNormalizationGrad",
                                         "MaxPool",
                                         "MaxPoolGrad",
                                         "Resize",
                                         "ResizeGrad",
                                         "SpaceToDepth"};

// Ops that move values and keep the rank: any order suits, if it is the same for all.
constexpr std::string_view kMoving[] = {"Concat", "Slice", "Pad"};

constexpr std::string_view kOptimizers[] = {"AdamW", "Momentum"};

// Operands of a spatial op that are no images: weights and grids.
bool is_image_operand(const Node& node, size_t i) {
  if (node.op == "Conv") return i == 0;
  if (node.op == "ConvInputGrad") return i == 0;
  if (node.op == "GridSample" || node.op == "GridSampleInputGrad") return i == 0;
  if (node.op == "GridSampleGridGrad") return i <= 1;
  return true;
}
bool is_image_result(const Node& node) {
  return node.op != "ConvWeightGrad" && node.op != "GridSampleGridGrad";
}

class Classes {
 public:
  explicit Classes(size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<size_t> parent_;
};

// Ops that keep zeros zero where all operands have them: packed weights are padded with zeros.
bool keeps_padding(const Graph& graph, const Node& node) {
  if (node.op == "Add" || node.op == "Sub")
    return graph.type(node.inputs[0]) == graph.type(node.inputs[1]);
  if (node.op == "Mul") return true;
  if (node.op == "AdamW" && OpCall{node.attributes, {}, {}}.number("epsilon", 1e-8) < 1e-30)
    return false;  // it would divide 0 by 0
  return node.op == "Neg" || node.op == "Cast" || is_one_of(node.op, kOptimizers);
}

bool reduces_all(const Node& node) { return !node.attributes.contains("axes"); }

// Values of one class may be packed iff every node that touches them knows how to. `rounds_weight`:
// the node is one of rounded_weights().
bool packable(const Graph& graph, const Node& node, ValueId v, bool rounds_weight) {
  if (rounds_weight) return true;
  const Type& type = graph.type(v);
  if (node.op == "ConvWeightGrad") return node.outputs[0] == v;
  if (node.op == "Conv" || node.op == "ConvInputGrad")
    return node.inputs[1] == v && node.inputs[0] != v;
  if (node.op == "ReduceSumSquare" || node.op == "ReduceSum") return reduces_all(node);
  if (!keeps_padding(graph, node)) return false;
  for (const auto* list : {&node.inputs, &node.outputs})
    for (ValueId other : *list)
      if (other != kNoValue && graph.type(other) != type && graph.type(other).num_elements() != 1)
        return false;
  return true;
}

}  // namespace

std::string to_string(const Layout& layout) {
  switch (layout.kind) {
    case Layout::Kind::kRowMajor:
      return "row-major";
    case Layout::Kind::kChannelsLast:
      return "channels-last";
    case Layout::Kind::kPacked:
      return fmt::format("packed for node {}", index(layout.packed_for));
  }
  return "";
}

Shape physical(const Shape& shape, Layout::Kind layout) {
  DOJO_CHECK(layout != Layout::Kind::kPacked);
  if (layout == Layout::Kind::kRowMajor) return shape;
  Shape result = {shape[0]};
  result.insert(result.end(), shape.begin() + 2, shape.end());
  result.push_back(shape[1]);
  return result;
}

size_t physical_axis(size_t axis, size_t rank, Layout::Kind layout) {
  if (layout == Layout::Kind::kRowMajor || axis == 0) return axis;
  return axis == 1 ? rank - 1 : axis - 1;
}

bool same_bytes(const Shape& shape, Layout::Kind a, Layout::Kind b) {
  if (a == b) return true;
  if (a == Layout::Kind::kPacked || b == Layout::Kind::kPacked) return false;
  int64_t space = 1;
  for (size_t d = 2; d < shape.size(); ++d) space *= shape[d];
  return shape.size() < 3 || shape[1] == 1 || space == 1;
}

bool is_elementwise(const Graph& graph, const Node& node) {
  if (!is_one_of(node.op, kElementwise)) return false;
  return is_floating(graph.type(node.outputs[0]).format) &&
         is_floating(graph.type(node.inputs[0]).format);
}

std::vector<Layout> assign_layouts(const Graph& graph, const LayoutOptions& options) {
  const size_t n = graph.values.size();
  Classes classes(n);
  std::vector<bool> image(n, false), weight(n, false);
  std::vector<NodeId> gradient_node(n, kNoNode);
  const std::vector<bool> rounded_weight = rounded_weights(graph);
  const auto rank = [&](ValueId v) { return graph.type(v).shape.size(); };

  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool joins = (is_elementwise(graph, node) || is_one_of(node.op, kMoving) ||
                        is_one_of(node.op, kOptimizers)) &&
                       !rounded_weight[at(node.outputs[0])];
    if (joins)  // operands and results of one rank go together
      for (const auto* list : {&node.inputs, &node.outputs})
        for (ValueId v : *list)
          if (v != kNoValue && rank(v) >= 3 && rank(v) == rank(node.outputs[0]))
            classes.join(at(v), at(node.outputs[0]));
    if (is_one_of(node.op, kSpatial)) {
      for (size_t k = 0; k < node.inputs.size(); ++k)
        if (is_image_operand(node, k) && rank(node.inputs[k]) >= 3)
          image[at(node.inputs[k])] = true;
      if (is_image_result(node))
        for (ValueId v : node.outputs)
          if (rank(v) >= 3) image[at(v)] = true;
    }
    if (node.op == "ConvWeightGrad") {
      weight[at(node.outputs[0])] = true;
      gradient_node[at(node.outputs[0])] = static_cast<NodeId>(i);
    }
  }
  for (const Update& u : graph.updates)
    if (rank(u.state) >= 3) classes.join(at(u.state), at(u.value));

  std::vector<bool> class_image(n, false), class_weight(n, false);
  std::vector<NodeId> class_node(n, kNoNode);
  for (size_t v = 0; v < n; ++v) {
    const size_t c = classes.find(v);
    class_image[c] = class_image[c] || image[v];
    class_weight[c] = class_weight[c] || weight[v];
    if (gradient_node[v] != kNoNode && class_node[c] == kNoNode) class_node[c] = gradient_node[v];
  }
  for (const Node& node : graph.nodes)
    for (const auto* list : {&node.inputs, &node.outputs})
      for (ValueId v : *list)
        if (v != kNoValue && class_weight[classes.find(at(v))] &&
            !packable(graph, node, v, rounded_weight[at(node.outputs[0])]))
          class_weight[classes.find(at(v))] = false;
  for (const Output& o : graph.outputs) class_weight[classes.find(at(o.value))] = false;

  std::vector<Layout> result(n);
  for (size_t v = 0; v < n; ++v) {
    const size_t c = classes.find(v);
    if (!is_floating(graph.values[v].type.format) || graph.values[v].type.shape.size() < 3)
      continue;
    if (class_image[c] && options.channels_last)
      result[v] = kChannelsLast;
    else if (class_weight[c] && !class_image[c] && options.packed_weights)
      result[v] = {Layout::Kind::kPacked, class_node[c]};
  }
  return result;
}

}  // namespace dojo::host
