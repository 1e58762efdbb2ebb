#include "dojo/host/units.h"

#include <algorithm>
#include <queue>

#include "dojo/base/check.h"
#include "dojo/host/fuse.h"
#include "dojo/host/merger.h"

namespace dojo::host {
namespace {

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

// Sets Unit::commits: phase two is what no output needs. A unit that one of phase one needs is of
// phase one too, even where it was joined with nodes that only updates need.
void set_phases(const Graph& graph, const std::vector<std::vector<int32_t>>& users, Merger& m) {
  const std::vector<bool> needed = needed_for_outputs(graph);
  for (int32_t u = 0; u < m.num_units(); ++u) {
    Unit& unit = m.unit(u);
    unit.commits = !unit.nodes.empty();
    for (NodeId n : unit.nodes)
      for (ValueId v : graph.node(n).outputs)
        if (needed[at(v)]) unit.commits = false;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (int32_t u = 0; u < m.num_units(); ++u)
      if (m.unit(u).commits)
        for (int32_t user : users[static_cast<size_t>(u)])
          if (!m.unit(user).commits) {
            m.unit(u).commits = false;
            changed = true;
          }
  }
}

}  // namespace

std::string_view name(Unit::Kind kind) {
  using enum Unit::Kind;
  switch (kind) {
    case kNode:
      return "node";
    case kElementwise:
      return "elementwise";
    case kAdamW:
      return "adamw";
    case kMomentum:
      return "momentum";
    case kLerp:
      return "average";
    case kSumOfSquares:
      return "sum-of-squares";
    case kNorm:
      return "norm";
    case kNormGrad:
      return "norm-grad";
    case kConvGrad:
      return "conv-grad";
    case kAttention:
      return "attention";
    case kAttentionGrad:
      return "attention-grad";
    case kSoftmaxGrad:
      return "softmax-grad";
  }
  DOJO_CHECK(false);
  return "";
}

std::vector<Unit> make_units(const Graph& graph, const Constants& constants,
                             const std::vector<Layout>& layouts, bool fuse) {
  Merger m(graph, constants);
  if (fuse) fuse_units(graph, constants, layouts, m);

  const size_t count = static_cast<size_t>(m.num_units());
  std::vector<std::vector<int32_t>> users(count);  // the units that read a unit's results
  std::vector<size_t> waits(count, 0);             // the number of units whose results it reads
  size_t left = 0;
  for (int32_t u = 0; u < m.num_units(); ++u) {
    std::vector<int32_t> sources;
    for (NodeId n : m.unit(u).nodes)
      for (ValueId v : graph.node(n).inputs)
        if (v != kNoValue && m.producer(v) != Merger::kNone && m.producer(v) != u)
          sources.push_back(m.producer(v));
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    for (int32_t p : sources) users[static_cast<size_t>(p)].push_back(u);
    waits[static_cast<size_t>(u)] = sources.size();
    if (!m.unit(u).nodes.empty()) ++left;
  }
  set_phases(graph, users, m);

  // Phase one before phase two; within a phase by the last node, which is when a unit's results are
  // wanted.
  using Ready = std::pair<std::pair<bool, NodeId>, int32_t>;
  std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
  const auto push = [&](int32_t u) {
    ready.push({{m.unit(u).commits, m.unit(u).nodes.back()}, u});
  };
  for (int32_t u = 0; u < m.num_units(); ++u)
    if (!m.unit(u).nodes.empty() && waits[static_cast<size_t>(u)] == 0) push(u);
  std::vector<Unit> result;
  for (; !ready.empty(); --left) {
    const int32_t u = ready.top().second;
    ready.pop();
    result.push_back(m.unit(u));
    for (int32_t user : users[static_cast<size_t>(u)])
      if (--waits[static_cast<size_t>(user)] == 0) push(user);
  }
  DOJO_CHECK_EQ(left, size_t{0});  // units never wait for each other in a circle
  return result;
}

}  // namespace dojo::host
