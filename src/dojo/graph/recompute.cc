#include "dojo/graph/recompute.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/units.h"
#include "dojo/graph/compact.h"
#include "dojo/graph/cost.h"

namespace dojo {
namespace {

// Smaller values are kept: they are statistics and the like, and would pull large ones in.
constexpr int64_t kFewBytes = 1 << 12;

constexpr int64_t kSegments[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32};  // that are tried

class Recomputation {
 public:
  Recomputation(const Graph& graph, size_t loss, int64_t segments)
      : graph_(graph),
        result_(graph),
        loss_(loss),
        segment_(graph.nodes.size(), kNone),
        first_late_(graph.values.size(), kNever),
        kept_(graph.values.size(), false) {
    for (const Value& v : graph.values) names_.insert(v.name);
    find_late_uses();
    cut(segments);
    for (size_t n = 0; n <= loss_; ++n)
      for (ValueId v : graph_.nodes[n].inputs)
        if (v != kNoValue && is_forward(v) && segment_of(v) != segment_[n]) kept_[at(v)] = true;
    for (size_t v = 0; v < kept_.size(); ++v)
      if (graph_.values[v].type.num_bytes() < kFewBytes) kept_[v] = true;
    keep_around_attention();
    for (int64_t s = 0; s + 1 < segments; ++s) plan(s);
  }

  Graph result() {
    result_.nodes.clear();
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const auto [begin, end] = again_before_.equal_range(n);
      for (auto i = begin; i != end; ++i) result_.nodes.push_back(std::move(i->second));
      Node node = graph_.nodes[n];
      if (n > loss_)
        for (ValueId& v : node.inputs) v = late(v);
      result_.nodes.push_back(std::move(node));
    }
    return compacted(result_);
  }

 private:
  static constexpr int64_t kNone = -1;
  static constexpr size_t kNever = std::numeric_limits<size_t>::max();

  NodeId producer(ValueId v) const { return graph_.value(v).producer; }
  // Made by a node that the loss depends on.
  bool is_forward(ValueId v) const {
    return producer(v) != kNoNode && segment_[at(producer(v))] != kNone;
  }
  int64_t segment_of(ValueId v) const { return segment_[at(producer(v))]; }

  // softmax(q k') v is one kernel, and its gradient another, where both parts read the same values
  // (host/attention_pattern.h): these are kept, and the result, so that nothing makes it again.
  void keep_around_attention() {
    for (size_t n = 0; n <= loss_; ++n) {
      const Node& y = graph_.nodes[n];
      const NodeId softmax = y.op == "MatMul" ? producer(y.inputs[0]) : kNoNode;
      if (softmax == kNoNode || graph_.node(softmax).op != "Softmax") continue;
      kept_[at(y.outputs[0])] = true;
      for (ValueId v : y.inputs) kept_[at(v)] = true;
      const NodeId scores = producer(graph_.node(softmax).inputs[0]);
      if (scores == kNoNode || graph_.node(scores).op != "MatMul") continue;
      for (ValueId v : graph_.node(scores).inputs) kept_[at(v)] = true;
    }
  }

  // The first node behind the loss that reads each value.
  void find_late_uses() {
    for (size_t n = graph_.nodes.size() - 1; n > loss_; --n)
      for (ValueId v : graph_.nodes[n].inputs)
        if (v != kNoValue) first_late_[at(v)] = n;
  }

  int64_t bytes_left_by(size_t n) const {
    int64_t bytes = 0;
    for (ValueId v : graph_.nodes[n].outputs)
      if (first_late_[at(v)] != kNever) bytes += graph_.type(v).num_bytes();
    return bytes;
  }

  void cut(int64_t segments) {
    std::vector<bool> wanted(graph_.values.size(), false);
    int64_t total = 0, before = 0;
    for (size_t n = loss_ + 1; n-- > 0;) {
      const Node& node = graph_.nodes[n];
      if (n != loss_ && std::none_of(node.outputs.begin(), node.outputs.end(),
                                     [&](ValueId v) { return wanted[at(v)]; }))
        continue;
      segment_[n] = 0;
      total += bytes_left_by(n);
      for (ValueId v : node.inputs)
        if (v != kNoValue) wanted[at(v)] = true;
    }
    for (size_t n = 0; n <= loss_; ++n) {
      if (segment_[n] == kNone) continue;
      segment_[n] = total == 0 ? 0 : std::min(segments - 1, before * segments / total);
      before += bytes_left_by(n);
    }
  }

  // What the backward part needs of the segment is made again before it is needed first.
  void plan(int64_t segment) {
    std::vector<bool> again(loss_ + 1, false);
    size_t first = kNever;
    const auto wants = [&](ValueId v) { return first_late_[at(v)] != kNever && !kept_[at(v)]; };
    for (size_t n = loss_ + 1; n-- > 0;) {
      // A constant is no arithmetic.
      if (segment_[n] != segment || graph_.nodes[n].inputs.empty()) continue;
      for (ValueId v : graph_.nodes[n].outputs)
        if (wants(v)) {
          again[n] = true;
          first = std::min(first, first_late_[at(v)]);
        }
      if (!again[n]) continue;
      for (ValueId v : graph_.nodes[n].inputs)
        if (v != kNoValue && is_forward(v) && segment_of(v) == segment && !kept_[at(v)] &&
            !graph_.node(producer(v)).inputs.empty())
          again[at(producer(v))] = true;
    }
    for (size_t n = 0; n <= loss_; ++n)
      if (again[n]) again_before_.emplace(first, copy_of(n));
  }

  Node copy_of(size_t n) {
    Node node = graph_.nodes[n];
    for (ValueId& v : node.inputs) v = late(v);
    for (ValueId& v : node.outputs) {
      Value value = graph_.value(v);
      const std::string name = value.name + ".again";
      value.name = name;
      for (int64_t i = 2; !names_.insert(value.name).second; ++i)
        value.name = fmt::format("{}{}", name, i);
      const ValueId copy{static_cast<int32_t>(result_.values.size())};
      result_.values.push_back(std::move(value));
      again_.emplace(v, copy);
      v = copy;
    }
    return node;
  }

  // The value that stands for it behind the loss.
  ValueId late(ValueId v) const {
    const auto found = again_.find(v);
    return v == kNoValue || found == again_.end() || kept_[at(v)] ? v : found->second;
  }

  const Graph& graph_;
  Graph result_;
  size_t loss_;                     // the node that makes it
  std::vector<int64_t> segment_;    // [nodes]; kNone: the loss does not depend on it
  std::vector<size_t> first_late_;  // [values]; kNever: no node behind the loss reads it
  std::vector<bool> kept_;          // [values]: another segment reads it, or it is small
  std::set<std::string> names_;
  std::map<ValueId, ValueId> again_;
  std::multimap<size_t, Node> again_before_;  // by node of graph_; in order
};

}  // namespace

Graph recomputed(const Graph& graph, int64_t segments) {
  DOJO_CHECK(segments >= 1);
  const Output* loss = graph.find_output("loss");
  if (segments == 1 || !loss || graph.value(loss->value).producer == kNoNode) return graph;
  return Recomputation(graph, at(graph.value(loss->value).producer), segments).result();
}

FittedStep fit_step(const Graph& graph, int64_t max_bytes,
                    const std::function<int64_t(const Graph&)>& bytes_of) {
  const auto flop = [](const Graph& g) {
    return static_cast<double>(graph_cost(g).total.cost.flop);
  };
  int64_t least = std::numeric_limits<int64_t>::max(), whole = 0;
  for (int64_t segments : kSegments) {
    const Graph less = recomputed(graph, segments);
    const int64_t bytes = bytes_of(less);
    if (segments == 1) whole = bytes;
    if (bytes <= max_bytes) return {segments, bytes, whole, flop(less) / flop(graph) - 1};
    least = std::min(least, bytes);
  }
  throw Error(
      Category::kConfig,
      fmt::format("a step takes at least {} MB, computing what it can again, and {} are allowed",
                  (least + 999'999) / 1'000'000, print_bytes(max_bytes)),
      "--memory", "allow more, or take a smaller batch or size");
}

}  // namespace dojo
