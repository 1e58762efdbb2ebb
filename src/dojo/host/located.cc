#include "dojo/host/located.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "dojo/graph/op.h"

namespace dojo::host {
namespace {

std::vector<int64_t> permutation_of(const Node& transpose, size_t rank) {
  std::vector<int64_t> reversed(rank);
  std::iota(reversed.rbegin(), reversed.rend(), int64_t{0});
  return OpCall{transpose.attributes, {}, {}}.integers("perm", reversed);
}

std::optional<StridedView> slice(const StridedView& view, const Node& node) {
  const OpCall call{node.attributes, {}, {}};
  const Shape shape = view.shape(), starts = call.integers("starts"), ends = call.integers("ends");
  Shape axes(starts.size());
  std::iota(axes.begin(), axes.end(), int64_t{0});
  axes = call.integers("axes", axes);
  std::optional<StridedView> result = view;
  for (size_t i = 0; i < starts.size() && result; ++i) {
    if (call.integers("steps", Shape(starts.size(), 1))[i] != 1 || axes[i] < 0) return {};
    const size_t axis = static_cast<size_t>(axes[i]);
    const auto limited = [&](int64_t place) {
      return std::clamp<int64_t>(place < 0 ? place + shape[axis] : place, 0, shape[axis]);
    };
    result = result->slice(axis, limited(starts[i]), limited(ends[i]));
  }
  return result;
}

// The node's result, if its operand is this view.
std::optional<StridedView> after(const Graph& graph, const Node& node, const StridedView& view) {
  if (node.op == "Reshape") return view.reshape(graph.type(node.outputs[0]).shape);
  if (node.op == "Slice") return slice(view, node);
  return view.transpose(permutation_of(node, view.shape().size()));
}

// The node's operand, if its result is this view. REQUIRES: a Reshape or Transpose.
std::optional<StridedView> before(const Graph& graph, const Node& node, const StridedView& view) {
  if (node.op == "Reshape") return view.reshape(graph.type(node.inputs[0]).shape);
  const std::vector<int64_t> permutation = permutation_of(node, view.shape().size());
  std::vector<int64_t> inverse(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i)
    inverse[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
  return view.transpose(inverse);
}

bool has_rows(const StridedView& view) {
  const std::vector<StridedView::Factor>& columns = view.factors(2);
  return view.factors(1).size() <= 1 && columns.size() == 1 && columns[0].stride == 1;
}

bool moves(const Node& node) { return node.op == "Reshape" || node.op == "Transpose"; }

}  // namespace

// One of several matrices that are put together.
struct Locator::Part {
  std::vector<NodeId> path;  // Reshapes and Transposes, then the Pad
  std::vector<int64_t> begin;
  Shape shape;  // the Pad's operand
};

NodeId Locator::only_reader(ValueId v) const {
  return readers_[at(v)].size() == 1 ? readers_[at(v)][0] : kNoNode;
}

Located Locator::source(ValueId v, std::vector<NodeId>& left_out) const {
  std::vector<NodeId> path;  // from v on
  for (ValueId at_value = v;;) {
    const NodeId n = graph_.value(at_value).producer;
    if (n == kNoNode || !(moves(graph_.node(n)) || graph_.node(n).op == "Slice")) break;
    path.push_back(n);
    at_value = graph_.node(n).inputs[0];
  }
  for (; !path.empty(); path.pop_back()) {
    const ValueId base = graph_.node(path.back()).inputs[0];
    std::optional<StridedView> view(graph_.type(base).shape);
    for (size_t i = path.size(); i-- > 0 && view;)
      view = after(graph_, graph_.node(path[i]), *view);
    if (!view || !has_rows(*view)) continue;
    left_out.insert(left_out.end(), path.begin(), path.end());
    return {base, *view};
  }
  return {v, StridedView(graph_.type(v).shape)};
}

std::vector<NodeId> Locator::moves_behind(ValueId v) const {
  std::vector<NodeId> path;
  for (ValueId last = v;; last = graph_.node(path.back()).outputs[0]) {
    const NodeId n = only_reader(last);
    if (n == kNoNode || !moves(graph_.node(n))) return path;
    path.push_back(n);
  }
}

std::optional<StridedView> Locator::before_all(const std::vector<NodeId>& path,
                                               const StridedView& behind) const {
  std::optional<StridedView> view = behind;
  for (size_t i = path.size(); i-- > 0 && view;) view = before(graph_, graph_.node(path[i]), *view);
  return view;
}

Located Locator::result(ValueId v, std::vector<NodeId>& left_out) const {
  std::vector<NodeId> path = moves_behind(v);
  for (; !path.empty(); path.pop_back()) {
    const ValueId base = graph_.node(path.back()).outputs[0];
    const auto view = before_all(path, StridedView(graph_.type(base).shape));
    if (!view || !has_rows(*view)) continue;
    left_out.insert(left_out.end(), path.begin(), path.end());
    return {base, *view};
  }
  return {v, StridedView(graph_.type(v).shape)};
}

bool Locator::find_part(ValueId v, Part& part) const {
  for (ValueId last = v;; last = graph_.node(part.path.back()).outputs[0]) {
    const NodeId n = only_reader(last);
    if (n == kNoNode) return false;
    const Node& node = graph_.node(n);
    part.path.push_back(n);
    if (moves(node)) continue;
    const OpCall call{node.attributes, {}, {}};
    if (node.op != "Pad" || call.number("value", 0) != 0) return false;
    part.shape = graph_.type(last).shape;
    part.begin = call.integers("pads");
    part.begin.resize(part.shape.size());
    return true;
  }
}

bool Locator::joined(const std::array<ValueId, 3>& v, std::array<Located, 3>& found,
                     std::vector<NodeId>& left_out) const {
  std::array<Part, 3> parts;
  std::array<ValueId, 3> padded;
  for (size_t i = 0; i < 3; ++i) {
    if (!find_part(v[i], parts[i])) return false;
    padded[i] = graph_.node(parts[i].path.back()).outputs[0];
  }
  // The sum of all three: no two overlap, so that it is their union, if that is the whole.
  const Shape& whole = graph_.type(padded[0]).shape;
  int64_t elements = 0;
  for (size_t i = 0; i < 3; ++i) {
    if (graph_.type(padded[i]).shape != whole) return false;
    elements += num_elements(parts[i].shape);
    for (size_t k = 0; k < i; ++k) {
      bool apart = false;
      for (size_t d = 0; d < whole.size(); ++d)
        apart = apart || parts[i].begin[d] >= parts[k].begin[d] + parts[k].shape[d] ||
                parts[k].begin[d] >= parts[i].begin[d] + parts[i].shape[d];
      if (!apart) return false;
    }
  }
  if (elements != num_elements(whole)) return false;
  std::array<NodeId, 3> adds;
  for (size_t i = 0; i < 3; ++i) {
    adds[i] = only_reader(padded[i]);
    if (adds[i] == kNoNode || graph_.node(adds[i]).op != "Add") return false;
  }
  std::sort(adds.begin(), adds.end());  // the first Add adds two
  if (adds[0] != adds[1] || adds[1] == adds[2]) return false;
  if (only_reader(graph_.node(adds[0]).outputs[0]) != adds[2]) return false;

  const ValueId sum = graph_.node(adds[2]).outputs[0];
  std::vector<NodeId> path = moves_behind(sum);
  for (;; path.pop_back()) {
    const ValueId base = path.empty() ? sum : graph_.node(path.back()).outputs[0];
    const auto view = before_all(path, StridedView(graph_.type(base).shape));
    bool good = view.has_value();
    for (size_t i = 0; i < 3 && good; ++i) {
      const Part& part = parts[i];
      std::optional<StridedView> mine = view;
      for (size_t d = 0; d < whole.size() && mine; ++d)
        mine = mine->slice(d, part.begin[d], part.begin[d] + part.shape[d]);
      if (mine) mine = before_all({part.path.begin(), part.path.end() - 1}, *mine);
      good = mine && has_rows(*mine);
      if (good) found[i] = {base, *mine};
    }
    if (good) break;
    if (path.empty()) return false;
  }
  for (const Part& part : parts)
    left_out.insert(left_out.end(), part.path.begin(), part.path.end());
  left_out.insert(left_out.end(), {adds[0], adds[2]});
  left_out.insert(left_out.end(), path.begin(), path.end());
  return true;
}

std::array<Located, 3> Locator::results(const std::array<ValueId, 3>& v,
                                        std::vector<NodeId>& left_out) const {
  const auto alone = [&](ValueId x) { return Located{x, StridedView(graph_.type(x).shape)}; };
  std::array<Located, 3> found = {alone(v[0]), alone(v[1]), alone(v[2])};
  if (!joined(v, found, left_out))
    for (size_t i = 0; i < 3; ++i) found[i] = result(v[i], left_out);
  return found;
}

}  // namespace dojo::host
