// Slice and Pad, each the other's gradient.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

struct Range {
  int64_t begin, end, step;
  int64_t count() const { return end > begin ? (end - begin + step - 1) / step : 0; }
};

// One range for each dimension: negative starts and ends count from the back, then both are limited
// to the dimension.
std::vector<Range> ranges_of(const OpCall& call) {
  const Shape& shape = call.in(0);
  const std::vector<int64_t> starts = call.integers("starts"), ends = call.integers("ends");
  std::vector<int64_t> first_axes(starts.size());
  std::iota(first_axes.begin(), first_axes.end(), 0);
  const std::vector<int64_t> axes = call.integers("axes", first_axes);
  const std::vector<int64_t> steps = call.integers("steps", std::vector<int64_t>(starts.size(), 1));
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    bad(fmt::format("{} starts, {} ends, {} axes, {} steps", starts.size(), ends.size(),
                    axes.size(), steps.size()));
  std::vector<Range> result;
  for (int64_t size : shape) result.push_back({0, size, 1});
  std::set<size_t> seen;
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = axis_of(axes[i], shape.size());
    if (!seen.insert(axis).second) bad(fmt::format("axis {} is there twice", axis));
    if (steps[i] < 1) bad(fmt::format("a step of {}; at least 1", steps[i]));
    auto limited = [size = shape[axis]](int64_t x) {
      return std::clamp<int64_t>(x < 0 ? x + size : x, 0, size);
    };
    // A step beyond the dimension takes one element, like the dimension itself, and cannot overflow
    // in count().
    result[axis] = {limited(starts[i]), limited(ends[i]), std::min(steps[i], shape[axis])};
    if (result[axis].count() == 0)
      bad(fmt::format("[{}, {}) of axis {} is empty in {}", starts[i], ends[i], axis,
                      to_string(shape)));
  }
  return result;
}

std::vector<Type> infer_slice(const OpCall& call) {
  Shape shape;
  for (const Range& range : ranges_of(call)) shape.push_back(range.count());
  return {{call.inputs[0]->format, shape}};
}

void evaluate_slice(const OpCall& call, Inputs inputs, Outputs outputs) {
  const std::vector<Range> ranges = ranges_of(call);
  View view{call.out(0), 0, strides_of(call.in(0))};
  for (size_t d = 0; d < ranges.size(); ++d) {
    view.begin += ranges[d].begin * view.strides[d];
    view.strides[d] *= ranges[d].step;
  }
  read_view(*inputs[0], view, outputs[0]);
}

// Reads what it takes, not all of the operand.
Cost slice_cost(const OpCall& call) {
  const double bytes = static_cast<double>(call.outputs[0].num_bytes());
  return {.flop = 0, .bytes_read = bytes, .bytes_written = bytes};
}

ValueId pad(Builder& b, ValueId x, std::vector<int64_t> before, const std::vector<int64_t>& after) {
  before.insert(before.end(), after.begin(), after.end());
  if (std::all_of(before.begin(), before.end(), [](int64_t p) { return p == 0; })) return x;
  return b.op("Pad", {x}, {{"pads", std::move(before)}});
}

// Zeros where nothing was taken. For a step s each element first gets s-1 zeros behind it: [n] ->
// [n,1] -> [n,s] -> [n s].
std::vector<ValueId> slice_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const std::vector<Range> ranges = from_call(b, node, ranges_of);
  const Shape whole = b.shape(node.inputs[0]);
  ValueId g = dy[0];
  std::vector<int64_t> before, after;
  for (size_t d = 0; d < ranges.size(); ++d) {
    const Range& range = ranges[d];
    int64_t covered = range.count();
    if (range.step > 1) {
      Shape shape = b.shape(g);
      shape.insert(shape.begin() + static_cast<int64_t>(d) + 1, 1);
      std::vector<int64_t> none(shape.size(), 0), behind(shape.size(), 0);
      behind[d + 1] = range.step - 1;
      g = pad(b, b.reshape(g, shape), none, behind);
      shape.erase(shape.begin() + static_cast<int64_t>(d) + 1);
      shape[d] *= range.step;
      g = b.reshape(g, shape);
      covered *= range.step;
      if (range.begin + covered > whole[d]) {
        covered = whole[d] - range.begin;
        g = b.slice(g, static_cast<int64_t>(d), 0, covered);
      }
    }
    before.push_back(range.begin);
    after.push_back(whole[d] - range.begin - covered);
  }
  return {pad(b, g, before, after)};
}

std::vector<int64_t> pads_of(const OpCall& call) {
  std::vector<int64_t> pads = call.integers("pads");
  if (pads.size() != 2 * call.in(0).size())
    bad(fmt::format("{} pads for {}; one before and one after each dimension", pads.size(),
                    to_string(call.in(0))));
  for (int64_t p : pads)
    if (p < 0 || p > kMaxElements) bad(fmt::format("a pad of {}", p), "use Slice to cut");
  return pads;
}

std::vector<Type> infer_pad(const OpCall& call) {
  const std::vector<int64_t> pads = pads_of(call);
  call.number("value", 0);
  Type type = *call.inputs[0];
  const size_t rank = type.shape.size();
  for (size_t d = 0; d < rank; ++d) type.shape[d] += pads[d] + pads[rank + d];
  if (type.format != Format::kF32 && call.number("value", 0) != 0)
    bad("only f32 can be padded with a number other than 0");
  return {type};
}

void evaluate_pad(const OpCall& call, Inputs inputs, Outputs outputs) {
  const std::vector<int64_t> pads = pads_of(call);
  std::fill(outputs[0].data.begin(), outputs[0].data.end(), call.number("value", 0));
  View inside{call.in(0), 0, strides_of(call.out(0))};
  for (size_t d = 0; d < inside.strides.size(); ++d) inside.begin += pads[d] * inside.strides[d];
  write_view(*inputs[0], inside, outputs[0]);
}

std::vector<ValueId> pad_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const Shape shape = b.shape(node.inputs[0]);
  const auto pads = std::get<std::vector<int64_t>>(node.attributes.at("pads"));
  std::vector<int64_t> axes, starts, ends;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (pads[d] == 0 && pads[shape.size() + d] == 0) continue;
    axes.push_back(static_cast<int64_t>(d));
    starts.push_back(pads[d]);
    ends.push_back(pads[d] + shape[d]);
  }
  if (axes.empty()) return {dy[0]};
  return {b.op("Slice", {dy[0]}, {{"axes", axes}, {"starts", starts}, {"ends", ends}})};
}

}  // namespace

const OpDef kSlice{.name = "Slice",
                   .summary =
                       "(x; starts, ends, axes = [0,1,...], steps = [1,...]) -> y: [start, end) of "
                       "each axis; negative ones count from the back; steps are positive",
                   .min_inputs = 1,
                   .max_inputs = 1,
                   .attributes = {"axes", "ends", "starts", "steps"},
                   .infer = infer_slice,
                   .gradient = slice_gradient,
                   .evaluate = evaluate_slice,
                   .cost = slice_cost};
const OpDef kPad{.name = "Pad",
                 .summary = "(x; pads = [before..., after...], value = 0) -> y: a constant border",
                 .min_inputs = 1,
                 .max_inputs = 1,
                 .attributes = {"pads", "value"},
                 .infer = infer_pad,
                 .gradient = pad_gradient,
                 .evaluate = evaluate_pad};

}  // namespace dojo::ops
