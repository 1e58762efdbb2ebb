#include "dojo/host/fuse_bf16.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/graph/op.h"
#include "dojo/host/emulate.h"

namespace dojo::host {
namespace {

// Their first result may be written in bf16; that of a product, if its factors are bf16 too.
constexpr std::string_view kWritesBf16[] = {"BatchNormalization",
                                            "BatchNormalizationGrad",
                                            "Conv",
                                            "ConvInputGrad",
                                            "Gemm",
                                            "GroupNormalization",
                                            "GroupNormalizationGrad",
                                            "LayerNormalization",
                                            "LayerNormalizationGrad",
                                            "MatMul",
                                            "Softmax"};

bool is_bf16(const Graph& graph, ValueId v) { return graph.type(v).format == Format::kBF16; }

bool writes_bf16(const Graph& graph, const Unit& unit, ValueId v) {
  const NodeId n = graph.value(v).producer;
  if (unit.kind == Unit::Kind::kNorm || unit.kind == Unit::Kind::kSoftmaxGrad)
    return n == unit.nodes.back();
  if (unit.kind != Unit::Kind::kNode && unit.kind != Unit::Kind::kNormGrad) return false;
  const Node& node = graph.node(n);
  if (v != node.outputs[0] ||
      std::find(std::begin(kWritesBf16), std::end(kWritesBf16), node.op) == std::end(kWritesBf16))
    return false;
  const bool product = node.op.starts_with("Conv") || node.op == "Gemm" || node.op == "MatMul";
  return !product || (is_bf16(graph, node.inputs[0]) && is_bf16(graph, node.inputs[1]));
}

void merge_roundings(const Graph& graph, Merger& m) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& cast = graph.nodes[n];
    const int32_t unit = m.unit_of(static_cast<NodeId>(n));
    if (unit == Merger::kNone || !rounds_to_bf16(cast) || !is_bf16(graph, cast.outputs[0]))
      continue;
    const ValueId x = cast.inputs[0];
    const int32_t from = m.producer(x);
    if (from != Merger::kNone && m.uses(x) == 1 && writes_bf16(graph, m.unit(from), x))
      m.merge(unit, from);
  }
}

// The four nodes from `last` to the first; none where they do not match.
std::vector<NodeId> match_softmax_gradient(const Graph& graph, const Merger& m, NodeId last) {
  const auto made_once_by = [&](ValueId v, std::string_view op) -> const Node* {
    const NodeId n = graph.value(v).producer;
    if (n == kNoNode || graph.node(n).op != op || m.uses(v) != 1) return nullptr;
    return &graph.node(n);
  };
  const Node& product = graph.node(last);
  if (product.op != "Mul" || !is_bf16(graph, product.inputs[0])) return {};
  const ValueId y = product.inputs[0];
  const Node* difference = made_once_by(product.inputs[1], "Sub");
  const Node* sum = difference ? made_once_by(difference->inputs[1], "ReduceSum") : nullptr;
  const Node* dot = sum ? made_once_by(sum->inputs[0], "Mul") : nullptr;
  if (!dot || dot->inputs[0] != y || dot->inputs[1] != difference->inputs[0]) return {};
  const Shape& shape = graph.type(y).shape;
  const OpCall call{sum->attributes, {}, {}};
  if (graph.type(dot->inputs[1]).shape != shape || graph.type(product.outputs[0]).shape != shape ||
      call.integer("keepdims", 1) != 1 ||
      call.integers("axes", Shape{}) != Shape{std::ssize(shape) - 1})
    return {};
  std::vector<NodeId> nodes = {last};
  for (const Node* node : {difference, sum, dot})
    nodes.push_back(graph.value(node->outputs[0]).producer);
  return nodes;
}

void merge_softmax_gradients(const Graph& graph, Merger& m) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const NodeId last = static_cast<NodeId>(n);
    const int32_t unit = m.unit_of(last);
    const std::vector<NodeId> nodes = match_softmax_gradient(graph, m, last);
    const bool alone = std::all_of(nodes.begin(), nodes.end(), [&](NodeId node) {
      return m.unit_of(node) != Merger::kNone && m.unit(m.unit_of(node)).nodes.size() == 1;
    });
    if (nodes.empty() || !alone) continue;
    // Nothing else reads what lies between two neighbours, so nothing can have to run there.
    for (NodeId node : nodes) DOJO_CHECK(m.merge(m.unit_of(node), unit));
    m.unit(unit).kind = Unit::Kind::kSoftmaxGrad;
  }
}

}  // namespace

void fuse_bf16(const Graph& graph, Merger& m) {
  merge_softmax_gradients(graph, m);
  merge_roundings(graph, m);
}

const Node* unrounded(const Graph& graph, ValueId v) {
  NodeId n = graph.value(v).producer;
  if (n != kNoNode && rounds_to_bf16(graph.node(n)))
    n = graph.value(graph.node(n).inputs[0]).producer;
  return n == kNoNode ? nullptr : &graph.node(n);
}

}  // namespace dojo::host
