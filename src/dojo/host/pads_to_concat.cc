#include "dojo/host/pads_to_concat.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dojo/graph/compact.h"
#include "dojo/graph/op.h"
#include "dojo/host/emulate.h"

namespace dojo::host {
namespace {

struct Part {
  ValueId value = kNoValue;
  int64_t begin = 0, size = 0;  // along the axis
};

class PadsToConcat {
 public:
  explicit PadsToConcat(const Graph& graph)
      : graph_(graph), new_(graph), uses_(graph.values.size(), 0) {
    for (const Node& node : graph.nodes)
      for (ValueId v : node.inputs)
        if (v != kNoValue) ++uses_[at(v)];
    for (const Output& o : graph.outputs) ++uses_[at(o.value)];
    for (const Update& u : graph.updates) ++uses_[at(u.value)];
    for (const Value& v : graph.values) names_.insert(v.name);
    new_.nodes.clear();
    for (const Node& node : graph.nodes)
      if (!replaced(node)) new_.nodes.push_back(node);
  }

  Graph result() const { return compacted(new_); }

 private:
  // Adds the parts of a sum of pads along one axis; false where it is none.
  bool collect(ValueId sum, std::optional<size_t>& axis, std::vector<Part>& parts) const {
    for (std::vector<ValueId> rest = {sum}; !rest.empty();) {
      const ValueId v = rest.back();
      rest.pop_back();
      const NodeId n = graph_.value(v).producer;
      if (n == kNoNode || uses_[at(v)] != 1) return false;
      const Node& node = graph_.node(n);
      if (node.op != "Add") {
        if (!add_part(node, axis, parts)) return false;
        continue;
      }
      for (size_t i : {1, 0}) {
        if (graph_.type(node.inputs[i]).shape != graph_.type(v).shape) return false;
        rest.push_back(node.inputs[i]);
      }
    }
    return true;
  }

  bool add_part(const Node& node, std::optional<size_t>& axis, std::vector<Part>& parts) const {
    const OpCall call{node.attributes, {}, {}};
    if (node.op != "Pad" || call.number("value", 0) != 0) return false;
    const Shape pads = call.integers("pads");
    const size_t rank = pads.size() / 2;
    for (size_t d = 0; d < rank; ++d) {
      if (pads[d] < 0 || pads[rank + d] < 0) return false;
      if (pads[d] == 0 && pads[rank + d] == 0) continue;
      if (axis && *axis != d) return false;
      axis = d;
    }
    if (!axis) return false;
    const ValueId x = node.inputs[0];
    parts.push_back({x, pads[*axis], graph_.type(x).shape[*axis]});
    return true;
  }

  bool replaced(const Node& cast) {
    if (!rounds_to_bf16(cast)) return false;
    std::optional<size_t> axis;
    std::vector<Part> parts;
    if (!collect(cast.inputs[0], axis, parts) || parts.size() < 2) return false;
    std::sort(parts.begin(), parts.end(),
              [](const Part& a, const Part& b) { return a.begin < b.begin; });
    int64_t end = 0;
    for (const Part& part : parts) {
      if (part.begin != end) return false;
      end += part.size;
    }
    if (end != graph_.type(cast.inputs[0]).shape[*axis]) return false;
    Node concat{"Concat", {}, cast.outputs, {{"axis", static_cast<int64_t>(*axis)}}};
    for (const Part& part : parts) concat.inputs.push_back(rounded(part.value));
    new_.nodes.push_back(std::move(concat));
    return true;
  }

  ValueId rounded(ValueId v) {
    std::string name = graph_.value(v).name + ".rounded";
    while (!names_.insert(name).second) name += "_";
    new_.values.push_back({{Format::kBF16, graph_.type(v).shape}, name, kNoNode, 0});
    const ValueId result = static_cast<ValueId>(new_.values.size() - 1);
    new_.nodes.push_back({"Cast", {v}, {result}, {{"to", std::string("bf16")}}});
    return result;
  }

  const Graph& graph_;
  Graph new_;
  std::vector<int64_t> uses_;  // by value
  std::set<std::string> names_;
};

}  // namespace

Graph with_concat_for_pads(const Graph& graph) {
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), rounds_to_bf16)) return graph;
  return PadsToConcat(graph).result();
}

}  // namespace dojo::host
