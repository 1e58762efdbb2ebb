#include "dojo/host/fuse.h"

#include <algorithm>
#include <map>
#include <string>

#include "dojo/base/check.h"
#include "dojo/graph/op.h"
#include "dojo/host/attention_pattern.h"
#include "dojo/host/fuse_bf16.h"

namespace dojo::host {
namespace {

constexpr size_t kMaxProgram =
    16;  // nodes of one elementwise program: its values stay in L1 and L2

// All updates of the same kind with the same scalars become one unit.
void merge_optimizers(const Graph& graph, Merger& m) {
  std::map<std::pair<std::string, std::vector<ValueId>>, std::vector<int32_t>> groups;
  for (int32_t u = 0; u < m.num_units(); ++u) {
    if (m.unit(u).nodes.empty()) continue;
    const Node& node = graph.node(m.unit(u).nodes[0]);
    if (node.op != "AdamW" && node.op != "Momentum") continue;
    m.unit(u).kind = node.op == "AdamW" ? Unit::Kind::kAdamW : Unit::Kind::kMomentum;
    const size_t scalars = node.op == "AdamW" ? 4 : 3;
    std::vector<ValueId> key(node.inputs.begin() + static_cast<int64_t>(scalars),
                             node.inputs.end());
    auto& group = groups[{node.op, key}];
    // One that needs another's result cannot run with it over all tensors at once.
    if (!group.empty() && m.independent(u, group[0]))
      DOJO_CHECK(m.merge(u, group[0]));
    else
      group.push_back(u);
  }
}

// Add(a, Mul(Sub(b, a), t)) with a scalar t, for the averages of the weights.
struct Lerp {
  NodeId sub = kNoNode, mul = kNoNode, add = kNoNode;
  ValueId amount = kNoValue;
};

Lerp match_lerp(const Graph& graph, const Merger& m, NodeId add) {
  const Node& sum = graph.node(add);
  if (sum.op != "Add") return {};
  for (size_t i = 0; i < 2; ++i) {
    const ValueId from = sum.inputs[1 - i], scaled = sum.inputs[i];
    const NodeId mul = graph.value(scaled).producer;
    if (mul == kNoNode || graph.node(mul).op != "Mul" || m.uses(scaled) != 1) continue;
    for (size_t k = 0; k < 2; ++k) {
      const ValueId difference = graph.node(mul).inputs[k], amount = graph.node(mul).inputs[1 - k];
      const NodeId sub = graph.value(difference).producer;
      if (sub == kNoNode || graph.node(sub).op != "Sub" || m.uses(difference) != 1) continue;
      if (graph.node(sub).inputs[1] != from || graph.type(amount).num_elements() != 1) continue;
      if (graph.type(graph.node(sub).inputs[0]) != graph.type(from)) continue;
      return {sub, mul, add, amount};
    }
  }
  return {};
}

void merge_lerps(const Graph& graph, const Constants& constants, Merger& m) {
  std::map<ValueId, int32_t> groups;
  for (const Update& update : graph.updates) {
    const NodeId add = graph.value(update.value).producer;
    if (add == kNoNode || m.unit_of(add) == Merger::kNone) continue;
    const Lerp lerp = match_lerp(graph, m, add);
    if (lerp.add == kNoNode || constants.has(lerp.amount)) continue;
    const int32_t unit = m.unit_of(add);
    if (m.unit(unit).nodes.size() != 1) continue;
    const int32_t mul = m.unit_of(lerp.mul), sub = m.unit_of(lerp.sub);
    if (mul == Merger::kNone || sub == Merger::kNone) continue;
    // Nothing else reads their results, so nothing can have to run between them.
    DOJO_CHECK(m.merge(mul, unit) && m.merge(sub, unit));
    m.unit(unit).kind = Unit::Kind::kLerp;
    const auto [found, is_new] = groups.try_emplace(lerp.amount, unit);
    if (!is_new && m.independent(unit, found->second)) DOJO_CHECK(m.merge(unit, found->second));
  }
}

bool is_full_sum_of_squares(const Graph& graph, NodeId n) {
  return graph.node(n).op == "ReduceSumSquare" &&
         graph.type(graph.node(n).outputs[0]).num_elements() == 1 &&
         graph.type(graph.node(n).inputs[0]).format == Format::kF32;
}

// ((0 + |g0|^2) + |g1|^2) + ..., where nothing else reads the terms and partial sums.
void merge_sums_of_squares(const Graph& graph, const Constants& constants, Merger& m) {
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    std::vector<NodeId> chain;  // adds and reductions, last first
    NodeId add = static_cast<NodeId>(n);
    while (add != kNoNode && m.unit_of(add) != Merger::kNone && graph.node(add).op == "Add" &&
           graph.type(graph.node(add).outputs[0]).shape.empty() &&
           m.unit(m.unit_of(add)).nodes.size() == 1) {
      if (!chain.empty() && m.uses(graph.node(add).outputs[0]) != 1) break;
      const ValueId term = graph.node(add).inputs[1];
      const NodeId reduction = graph.value(term).producer;
      if (reduction == kNoNode || constants.has(term) || m.uses(term) != 1 ||
          !is_full_sum_of_squares(graph, reduction))
        break;
      chain.push_back(add);
      chain.push_back(reduction);
      add = graph.value(graph.node(add).inputs[0]).producer;
    }
    if (chain.size() < 4) continue;
    const int32_t unit = m.unit_of(chain[0]);
    for (NodeId node : chain) DOJO_CHECK(m.merge(m.unit_of(node), unit));
    m.unit(unit).kind = Unit::Kind::kSumOfSquares;
  }
}

// The fused kernel computes the norm's result anew, for the activation's gradient, from what the
// norm's gradient reads: that must be what the norm read and found.
bool is_gradient_of(const Node& grad, const Node& norm) {
  const bool group = norm.op == "GroupNormalization";
  const size_t mean = group ? 1 : 3;  // of the norm's outputs; the variance, or its root, is next
  const auto epsilon = [](const Node& n) {
    return OpCall{n.attributes, {}, {}}.number("epsilon", 1e-5);
  };
  return grad.op == norm.op + "Grad" && grad.inputs[0] == norm.inputs[0] &&
         grad.inputs[1] == norm.inputs[1] && norm.outputs.size() > mean + 1 &&
         grad.inputs[3] == norm.outputs[mean] && grad.inputs[4] == norm.outputs[mean + 1] &&
         epsilon(grad) == epsilon(norm) &&
         (group || OpCall{grad.attributes, {}, {}}.integer("training_mode", 0) == 1);
}

// x -> norm -> activation: one pass over memory; and dy -> activation' -> norm' with the same x.
void merge_norms(const Graph& graph, Merger& m) {
  const auto is_norm = [&](NodeId n) {
    if (n == kNoNode) return false;
    const std::string& op = graph.node(n).op;
    return op == "GroupNormalization" ||
           (op == "BatchNormalization" && graph.node(n).outputs.size() >= 5);
  };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const NodeId id = static_cast<NodeId>(n);
    if (m.unit_of(id) == Merger::kNone) continue;
    if (node.op == "GroupNormalizationGrad" || node.op == "BatchNormalizationGrad") {
      const ValueId dy = node.inputs[2];
      const NodeId act = graph.value(dy).producer;
      if (act == kNoNode || m.uses(dy) != 1 || graph.node(act).op != "ReluGrad") continue;
      // Rounding to bf16 leaves the sign; only what is below the least number of bf16 becomes 0.
      const Node* relu = unrounded(graph, graph.node(act).inputs[1]);
      if (!relu || relu->op != "Relu") continue;
      const NodeId norm = graph.value(relu->inputs[0]).producer;
      if (!is_norm(norm) || !is_gradient_of(node, graph.node(norm)) ||
          relu->inputs[0] != graph.node(norm).outputs[0])
        continue;
      if (m.merge(m.unit_of(act), m.unit_of(id)))
        m.unit(m.unit_of(id)).kind = Unit::Kind::kNormGrad;
    }
    if (node.op == "Relu") {
      const NodeId norm = graph.value(node.inputs[0]).producer;
      if (!is_norm(norm) || node.inputs[0] != graph.node(norm).outputs[0] ||
          m.uses(node.inputs[0]) != 1)
        continue;
      if (m.merge(m.unit_of(id), m.unit_of(norm))) m.unit(m.unit_of(norm)).kind = Unit::Kind::kNorm;
    }
  }
}

// oneDNN sums up the gradient of the bias while it reads dy for the gradient of the weight.
void merge_bias_gradients(const Graph& graph, Merger& m) {
  std::map<ValueId, NodeId> weight_gradients;  // by dy
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (graph.nodes[n].op == "ConvWeightGrad" && m.unit_of(static_cast<NodeId>(n)) != Merger::kNone)
      weight_gradients.try_emplace(graph.nodes[n].inputs[1], static_cast<NodeId>(n));
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (node.op != "ReduceSum" || m.unit_of(static_cast<NodeId>(n)) == Merger::kNone) continue;
    const auto found = weight_gradients.find(node.inputs[0]);
    if (found == weight_gradients.end()) continue;
    const Shape& dy = graph.type(node.inputs[0]).shape;
    Shape axes = {0};
    for (size_t d = 2; d < dy.size(); ++d) axes.push_back(static_cast<int64_t>(d));
    const auto given = node.attributes.find("axes");
    if (given == node.attributes.end() || given->second != Attribute(axes)) continue;
    if (graph.type(node.outputs[0]).shape != Shape{dy[1]}) continue;
    const int32_t unit = m.unit_of(found->second);
    if (m.unit(unit).nodes.size() != 1) continue;
    if (m.merge(m.unit_of(static_cast<NodeId>(n)), unit)) m.unit(unit).kind = Unit::Kind::kConvGrad;
  }
}

// softmax(q k') v and its gradient, both or neither: the gradient computes the probabilities anew.
void merge_attention(const Graph& graph, const Constants& constants, Merger& m) {
  // In the order of the nodes, so that what lies between two of them has been joined before.
  const auto join = [](Merger& units, std::vector<NodeId> nodes) {
    std::sort(nodes.begin(), nodes.end());
    return std::all_of(nodes.begin(), nodes.end(), [&](NodeId n) {
      return units.unit_of(n) != Merger::kNone &&
             units.merge(units.unit_of(n), units.unit_of(nodes[0]));
    });
  };
  const Readers readers = readers_of(graph);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (graph.nodes[n].op != "Softmax" || m.unit_of(static_cast<NodeId>(n)) == Merger::kNone)
      continue;
    const auto pattern = find_attention(graph, constants, readers, static_cast<NodeId>(n));
    if (!pattern || !knows_attention(*pattern)) continue;
    Merger trial = m;
    if (!join(trial, pattern->forward) || !join(trial, pattern->backward)) continue;
    DOJO_CHECK(join(m, pattern->forward) && join(m, pattern->backward));
    m.unit(m.unit_of(pattern->forward[0])).kind = Unit::Kind::kAttention;
    if (!pattern->backward.empty())
      m.unit(m.unit_of(pattern->backward[0])).kind = Unit::Kind::kAttentionGrad;
  }
}

void merge_elementwise(const Graph& graph, const Constants& constants,
                       const std::vector<Layout>& layouts, Merger& m) {
  const auto shape_of = [&](int32_t u) -> const Shape& {
    return graph.type(graph.node(m.unit(u).nodes[0]).outputs[0]).shape;
  };
  const auto layout_of = [&](int32_t u) {
    return layouts[at(graph.node(m.unit(u).nodes[0]).outputs[0])];
  };
  for (int32_t u = 0; u < m.num_units(); ++u) {
    Unit& unit = m.unit(u);
    if (unit.kind == Unit::Kind::kNode && unit.nodes.size() == 1 &&
        is_elementwise(graph, graph.node(unit.nodes[0])))
      unit.kind = Unit::Kind::kElementwise;
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const int32_t unit = m.unit_of(static_cast<NodeId>(n));
    if (unit == Merger::kNone || m.unit(unit).kind != Unit::Kind::kElementwise) continue;
    for (ValueId v : graph.nodes[n].inputs) {
      const int32_t here = m.unit_of(static_cast<NodeId>(n));
      if (v == kNoValue || constants.has(v)) continue;
      const int32_t p = m.producer(v);
      if (p == Merger::kNone || p == here) continue;
      const Unit& from = m.unit(p);
      if (from.kind != Unit::Kind::kElementwise || shape_of(p) != shape_of(here) ||
          !(layout_of(p) == layout_of(here)))
        continue;
      if (from.nodes.size() + m.unit(here).nodes.size() <= kMaxProgram) m.merge(p, here);
    }
  }
}

}  // namespace

void fuse_units(const Graph& graph, const Constants& constants, const std::vector<Layout>& layouts,
                Merger& m) {
  merge_optimizers(graph, m);
  merge_lerps(graph, constants, m);
  merge_sums_of_squares(graph, constants, m);
  merge_norms(graph, m);
  merge_bias_gradients(graph, m);
  merge_attention(graph, constants, m);
  fuse_bf16(graph, m);
  merge_elementwise(graph, constants, layouts, m);
}

}  // namespace dojo::host
