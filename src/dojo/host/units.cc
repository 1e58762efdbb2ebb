#include "dojo/host/units.h"

#include <algorithm>
#include <map>
#include <queue>
#include <string>

#include "dojo/base/check.h"
#include "dojo/graph/op.h"

namespace dojo::host {
namespace {

constexpr int32_t kNone = -1;
constexpr size_t kMaxProgram =
    16;  // nodes of one elementwise program: its values stay in L1 and L2

size_t at(ValueId v) { return static_cast<size_t>(index(v)); }

// Units and, for each pair of them, whether one must run before the other.
class Merger {
 public:
  Merger(const Graph& graph, const Constants& constants)
      : graph_(graph), unit_of_(graph.nodes.size(), kNone), uses_(graph.values.size(), 0) {
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      if (constants.has(graph.nodes[n].outputs[0])) continue;
      unit_of_[n] = static_cast<int32_t>(units.size());
      units.push_back({Unit::Kind::kNode, {static_cast<NodeId>(n)}});
    }
    words_ = (units.size() + 63) / 64;
    before_.assign(units.size() * words_, 0);
    for (size_t u = 0; u < units.size(); ++u)
      for (ValueId v : graph.node(units[u].nodes[0]).inputs) {
        if (v == kNoValue) continue;
        ++uses_[at(v)];
        const int32_t p = producer(v);
        if (p == kNone) continue;
        for (size_t w = 0; w < words_; ++w) row(u)[w] |= row(static_cast<size_t>(p))[w];
        set(u, static_cast<size_t>(p));
      }
    for (const Output& o : graph.outputs) ++uses_[at(o.value)];
    for (const Update& u : graph.updates) ++uses_[at(u.value)];
  }

  // The unit that makes a value; kNone for inputs and constants.
  int32_t producer(ValueId v) const {
    const NodeId n = graph_.value(v).producer;
    return n == kNoNode ? kNone : unit_of_[static_cast<size_t>(index(n))];
  }
  int32_t unit_of(NodeId n) const { return unit_of_[static_cast<size_t>(index(n))]; }
  int64_t uses(ValueId v) const { return uses_[at(v)]; }  // by nodes, outputs and updates
  bool depends(int32_t later, int32_t earlier) const {
    return get(static_cast<size_t>(later), static_cast<size_t>(earlier));
  }

  // Makes one unit of both unless something must run between them. Returns true iff it did; the
  // result is unit `into`.
  bool merge(int32_t from, int32_t into) {
    if (from == into) return true;
    const size_t a = static_cast<size_t>(from), b = static_cast<size_t>(into);
    for (size_t u = 0; u < units.size(); ++u)
      if (u != a && u != b && !units[u].nodes.empty() &&
          ((get(u, a) && get(b, u)) || (get(u, b) && get(a, u))))
        return false;
    for (size_t w = 0; w < words_; ++w) row(b)[w] |= row(a)[w];
    clear(b, a);
    clear(b, b);
    for (size_t u = 0; u < units.size(); ++u)
      if (u != a && u != b && (get(u, a) || get(u, b))) {
        for (size_t w = 0; w < words_; ++w) row(u)[w] |= row(b)[w];
        clear(u, a);
        set(u, b);
      }
    for (NodeId n : units[a].nodes) unit_of_[static_cast<size_t>(index(n))] = into;
    units[b].nodes.insert(units[b].nodes.end(), units[a].nodes.begin(), units[a].nodes.end());
    units[a].nodes.clear();
    std::sort(units[b].nodes.begin(), units[b].nodes.end());
    return true;
  }

  std::vector<Unit> units;  // emptied where merged away

 private:
  uint64_t* row(size_t u) { return before_.data() + u * words_; }
  const uint64_t* row(size_t u) const { return before_.data() + u * words_; }
  bool get(size_t u, size_t p) const { return row(u)[p / 64] >> (p % 64) & 1; }
  void set(size_t u, size_t p) { row(u)[p / 64] |= uint64_t{1} << (p % 64); }
  void clear(size_t u, size_t p) { row(u)[p / 64] &= ~(uint64_t{1} << (p % 64)); }

  const Graph& graph_;
  std::vector<int32_t> unit_of_;
  std::vector<int64_t> uses_;
  size_t words_ = 0;
  std::vector<uint64_t> before_;  // bit p of row u: unit p must run before unit u
};

// All updates of the same kind with the same scalars become one unit.
void merge_optimizers(const Graph& graph, Merger& m) {
  std::map<std::pair<std::string, std::vector<ValueId>>, std::vector<int32_t>> groups;
  for (size_t u = 0; u < m.units.size(); ++u) {
    if (m.units[u].nodes.empty()) continue;
    const Node& node = graph.node(m.units[u].nodes[0]);
    if (node.op != "AdamW" && node.op != "Momentum") continue;
    m.units[u].kind = node.op == "AdamW" ? Unit::Kind::kAdamW : Unit::Kind::kMomentum;
    const size_t scalars = node.op == "AdamW" ? 4 : 3;
    std::vector<ValueId> key(node.inputs.begin() + static_cast<int64_t>(scalars),
                             node.inputs.end());
    auto& group = groups[{node.op, key}];
    if (group.empty() || !m.merge(static_cast<int32_t>(u), group[0]))
      group.push_back(static_cast<int32_t>(u));
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
    if (add == kNoNode || m.unit_of(add) == kNone) continue;
    const Lerp lerp = match_lerp(graph, m, add);
    if (lerp.add == kNoNode || constants.has(lerp.amount)) continue;
    const int32_t unit = m.unit_of(add);
    if (m.units[static_cast<size_t>(unit)].nodes.size() != 1) continue;
    const int32_t mul = m.unit_of(lerp.mul), sub = m.unit_of(lerp.sub);
    if (mul == kNone || sub == kNone || !m.merge(mul, unit) || !m.merge(sub, unit)) continue;
    m.units[static_cast<size_t>(unit)].kind = Unit::Kind::kLerp;
    const auto [found, is_new] = groups.try_emplace(lerp.amount, unit);
    if (!is_new) m.merge(unit, found->second);
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
    while (add != kNoNode && m.unit_of(add) != kNone && graph.node(add).op == "Add" &&
           graph.type(graph.node(add).outputs[0]).shape.empty() &&
           m.units[static_cast<size_t>(m.unit_of(add))].nodes.size() == 1) {
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
    for (NodeId node : chain)
      if (!m.merge(m.unit_of(node), unit)) break;
    m.units[static_cast<size_t>(unit)].kind = Unit::Kind::kSumOfSquares;
  }
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
    if (m.unit_of(id) == kNone) continue;
    if (node.op == "GroupNormalizationGrad" || node.op == "BatchNormalizationGrad") {
      const ValueId dy = node.inputs[2];
      const NodeId act = graph.value(dy).producer;
      if (act == kNoNode || m.uses(dy) != 1 || graph.node(act).op != "ReluGrad") continue;
      const NodeId relu = graph.value(graph.node(act).inputs[1]).producer;
      if (relu == kNoNode || graph.node(relu).op != "Relu") continue;
      const NodeId norm = graph.value(graph.node(relu).inputs[0]).producer;
      if (!is_norm(norm) || graph.node(norm).outputs.size() < 3 ||
          graph.node(norm).inputs[0] != node.inputs[0] ||
          graph.node(norm).inputs[1] != node.inputs[1])
        continue;
      if (m.merge(m.unit_of(act), m.unit_of(id)))
        m.units[static_cast<size_t>(m.unit_of(id))].kind = Unit::Kind::kNormGrad;
    }
    if (node.op == "Relu") {
      const NodeId norm = graph.value(node.inputs[0]).producer;
      if (!is_norm(norm) || m.uses(node.inputs[0]) != 1) continue;
      if (m.merge(m.unit_of(id), m.unit_of(norm)))
        m.units[static_cast<size_t>(m.unit_of(norm))].kind = Unit::Kind::kNorm;
    }
  }
}

// oneDNN sums up the gradient of the bias while it reads dy for the gradient of the weight.
void merge_bias_gradients(const Graph& graph, Merger& m) {
  std::map<ValueId, NodeId> weight_gradients;  // by dy
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (graph.nodes[n].op == "ConvWeightGrad" && m.unit_of(static_cast<NodeId>(n)) != kNone &&
        graph.type(graph.nodes[n].inputs[0]).shape.size() <= 4)
      weight_gradients.try_emplace(graph.nodes[n].inputs[1], static_cast<NodeId>(n));
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (node.op != "ReduceSum" || m.unit_of(static_cast<NodeId>(n)) == kNone) continue;
    const auto found = weight_gradients.find(node.inputs[0]);
    if (found == weight_gradients.end()) continue;
    const Shape& dy = graph.type(node.inputs[0]).shape;
    Shape axes = {0};
    for (size_t d = 2; d < dy.size(); ++d) axes.push_back(static_cast<int64_t>(d));
    const auto given = node.attributes.find("axes");
    if (given == node.attributes.end() || given->second != Attribute(axes)) continue;
    if (graph.type(node.outputs[0]).shape != Shape{dy[1]}) continue;
    const int32_t unit = m.unit_of(found->second);
    if (m.units[static_cast<size_t>(unit)].nodes.size() != 1) continue;
    if (m.merge(m.unit_of(static_cast<NodeId>(n)), unit))
      m.units[static_cast<size_t>(unit)].kind = Unit::Kind::kConvGrad;
  }
}

void merge_elementwise(const Graph& graph, const Constants& constants,
                       const std::vector<Layout>& layouts, Merger& m) {
  const auto shape_of = [&](int32_t u) -> const Shape& {
    return graph.type(graph.node(m.units[static_cast<size_t>(u)].nodes[0]).outputs[0]).shape;
  };
  const auto layout_of = [&](int32_t u) {
    return layouts[at(graph.node(m.units[static_cast<size_t>(u)].nodes[0]).outputs[0])];
  };
  for (Unit& u : m.units)
    if (u.kind == Unit::Kind::kNode && u.nodes.size() == 1 &&
        is_elementwise(graph, graph.node(u.nodes[0])))
      u.kind = Unit::Kind::kElementwise;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const int32_t unit = m.unit_of(static_cast<NodeId>(n));
    if (unit == kNone || m.units[static_cast<size_t>(unit)].kind != Unit::Kind::kElementwise)
      continue;
    for (ValueId v : graph.nodes[n].inputs) {
      const int32_t here = m.unit_of(static_cast<NodeId>(n));
      if (v == kNoValue || constants.has(v)) continue;
      const int32_t p = m.producer(v);
      if (p == kNone || p == here) continue;
      const Unit& from = m.units[static_cast<size_t>(p)];
      if (from.kind != Unit::Kind::kElementwise || shape_of(p) != shape_of(here) ||
          !(layout_of(p) == layout_of(here)))
        continue;
      if (from.nodes.size() + m.units[static_cast<size_t>(here)].nodes.size() <= kMaxProgram)
        m.merge(p, here);
    }
  }
}

// Marks what the outputs depend on.
std::vector<bool> needed_for_outputs(const Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const Output& o : graph.outputs) needed[at(o.value)] = true;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    const bool any = std::any_of(node.outputs.begin(), node.outputs.end(),
                                 [&](ValueId v) { return needed[at(v)]; });
    if (!any) continue;
    for (ValueId v : node.outputs) needed[at(v)] = true;
    for (ValueId v : node.inputs)
      if (v != kNoValue) needed[at(v)] = true;
  }
  return needed;
}

}  // namespace

std::vector<Unit> make_units(const Graph& graph, const Constants& constants,
                             const std::vector<Layout>& layouts, bool fuse) {
  Merger m(graph, constants);
  if (fuse) {
    merge_optimizers(graph, m);
    merge_lerps(graph, constants, m);
    merge_sums_of_squares(graph, constants, m);
    merge_norms(graph, m);
    merge_bias_gradients(graph, m);
    merge_elementwise(graph, constants, layouts, m);
  }
  const std::vector<bool> needed = needed_for_outputs(graph);
  const size_t count = m.units.size();
  std::vector<std::vector<int32_t>> users(count);
  std::vector<int64_t> waits(count, 0);
  for (size_t u = 0; u < count; ++u) {
    std::vector<int32_t> from;
    m.units[u].commits = !m.units[u].nodes.empty();
    for (NodeId n : m.units[u].nodes) {
      for (ValueId v : graph.node(n).outputs)
        if (needed[at(v)]) m.units[u].commits = false;
      for (ValueId v : graph.node(n).inputs)
        if (v != kNoValue && m.producer(v) != kNone && m.producer(v) != static_cast<int32_t>(u))
          from.push_back(m.producer(v));
    }
    std::sort(from.begin(), from.end());
    from.erase(std::unique(from.begin(), from.end()), from.end());
    for (int32_t p : from) users[static_cast<size_t>(p)].push_back(static_cast<int32_t>(u));
    waits[u] = std::ssize(from);
  }
  // A unit that nodes of phase one need is phase one, even if it was joined with others.
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t u = 0; u < count; ++u)
      if (m.units[u].commits)
        for (int32_t user : users[u])
          if (!m.units[static_cast<size_t>(user)].commits) {
            m.units[u].commits = false;
            changed = true;
          }
  }

  // Phase one before phase two; within a phase by the last node, which is when a unit's results are
  // wanted.
  using Ready = std::pair<std::pair<bool, NodeId>, size_t>;
  std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
  const auto push = [&](size_t u) {
    ready.push({{m.units[u].commits, m.units[u].nodes.back()}, u});
  };
  for (size_t u = 0; u < count; ++u)
    if (!m.units[u].nodes.empty() && waits[u] == 0) push(u);
  std::vector<Unit> result;
  while (!ready.empty()) {
    const size_t u = ready.top().second;
    ready.pop();
    result.push_back(m.units[u]);
    for (int32_t user : users[u])
      if (--waits[static_cast<size_t>(user)] == 0) push(static_cast<size_t>(user));
  }
  DOJO_CHECK_EQ(result.size(),
                static_cast<size_t>(std::count_if(m.units.begin(), m.units.end(),
                                                  [](const Unit& u) { return !u.nodes.empty(); })));
  return result;
}

}  // namespace dojo::host
