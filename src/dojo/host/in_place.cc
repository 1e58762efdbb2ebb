#include "dojo/host/in_place.h"

#include <algorithm>
#include <set>

#include "dojo/host/native_bf16.h"

namespace dojo::host {
namespace {

bool is_view(const Node& node) {
  return node.op == "Reshape" || node.op == "Slice" || node.op == "Transpose" ||
         node.op == "Identity";
}

// True iff node `from` of the unit is `to` or makes what `to` computes from.
bool leads_to(const Graph& graph, const Unit& unit, NodeId from, NodeId to) {
  if (from == to) return true;
  for (ValueId v : graph.node(to).inputs) {
    const NodeId producer = v == kNoValue ? kNoNode : graph.value(v).producer;
    if (producer != kNoNode && unit.has(producer) && leads_to(graph, unit, from, producer))
      return true;
  }
  return false;
}

}  // namespace

std::map<ValueId, ValueId> find_in_place(const Graph& graph, const std::vector<Unit>& units) {
  std::vector<int64_t> unit_of(graph.nodes.size(), -1);
  for (size_t u = 0; u < units.size(); ++u)
    for (NodeId n : units[u].nodes) unit_of[at(n)] = int64_t(u);
  std::map<ValueId, int64_t> updates_of;  // by value
  std::set<ValueId> kept;                 // read after the step, or as another state's new value
  for (const Update& u : graph.updates) {
    ++updates_of[u.value];
    kept.insert(u.value);
  }
  for (const Output& o : graph.outputs) kept.insert(o.value);
  std::vector<std::vector<NodeId>> readers(graph.values.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    for (ValueId v : graph.nodes[n].inputs)
      if (v != kNoValue) readers[at(v)].push_back(static_cast<NodeId>(n));

  const std::vector<bool> rounded_weight = rounded_weights(graph);
  const auto before = [&](NodeId reader, int64_t unit) { return unit_of[at(reader)] < unit; };

  std::map<ValueId, ValueId> result;
  for (const Update& u : graph.updates) {
    const NodeId producer = graph.value(u.value).producer;
    if (producer == kNoNode || updates_of[u.value] != 1 || kept.contains(u.state)) continue;
    const int64_t home = unit_of[at(producer)];
    if (home < 0) continue;
    const Unit& unit = units[static_cast<size_t>(home)];
    const Node& node = graph.node(producer);
    const bool optimizer = node.op == "AdamW" || node.op == "Momentum";
    // Others of several nodes may have another order of memory, or read what they have written
    // over.
    if (!optimizer && unit.nodes.size() > 1 && unit.kind != Unit::Kind::kElementwise &&
        unit.kind != Unit::Kind::kLerp)
      continue;
    if (!unit.commits || !(optimizer || is_elementwise(graph, node))) continue;
    if (graph.type(u.state) != graph.type(u.value)) continue;
    const bool safe =
        std::all_of(readers[at(u.state)].begin(), readers[at(u.state)].end(), [&](NodeId reader) {
          const Node& r = graph.node(reader);
          if (is_view(r)) return false;  // may be read later than here
          // It is rounded when a convolution reads it.
          if (const ValueId rounded = r.outputs[0]; rounded_weight[at(rounded)])
            return std::all_of(readers[at(rounded)].begin(), readers[at(rounded)].end(),
                               [&](NodeId conv) { return before(conv, home); });
          const int64_t where = unit_of[at(reader)];
          if (where != home) return where < home;
          // An elementwise unit reads all of a place before it writes there. Others go from tensor
          // to tensor: what makes another tensor must not find the new value here.
          if (unit.kind == Unit::Kind::kElementwise) return true;
          return leads_to(graph, unit, reader, producer);
        });
    if (safe) result[u.value] = u.state;
  }
  return result;
}

}  // namespace dojo::host
