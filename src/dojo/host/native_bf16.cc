#include "dojo/host/native_bf16.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "dojo/graph/compact.h"
#include "dojo/graph/op.h"
#include "dojo/host/emulate.h"
#include "dojo/host/onednn.h"
#include "dojo/host/pads_to_concat.h"

namespace dojo::host {
namespace {

constexpr std::string_view kMoving[] = {"Concat",  "Expand", "Identity",
                                        "Reshape", "Slice",  "Transpose"};

bool moves(const Node& node) {
  return std::find(std::begin(kMoving), std::end(kMoving), node.op) != std::end(kMoving);
}

class Narrowing {
 public:
  explicit Narrowing(const Graph& graph) : old_(graph), new_(graph), now_(graph.values.size()) {
    for (size_t v = 0; v < now_.size(); ++v) now_[v] = static_cast<ValueId>(v);
    for (const Value& v : graph.values) names_.insert(v.name);
    new_.nodes.clear();
    for (const Node& node : graph.nodes) add(node);
    for (Output& output : new_.outputs) output.value = as_before(output.value);
    for (Update& update : new_.updates) update.value = as_before(update.value);
  }

  Graph result() const { return compacted(new_); }

 private:
  bool is_bf16(ValueId v) const { return new_.type(v).format == Format::kBF16; }

  void add(Node node) {
    for (ValueId& v : node.inputs)
      if (v != kNoValue) v = now_[at(v)];
    const ValueId y = node.outputs[0];
    const bool from_bf16 =
        !node.inputs.empty() && std::all_of(node.inputs.begin(), node.inputs.end(),
                                            [&](ValueId v) { return v != kNoValue && is_bf16(v); });
    if (node.op == "Cast" && from_bf16 && is_floating(new_.type(y).format)) {
      now_[at(y)] = node.inputs[0];
      return;
    }
    if (moves(node) && from_bf16) {
      new_.values[at(y)].type.format = Format::kBF16;
      const auto [found, is_new] =
          moved_.try_emplace({node.op, node.inputs, node.attributes}, y);  // twins become one
      if (!is_new) {
        now_[at(y)] = found->second;
        return;
      }
    }
    new_.nodes.push_back(std::move(node));
  }

  // What an output or an update of the value as it was is now.
  ValueId as_before(ValueId old) {
    const ValueId v = now_[at(old)];
    if (new_.type(v).format == old_.type(old).format) return v;
    ValueId& wide = wide_.try_emplace(v, kNoValue).first->second;
    if (wide != kNoValue) return wide;
    std::string name = new_.value(v).name + ".wide";
    while (!names_.insert(name).second) name += "_";
    new_.values.push_back({{Format::kF32, new_.type(v).shape}, name, kNoNode, 0});
    wide = static_cast<ValueId>(new_.values.size() - 1);
    new_.nodes.push_back({"Cast", {v}, {wide}, {{"to", std::string("f32")}}});
    return wide;
  }

  const Graph& old_;
  Graph new_;                 // values of old_ keep their ids
  std::vector<ValueId> now_;  // what stands for a value
  std::map<std::tuple<std::string, std::vector<ValueId>, Attributes>, ValueId> moved_;
  std::map<ValueId, ValueId> wide_;
  std::set<std::string> names_;
};

}  // namespace

Graph with_host_bf16(const Graph& graph, bool native) {
  if (!native || !onednn::has_bf16()) return emulate_bf16(graph);
  return with_native_bf16(with_concat_for_pads(graph));
}

Graph with_native_bf16(const Graph& graph) {
  if (std::none_of(graph.values.begin(), graph.values.end(),
                   [](const Value& v) { return v.type.format == Format::kBF16; }))
    return graph;
  return Narrowing(graph).result();
}

std::vector<bool> rounded_weights(const Graph& graph) {
  std::vector<bool> result(graph.values.size(), false);
  for (const Node& node : graph.nodes)
    if (rounds_to_bf16(node) && graph.type(node.outputs[0]).format == Format::kBF16 &&
        graph.type(node.inputs[0]).format == Format::kF32)
      result[at(node.outputs[0])] = true;
  for (const Node& node : graph.nodes) {
    const bool convolves = (node.op == "Conv" || node.op == "ConvInputGrad") &&
                           graph.type(node.inputs[0]).format == Format::kBF16;
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] != kNoValue && !(convolves && i == 1)) result[at(node.inputs[i])] = false;
  }
  for (const Output& o : graph.outputs) result[at(o.value)] = false;
  for (const Update& u : graph.updates) result[at(u.value)] = false;
  return result;
}

bool swaps_rows_and_columns(const Graph& graph, const Node& node) {
  if (node.op != "Transpose" || graph.type(node.inputs[0]).format != Format::kBF16) return false;
  const size_t rank = graph.type(node.inputs[0]).shape.size();
  if (rank < 2) return false;
  Shape swapped(rank), reversed(rank);
  for (size_t d = 0; d < rank; ++d) {
    swapped[d] = static_cast<int64_t>(d);
    reversed[d] = static_cast<int64_t>(rank - 1 - d);
  }
  std::swap(swapped[rank - 2], swapped[rank - 1]);
  return OpCall{node.attributes, {}, {}}.integers("perm", reversed) == swapped;
}

}  // namespace dojo::host
