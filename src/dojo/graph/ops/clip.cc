// Clip: limits as attributes, because ours are always constants.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<Type> infer(const OpCall& call) {
  const double low = call.number("min", -kInfinity), high = call.number("max", kInfinity);
  if (!(low <= high)) bad(fmt::format("min {} is above max {}", low, high));
  return infer_elementwise(call);
}

void evaluate(const OpCall& call, Inputs inputs, Outputs outputs) {
  const double low = call.number("min", -kInfinity), high = call.number("max", kInfinity);
  for (size_t i = 0; i < outputs[0].data.size(); ++i) {
    const double x = inputs[0]->data[i];
    outputs[0].data[i] = x < low ? low : x > high ? high : x;  // NaN stays
  }
}

// 1 where Clip changed nothing, limits included, as in PyTorch: 1 - |sign(x - y)|.
std::vector<ValueId> gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const ValueId changed = b.op("Abs", {b.op("Sign", {b.sub(node.inputs[0], node.outputs[0])})});
  return {b.mul(dy[0], b.sub(b.constant(1), changed))};
}

}  // namespace

const OpDef kClip{.name = "Clip",
                  .summary = "(x; min = -inf, max = inf) -> y: x limited to [min, max]; NaN stays",
                  .min_inputs = 1,
                  .max_inputs = 1,
                  .attributes = {"max", "min"},
                  .infer = infer,
                  .gradient = gradient,
                  .evaluate = evaluate,
                  .cost = elementwise_cost<2>};

}  // namespace dojo::ops
