// Gelu, x P(N(0,1) < x), exact or with the usual approximation by tanh (ONNX opset 20), and its
// gradient op.
#include <cmath>
#include <numbers>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

const double kSqrt2OverPi = std::sqrt(2 / std::numbers::pi);
constexpr double kCubic = 0.044715;

bool is_tanh(const OpCall& call) {
  const std::string approximate = call.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    bad("approximate is \"" + approximate + "\"", "use \"none\" or \"tanh\"");
  return approximate == "tanh";
}

std::vector<Type> infer(const OpCall& call) {
  is_tanh(call);
  return infer_elementwise(call);
}

// P(N(0,1) < x)
double normal_cdf(double x) { return 0.5 * (1 + std::erf(x / std::numbers::sqrt2)); }

void evaluate(const OpCall& call, Inputs inputs, Outputs outputs) {
  const bool approximate = is_tanh(call);
  for (size_t i = 0; i < outputs[0].data.size(); ++i) {
    const double x = inputs[0]->data[i];
    outputs[0].data[i] = approximate
                             ? 0.5 * x * (1 + std::tanh(kSqrt2OverPi * (x + kCubic * x * x * x)))
                             : x * normal_cdf(x);
  }
}

void evaluate_grad(const OpCall& call, Inputs inputs, Outputs outputs) {
  const bool approximate = is_tanh(call);
  for (size_t i = 0; i < outputs[0].data.size(); ++i) {
    const double x = inputs[1]->data[i];
    double slope;
    if (approximate) {
      const double t = std::tanh(kSqrt2OverPi * (x + kCubic * x * x * x));
      slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * kSqrt2OverPi * (1 + 3 * kCubic * x * x);
    } else {
      slope = normal_cdf(x) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
    }
    outputs[0].data[i] = inputs[0]->data[i] * slope;
  }
}

std::vector<ValueId> gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.op("GeluGrad", {dy[0], node.inputs[0]}, node.attributes)};
}

}  // namespace

const OpDef kGelu{.name = "Gelu",
                  .summary = "(x; approximate none|tanh) -> y: x P(N(0,1) < x)",
                  .min_inputs = 1,
                  .max_inputs = 1,
                  .attributes = {"approximate"},
                  .infer = infer,
                  .gradient = gradient,
                  .evaluate = evaluate,
                  .cost = elementwise_cost<14>};
const OpDef kGeluGrad{.name = "GeluGrad",
                      .summary = "(dy, x; approximate) -> dx: dy times the slope of Gelu at x",
                      .min_inputs = 2,
                      .max_inputs = 2,
                      .attributes = {"approximate"},
                      .infer = infer,
                      .evaluate = evaluate_grad,
                      .cost = elementwise_cost<28>};

}  // namespace dojo::ops
