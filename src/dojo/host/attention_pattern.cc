#include "dojo/host/attention_pattern.h"

#include <algorithm>
#include <string_view>

#include "dojo/graph/op.h"

namespace dojo::host {
namespace {

using Integers = std::vector<int64_t>;

// Steps along the edges of a graph.
struct Walk {
  const Graph& graph;
  const Readers& readers;

  const Node& node(NodeId n) const { return graph.node(n); }
  ValueId in(NodeId n, size_t i) const { return node(n).inputs[i]; }
  ValueId out(NodeId n) const { return node(n).outputs[0]; }
  bool is(NodeId n, std::string_view op) const { return n != kNoNode && node(n).op == op; }
  NodeId maker(ValueId v, std::string_view op) const {
    const NodeId n = graph.value(v).producer;
    return is(n, op) ? n : kNoNode;
  }
  NodeId only_reader(ValueId v, std::string_view op) const {
    const std::vector<NodeId>& all = readers[at(v)];
    return all.size() == 1 && is(all[0], op) ? all[0] : kNoNode;
  }
  // A Transpose of rows and columns.
  bool swaps(NodeId n) const {
    return is(n, "Transpose") &&
           OpCall{node(n).attributes, {}, {}}.integers("perm", Integers{}) == Integers{0, 2, 1};
  }
  NodeId swap_before(ValueId v) const {
    const NodeId n = maker(v, "Transpose");
    return n != kNoNode && swaps(n) ? n : kNoNode;
  }
};

// The nodes of the forward pass, in their order, and the values between.
struct Forward {
  ValueId query = kNoValue, q = kNoValue, k = kNoValue, v = kNoValue, y = kNoValue;
  ValueId key_columns = kNoValue, p = kNoValue, factor = kNoValue;  // query = q * factor
  std::vector<NodeId> nodes;
};

bool find_forward(const Walk& w, const Constants& constants, NodeId softmax, Forward& f) {
  const ValueId scores = w.in(softmax, 0);
  const Shape& shape = w.graph.type(scores).shape;
  const int64_t axis = OpCall{w.node(softmax).attributes, {}, {}}.integer("axis", -1);
  if (shape.size() != 3 || (axis != -1 && axis != 2)) return false;
  const NodeId product = w.maker(scores, "MatMul");
  if (product == kNoNode) return false;
  f.query = w.in(product, 0), f.key_columns = w.in(product, 1), f.p = w.out(softmax);
  const NodeId swap = w.swap_before(f.key_columns);
  if (swap == kNoNode) return false;
  f.q = f.query, f.k = w.in(swap, 0);
  f.nodes = {swap, product, softmax};
  if (const NodeId scaled = w.maker(f.query, "Mul"); scaled != kNoNode)
    for (size_t i = 0; i < 2; ++i)
      if (constants.uniform(w.in(scaled, 1 - i)) && !constants.has(w.in(scaled, i)) &&
          w.graph.type(w.in(scaled, i)) == w.graph.type(f.query)) {
        f.q = w.in(scaled, i), f.factor = w.in(scaled, 1 - i);
        f.nodes.push_back(scaled);
        break;
      }
  NodeId seen = kNoNode;
  for (NodeId n : w.readers[at(f.p)])
    if (w.is(n, "MatMul") && w.in(n, 0) == f.p) {
      if (seen != kNoNode) return false;
      seen = n;
    }
  if (seen == kNoNode) return false;
  f.v = w.in(seen, 1), f.y = w.out(seen);
  f.nodes.push_back(seen);
  const int64_t items = shape[0];
  for (ValueId v : {f.q, f.k, f.v}) {
    const Shape& matrix = w.graph.type(v).shape;
    if (matrix.size() != 3 || matrix[0] != items || matrix[2] != w.graph.type(f.q).shape[2])
      return false;
    if (matrix[2] < 2 || constants.has(v)) return false;
    if (w.graph.type(v).format != Format::kF32) return false;
  }
  return true;
}

struct Backward {
  ValueId dy = kNoValue;
  std::array<ValueId, 3> gradients;  // dq, dk, dv
  std::vector<NodeId> nodes;
};

// dv = p' dy, dp = dy v', ds = p (dp - sum(p dp)), dq = ds k * factor, dk = (query' ds)'.
bool find_backward(const Walk& w, const Forward& f, Backward& b) {
  NodeId p_swapped = kNoNode, weighted = kNoNode, scores_grad = kNoNode;
  for (NodeId n : w.readers[at(f.p)]) {
    if (n == kNoNode) return false;
    if (w.swaps(n)) {
      p_swapped = n;
    } else if (w.is(n, "Mul")) {
      const ValueId other = w.in(n, w.in(n, 0) == f.p ? 1 : 0);
      (w.maker(other, "Sub") == kNoNode ? weighted : scores_grad) = n;
    }
  }
  if (p_swapped == kNoNode || weighted == kNoNode || scores_grad == kNoNode) return false;
  const auto other_than_p = [&](NodeId n) { return w.in(n, w.in(n, 0) == f.p ? 1 : 0); };

  const NodeId v_grad = w.only_reader(w.out(p_swapped), "MatMul");
  if (v_grad == kNoNode || w.in(v_grad, 0) != w.out(p_swapped)) return false;
  b.dy = w.in(v_grad, 1);
  const NodeId dp = w.maker(other_than_p(weighted), "MatMul");
  if (dp == kNoNode || w.in(dp, 0) != b.dy) return false;
  const NodeId v_swapped = w.swap_before(w.in(dp, 1));
  if (v_swapped == kNoNode || w.in(v_swapped, 0) != f.v) return false;

  const NodeId sum = w.only_reader(w.out(weighted), "ReduceSum");
  if (sum == kNoNode) return false;
  const OpCall reduction{w.node(sum).attributes, {}, {}};
  if (reduction.integers("axes", Integers{}) != Integers{2} ||
      reduction.integer("keepdims", 1) != 1)
    return false;
  const NodeId difference = w.maker(other_than_p(scores_grad), "Sub");
  if (w.in(difference, 0) != w.out(dp) || w.in(difference, 1) != w.out(sum)) return false;

  const ValueId ds = w.out(scores_grad);
  NodeId by_keys = kNoNode, by_query = kNoNode;
  for (NodeId n : w.readers[at(ds)]) {
    if (!w.is(n, "MatMul")) return false;
    (w.in(n, 0) == ds ? by_keys : by_query) = n;
  }
  if (by_keys == kNoNode || by_query == kNoNode) return false;
  const NodeId keys = w.swap_before(w.in(by_keys, 1)), query = w.swap_before(w.in(by_query, 0));
  if (keys == kNoNode || query == kNoNode) return false;
  if (w.in(keys, 0) != f.key_columns || w.in(query, 0) != f.query) return false;
  const NodeId k_grad = w.only_reader(w.out(by_query), "Transpose");
  if (k_grad == kNoNode || !w.swaps(k_grad)) return false;

  b.nodes = {p_swapped,   v_grad, v_swapped, dp,    weighted, sum,   difference,
             scores_grad, keys,   by_keys,   query, by_query, k_grad};
  b.gradients = {w.out(by_keys), w.out(k_grad), w.out(v_grad)};
  if (f.factor == kNoValue) return true;
  const NodeId scaled = w.only_reader(w.out(by_keys), "Mul");
  if (scaled == kNoNode || (w.in(scaled, 0) != f.factor && w.in(scaled, 1) != f.factor))
    return false;
  b.nodes.push_back(scaled);
  b.gradients[0] = w.out(scaled);
  return true;
}

// Adds the candidates whose results only `nodes` and `others` read: nobody else needs them.
void add_unread(const Walk& w, std::vector<NodeId> candidates, const std::vector<NodeId>& others,
                std::vector<NodeId>& nodes) {
  std::sort(candidates.rbegin(), candidates.rend());  // readers first
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  const auto has = [](const std::vector<NodeId>& list, NodeId n) {
    return std::find(list.begin(), list.end(), n) != list.end();
  };
  for (NodeId c : candidates) {
    const std::vector<NodeId>& readers = w.readers[at(w.out(c))];
    if (!has(nodes, c) && std::all_of(readers.begin(), readers.end(), [&](NodeId n) {
          return n != kNoNode && (has(nodes, n) || has(others, n));
        }))
      nodes.push_back(c);
  }
}

}  // namespace

std::optional<AttentionPattern> find_attention(const Graph& graph, const Constants& constants,
                                               const Readers& readers, NodeId softmax) {
  const Walk w{graph, readers};
  const Locator locator(graph, readers);
  Forward f;
  Backward b;
  if (!find_forward(w, constants, softmax, f)) return {};
  const bool backward = readers[at(f.p)].size() > 1;
  if (backward && !find_backward(w, f, b)) return {};
  if (backward && graph.type(b.dy).format != Format::kF32) return {};

  std::vector<NodeId> sources, gradient_sources;
  AttentionPattern pattern{.q = locator.source(f.q, sources),
                           .k = locator.source(f.k, sources),
                           .v = locator.source(f.v, sources),
                           .y = locator.result(f.y, f.nodes)};
  if (f.factor != kNoValue) pattern.scale = *constants.uniform(f.factor);
  std::vector<ValueId> made = {pattern.y.base};
  if (backward) {
    pattern.dy = locator.source(b.dy, gradient_sources);
    for (Located& gradient : locator.results(b.gradients, b.nodes)) {
      made.push_back(gradient.base);
      pattern.gradients.push_back(std::move(gradient));
    }
  }
  add_unread(w, gradient_sources, {}, b.nodes);
  add_unread(w, sources, b.nodes, f.nodes);

  for (const std::vector<NodeId>* nodes : {&f.nodes, &b.nodes})
    for (NodeId n : *nodes) {
      if (std::find(made.begin(), made.end(), w.out(n)) != made.end()) continue;
      for (NodeId reader : readers[at(w.out(n))]) {
        const auto has = [&](const std::vector<NodeId>& list) {
          return std::find(list.begin(), list.end(), reader) != list.end();
        };
        if (reader == kNoNode || (!has(f.nodes) && !has(b.nodes))) return {};
      }
    }
  pattern.forward = std::move(f.nodes), pattern.backward = std::move(b.nodes);
  return pattern;
}

}  // namespace dojo::host
