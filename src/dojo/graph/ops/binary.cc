// Add Sub Mul Div Min Max: two f32 operands that broadcast as in numpy. A gradient is summed back
// to its operand's shape.
#include <algorithm>
#include <cmath>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

std::vector<Type> infer(const OpCall& call) {
  require_f32(call);
  return {{Format::kF32, broadcast(call.in(0), call.in(1))}};
}

template <double (*f)(double, double)>
void evaluate(const OpCall& call, Inputs inputs, Outputs outputs) {
  const auto a = broadcast_strides(call.in(0), call.out(0));
  const auto b = broadcast_strides(call.in(1), call.out(0));
  for_each_index(call.out(0), [&](const auto& index, size_t n) {
    outputs[0].data[n] = f(inputs[0]->data[static_cast<size_t>(offset_of(index, a))],
                           inputs[1]->data[static_cast<size_t>(offset_of(index, b))]);
  });
}

double add(double a, double b) { return a + b; }
double sub(double a, double b) { return a - b; }
double mul(double a, double b) { return a * b; }
double div(double a, double b) { return a / b; }
// A NaN operand gives NaN, as in ONNX and numpy.
double min(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double max(double a, double b) { return std::isnan(a) || a > b ? a : b; }

std::vector<ValueId> add_gradient(Builder& b, const Node& node, Gradients dy,
                                  const Wanted& wanted) {
  std::vector<ValueId> result(2, kNoValue);
  for (size_t i = 0; i < 2; ++i)
    if (wanted[i]) result[i] = b.sum_to(dy[0], b.shape(node.inputs[i]));
  return result;
}

std::vector<ValueId> sub_gradient(Builder& b, const Node& node, Gradients dy,
                                  const Wanted& wanted) {
  std::vector<ValueId> result = add_gradient(b, node, dy, wanted);
  if (wanted[1]) result[1] = b.op("Neg", {result[1]});
  return result;
}

std::vector<ValueId> mul_gradient(Builder& b, const Node& node, Gradients dy,
                                  const Wanted& wanted) {
  std::vector<ValueId> result(2, kNoValue);
  for (size_t i = 0; i < 2; ++i)
    if (wanted[i]) result[i] = b.sum_to(b.mul(dy[0], node.inputs[1 - i]), b.shape(node.inputs[i]));
  return result;
}

// d(a/b) = da/b - y db/b
std::vector<ValueId> div_gradient(Builder& b, const Node& node, Gradients dy,
                                  const Wanted& wanted) {
  std::vector<ValueId> result(2, kNoValue);
  const ValueId da = b.div(dy[0], node.inputs[1]);
  if (wanted[0]) result[0] = b.sum_to(da, b.shape(node.inputs[0]));
  if (wanted[1])
    result[1] = b.op("Neg", {b.sum_to(b.mul(da, node.outputs[0]), b.shape(node.inputs[1]))});
  return result;
}

// The winner gets the gradient; equal operands get half each, as in PyTorch. `sign` is +1 for Max,
// -1 for Min.
template <int sign>
std::vector<ValueId> extremum_gradient(Builder& b, const Node& node, Gradients dy,
                                       const Wanted& wanted) {
  std::vector<ValueId> result(2, kNoValue);
  const ValueId which = b.op("Sign", {b.sub(node.inputs[0], node.inputs[1])});
  for (size_t i = 0; i < 2; ++i)
    if (wanted[i]) {
      const ValueId share = b.add(b.mul(which, i == 0 ? 0.5 * sign : -0.5 * sign), 0.5);
      result[i] = b.sum_to(b.mul(dy[0], share), b.shape(node.inputs[i]));
    }
  return result;
}

}  // namespace

const OpDef kAdd{.name = "Add",
                 .summary = "(a, b) -> y: a + b; broadcasts",
                 .min_inputs = 2,
                 .max_inputs = 2,
                 .infer = infer,
                 .gradient = add_gradient,
                 .evaluate = evaluate<add>,
                 .cost = elementwise_cost<1>};
const OpDef kSub{.name = "Sub",
                 .summary = "(a, b) -> y: a - b; broadcasts",
                 .min_inputs = 2,
                 .max_inputs = 2,
                 .infer = infer,
                 .gradient = sub_gradient,
                 .evaluate = evaluate<sub>,
                 .cost = elementwise_cost<1>};
const OpDef kMul{.name = "Mul",
                 .summary = "(a, b) -> y: a b; broadcasts",
                 .min_inputs = 2,
                 .max_inputs = 2,
                 .infer = infer,
                 .gradient = mul_gradient,
                 .evaluate = evaluate<mul>,
                 .cost = elementwise_cost<1>};
const OpDef kDiv{.name = "Div",
                 .summary = "(a, b) -> y: a / b; broadcasts",
                 .min_inputs = 2,
                 .max_inputs = 2,
                 .infer = infer,
                 .gradient = div_gradient,
                 .evaluate = evaluate<div>,
                 .cost = elementwise_cost<1>};
const OpDef kMin{.name = "Min",
                 .summary = "(a, b) -> y: the smaller; broadcasts; NaN wins",
                 .min_inputs = 2,
                 .max_inputs = 2,
                 .infer = infer,
                 .gradient = extremum_gradient<-1>,
                 .evaluate = evaluate<min>,
                 .cost = elementwise_cost<1>};
const OpDef kMax{.name = "Max",
                 .summary = "(a, b) -> y: the larger; broadcasts; NaN wins",
                 .min_inputs = 2,
                 .max_inputs = 2,
                 .infer = infer,
                 .gradient = extremum_gradient<1>,
                 .evaluate = evaluate<max>,
                 .cost = elementwise_cost<1>};

}  // namespace dojo::ops
