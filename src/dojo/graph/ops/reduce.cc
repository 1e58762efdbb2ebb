// ReduceSum ReduceMean ReduceSumSquare ReduceMax over some axes (all by default).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

// By dimension of the operand: is it reduced?
std::vector<bool> reduced_dimensions(const OpCall& call) {
  const size_t rank = call.in(0).size();
  if (!call.attributes.contains("axes")) return std::vector<bool>(rank, true);
  std::vector<bool> reduced(rank, false);
  for (int64_t a : call.integers("axes")) {
    const size_t axis = axis_of(a, rank);
    if (reduced[axis]) bad(fmt::format("axis {} is there twice", axis));
    reduced[axis] = true;
  }
  return reduced;
}

// The operand's shape with 1 in place of each reduced dimension.
Shape kept_shape(const OpCall& call) {
  Shape shape = call.in(0);
  const std::vector<bool> reduced = reduced_dimensions(call);
  for (size_t d = 0; d < shape.size(); ++d)
    if (reduced[d]) shape[d] = 1;
  return shape;
}

std::vector<Type> infer(const OpCall& call) {
  require_f32(call);
  const int64_t keepdims = call.integer("keepdims", 1);
  if (keepdims != 0 && keepdims != 1) bad(fmt::format("keepdims is {}, not 0 or 1", keepdims));
  const Shape kept = kept_shape(call);
  if (keepdims) return {{Format::kF32, kept}};
  const std::vector<bool> reduced = reduced_dimensions(call);
  Shape shape;
  for (size_t d = 0; d < kept.size(); ++d)
    if (!reduced[d]) shape.push_back(kept[d]);
  return {{Format::kF32, shape}};
}

double sum(double total, double x) { return total + x; }
double sum_square(double total, double x) { return total + x * x; }
double max(double total, double x) { return std::isnan(total) || total > x ? total : x; }

template <double (*f)(double, double)>
void evaluate(const OpCall& call, Inputs inputs, Outputs outputs) {
  const std::vector<int64_t> strides = broadcast_strides(kept_shape(call), call.in(0));
  if (f == max)
    std::fill(outputs[0].data.begin(), outputs[0].data.end(),
              -std::numeric_limits<double>::infinity());
  for_each_index(call.in(0), [&](const auto& index, size_t n) {
    double& total = outputs[0].data[static_cast<size_t>(offset_of(index, strides))];
    total = f(total, inputs[0]->data[n]);
  });
}

double reduced_count(const OpCall& call) {
  return static_cast<double>(num_elements(call.in(0))) /
         static_cast<double>(num_elements(kept_shape(call)));
}

void evaluate_mean(const OpCall& call, Inputs inputs, Outputs outputs) {
  evaluate<sum>(call, inputs, outputs);
  for (double& x : outputs[0].data) x /= reduced_count(call);
}

// A value of the result's shape, with the reduced dimensions back as 1.
ValueId with_dims(Builder& b, const Node& node, ValueId v) {
  return b.reshape(v, from_call(b, node, kept_shape));
}

ValueId expand_like(Builder& b, ValueId v, ValueId like) {
  const Shape shape = b.shape(like);
  return b.shape(v) == shape ? v : b.op("Expand", {v}, {{"shape", shape}});
}

std::vector<ValueId> sum_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {expand_like(b, with_dims(b, node, dy[0]), node.inputs[0])};
}

std::vector<ValueId> mean_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const double count = static_cast<double>(num_elements(b.shape(node.inputs[0]))) /
                       static_cast<double>(num_elements(b.shape(dy[0])));
  return {expand_like(b, with_dims(b, node, b.mul(dy[0], 1 / count)), node.inputs[0])};
}

std::vector<ValueId> sum_square_gradient(Builder& b, const Node& node, Gradients dy,
                                         const Wanted&) {
  return {b.mul(node.inputs[0], with_dims(b, node, b.mul(dy[0], 2)))};
}

// Equal maxima share the gradient, as in PyTorch's amax.
std::vector<ValueId> max_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const ValueId x = node.inputs[0], y = with_dims(b, node, node.outputs[0]);
  const ValueId below = b.op("Abs", {b.op("Sign", {b.sub(x, y)})});
  const ValueId is_max = b.sub(b.constant(1), below);
  const ValueId count = b.sum_to(is_max, b.shape(y));
  return {b.mul(is_max, b.div(with_dims(b, node, dy[0]), count))};
}

template <int flop>
Cost cost(const OpCall& call) {
  return {.flop = flop * static_cast<double>(num_elements(call.in(0)))};
}

OpDef reduction(std::string_view name, std::string_view summary, decltype(OpDef::gradient) gradient,
                decltype(OpDef::evaluate) evaluate_op, decltype(OpDef::cost) cost_of) {
  return {.name = name,
          .summary = summary,
          .min_inputs = 1,
          .max_inputs = 1,
          .attributes = {"axes", "keepdims"},
          .infer = infer,
          .gradient = gradient,
          .evaluate = evaluate_op,
          .cost = cost_of};
}

}  // namespace

const OpDef kReduceSum = reduction("ReduceSum", "(x; axes = all, keepdims = 1) -> y: sum",
                                   sum_gradient, evaluate<sum>, cost<1>);
const OpDef kReduceMean = reduction("ReduceMean", "(x; axes = all, keepdims = 1) -> y: mean",
                                    mean_gradient, evaluate_mean, cost<1>);
const OpDef kReduceSumSquare =
    reduction("ReduceSumSquare", "(x; axes = all, keepdims = 1) -> y: sum of squares",
              sum_square_gradient, evaluate<sum_square>, cost<2>);
const OpDef kReduceMax =
    reduction("ReduceMax", "(x; axes = all, keepdims = 1) -> y: maximum; NaN wins", max_gradient,
              evaluate<max>, cost<1>);

}  // namespace dojo::ops
