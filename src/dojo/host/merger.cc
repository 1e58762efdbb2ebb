#include "dojo/host/merger.h"

#include <algorithm>

namespace dojo::host {

Merger::Merger(const Graph& graph, const Constants& constants)
    : graph_(graph), unit_of_(graph.nodes.size(), kNone), uses_(graph.values.size(), 0) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (constants.has(graph.nodes[n].outputs[0])) continue;
    unit_of_[n] = num_units();
    units_.push_back({Unit::Kind::kNode, {static_cast<NodeId>(n)}});
  }
  words_ = (units_.size() + 63) / 64;
  before_.assign(units_.size() * words_, 0);
  for (int32_t u = 0; u < num_units(); ++u)
    for (ValueId v : graph.node(unit(u).nodes[0]).inputs) {
      if (v == kNoValue) continue;
      ++uses_[at(v)];
      const int32_t p = producer(v);
      if (p == kNone) continue;
      add_rows(p, u);
      set(u, p);
    }
  for (const Output& o : graph.outputs) ++uses_[at(o.value)];
  for (const Update& u : graph.updates) ++uses_[at(u.value)];
}

int32_t Merger::producer(ValueId v) const {
  const NodeId n = graph_.value(v).producer;
  return n == kNoNode ? kNone : unit_of(n);
}

void Merger::add_rows(int32_t from, int32_t to) {
  for (size_t w = 0; w < words_; ++w) row(to)[w] |= row(from)[w];
}

bool Merger::merge(int32_t from, int32_t into) {
  if (from == into) return true;
  const auto is_other = [&](int32_t u) { return u != from && u != into && !unit(u).nodes.empty(); };
  for (int32_t u = 0; u < num_units(); ++u)
    if (is_other(u) && ((must_precede(from, u) && must_precede(u, into)) ||
                        (must_precede(into, u) && must_precede(u, from))))
      return false;
  add_rows(from, into);
  clear(into, from);
  clear(into, into);
  for (int32_t u = 0; u < num_units(); ++u)
    if (is_other(u) && (must_precede(from, u) || must_precede(into, u))) {
      add_rows(into, u);
      clear(u, from);
      set(u, into);
    }
  std::vector<NodeId>&nodes = unit(into).nodes, &moved = unit(from).nodes;
  for (NodeId n : moved) unit_of_[at(n)] = into;
  nodes.insert(nodes.end(), moved.begin(), moved.end());
  moved.clear();
  std::sort(nodes.begin(), nodes.end());
  return true;
}

}  // namespace dojo::host
