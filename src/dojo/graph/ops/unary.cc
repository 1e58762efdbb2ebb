// Functions of one f32 operand, element by element, whose gradients are built of other ops.
#include <algorithm>
#include <cmath>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

template <double (*f)(double)>
void evaluate(const OpCall& call, Inputs inputs, Outputs outputs) {
  std::transform(inputs[0]->data.begin(), inputs[0]->data.end(), outputs[0].data.begin(), f);
}

double negate(double x) { return -x; }
double absolute(double x) { return std::abs(x); }
double sign(double x) { return std::isnan(x) ? x : static_cast<double>((x > 0) - (x < 0)); }
double square_root(double x) { return std::sqrt(x); }
double exponential(double x) { return std::exp(x); }
double logarithm(double x) { return std::log(x); }
double reciprocal(double x) { return 1 / x; }
double tangent(double x) { return std::tanh(x); }
// Both branches avoid exp of a large positive number.
double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

std::vector<ValueId> neg_gradient(Builder& b, const Node&, Gradients dy, const Wanted&) {
  return {b.op("Neg", {dy[0]})};
}
std::vector<ValueId> abs_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.mul(dy[0], b.op("Sign", {node.inputs[0]}))};
}
// Constant between its jumps.
std::vector<ValueId> sign_gradient(Builder&, const Node&, Gradients, const Wanted&) {
  return {kNoValue};
}
std::vector<ValueId> sqrt_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.div(b.mul(dy[0], 0.5), node.outputs[0])};
}
std::vector<ValueId> exp_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.mul(dy[0], node.outputs[0])};
}
std::vector<ValueId> log_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.div(dy[0], node.inputs[0])};
}
// d(1/x) = -y y dx
std::vector<ValueId> reciprocal_gradient(Builder& b, const Node& node, Gradients dy,
                                         const Wanted&) {
  return {b.op("Neg", {b.mul(dy[0], b.mul(node.outputs[0], node.outputs[0]))})};
}
// y (1 - y)
std::vector<ValueId> sigmoid_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const ValueId y = node.outputs[0];
  return {b.mul(dy[0], b.mul(y, b.sub(b.constant(1), y)))};
}
// 1 - y y
std::vector<ValueId> tanh_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const ValueId y = node.outputs[0];
  return {b.mul(dy[0], b.sub(b.constant(1), b.mul(y, y)))};
}
std::vector<ValueId> relu_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.op("ReluGrad", {dy[0], node.outputs[0]})};
}
double relu(double x) { return std::isnan(x) || x > 0 ? x : 0; }

void evaluate_relu_grad(const OpCall& call, Inputs inputs, Outputs outputs) {
  for (size_t i = 0; i < outputs[0].data.size(); ++i)
    outputs[0].data[i] = inputs[1]->data[i] > 0 ? inputs[0]->data[i] : 0;
}

template <int flop, auto evaluate_op>
OpDef unary(std::string_view name, std::string_view summary, decltype(OpDef::gradient) gradient) {
  return {.name = name,
          .summary = summary,
          .min_inputs = 1,
          .max_inputs = 1,
          .infer = infer_elementwise,
          .gradient = gradient,
          .evaluate = evaluate_op,
          .cost = elementwise_cost<flop>};
}

}  // namespace

// A function such as exp counts as 10 FLOP.
const OpDef kNeg = unary<1, evaluate<negate>>("Neg", "(x) -> y: -x", neg_gradient);
const OpDef kAbs = unary<1, evaluate<absolute>>("Abs", "(x) -> y: |x|", abs_gradient);
const OpDef kSign =
    unary<1, evaluate<sign>>("Sign", "(x) -> y: -1, 0 or 1; its gradient is 0", sign_gradient);
const OpDef kSqrt = unary<1, evaluate<square_root>>("Sqrt", "(x) -> y: square root", sqrt_gradient);
const OpDef kExp = unary<10, evaluate<exponential>>("Exp", "(x) -> y: e to the x", exp_gradient);
const OpDef kLog =
    unary<10, evaluate<logarithm>>("Log", "(x) -> y: natural logarithm", log_gradient);
const OpDef kReciprocal =
    unary<1, evaluate<reciprocal>>("Reciprocal", "(x) -> y: 1 / x", reciprocal_gradient);
const OpDef kSigmoid =
    unary<12, evaluate<sigmoid>>("Sigmoid", "(x) -> y: 1 / (1 + exp(-x))", sigmoid_gradient);
const OpDef kTanh =
    unary<12, evaluate<tangent>>("Tanh", "(x) -> y: hyperbolic tangent", tanh_gradient);
const OpDef kRelu =
    unary<1, evaluate<relu>>("Relu", "(x) -> y: max(x, 0); NaN stays", relu_gradient);
const OpDef kReluGrad{.name = "ReluGrad",
                      .summary = "(dy, y) -> dx: dy where y = Relu(x) is positive, else 0",
                      .min_inputs = 2,
                      .max_inputs = 2,
                      .infer = infer_elementwise,
                      .evaluate = evaluate_relu_grad,
                      .cost = elementwise_cost<1>};

}  // namespace dojo::ops
