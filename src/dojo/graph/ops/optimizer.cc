// AdamW and Momentum: one parameter's update with the meaning of PyTorch's torch.optim.AdamW and
// SGD. Learning rate and step are operands, so a schedule needs no new graph; `grad_scale`
// multiplies the gradient first (clipping by norm).
#include <fmt/format.h>

#include <cmath>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

// The first `tensors` operands have the parameter's shape, the others are scalars.
void check_operands(const OpCall& call, size_t tensors) {
  require_f32(call);
  for (size_t i = 1; i < call.inputs.size(); ++i)
    if (i < tensors)
      require_same_shape(call, 0, i);
    else if (call.has(i))
      require_scalar(call, i);
}

double in_range(const OpCall& call, std::string_view name, double otherwise, double low,
                double high) {
  const double x = call.number(name, otherwise);
  if (!(x >= low && x <= high)) bad(fmt::format("{} is {}, not in [{}, {}]", name, x, low, high));
  return x;
}

struct AdamWOptions {
  explicit AdamWOptions(const OpCall& call)
      : beta1(in_range(call, "beta1", 0.9, 0, 1)),
        beta2(in_range(call, "beta2", 0.999, 0, 1)),
        epsilon(in_range(call, "epsilon", 1e-8, 0, 1)),
        weight_decay(in_range(call, "weight_decay", 0.01, 0, 1e6)) {
    if (beta1 == 1 || beta2 == 1) bad("beta1 and beta2 must be below 1");
  }
  double beta1, beta2, epsilon, weight_decay;
};

std::vector<Type> infer_adamw(const OpCall& call) {
  check_operands(call, 4);
  AdamWOptions options(call);
  return {*call.inputs[0], *call.inputs[0], *call.inputs[0]};
}

void evaluate_adamw(const OpCall& call, Inputs in, Outputs out) {
  const AdamWOptions o(call);
  const double lr = in[4]->data[0], step = in[5]->data[0];
  const double scale = call.has(6) ? in[6]->data[0] : 1;
  const double correction1 = 1 - std::pow(o.beta1, step), correction2 = 1 - std::pow(o.beta2, step);
  for (size_t i = 0; i < out[0].data.size(); ++i) {
    const double g = in[3]->data[i] * scale;
    const double m = o.beta1 * in[1]->data[i] + (1 - o.beta1) * g;
    const double v = o.beta2 * in[2]->data[i] + (1 - o.beta2) * g * g;
    const double decayed = in[0]->data[i] * (1 - lr * o.weight_decay);
    out[0].data[i] = decayed - lr * (m / correction1) / (std::sqrt(v / correction2) + o.epsilon);
    out[1].data[i] = m;
    out[2].data[i] = v;
  }
}

struct MomentumOptions {
  explicit MomentumOptions(const OpCall& call)
      : momentum(in_range(call, "momentum", 0.9, 0, 1)),
        weight_decay(in_range(call, "weight_decay", 0, 0, 1e6)),
        nesterov(in_range(call, "nesterov", 0, 0, 1) == 1) {
    if (!nesterov && call.number("nesterov", 0) != 0) bad("nesterov is 0 or 1");
  }
  double momentum, weight_decay;
  bool nesterov;
};

std::vector<Type> infer_momentum(const OpCall& call) {
  check_operands(call, 3);
  MomentumOptions options(call);
  return {*call.inputs[0], *call.inputs[0]};
}

void evaluate_momentum(const OpCall& call, Inputs in, Outputs out) {
  const MomentumOptions o(call);
  const double lr = in[3]->data[0], scale = call.has(4) ? in[4]->data[0] : 1;
  for (size_t i = 0; i < out[0].data.size(); ++i) {
    const double param = in[0]->data[i];
    const double g = in[2]->data[i] * scale + o.weight_decay * param;
    const double velocity = o.momentum * in[1]->data[i] + g;
    out[0].data[i] = param - lr * (o.nesterov ? g + o.momentum * velocity : velocity);
    out[1].data[i] = velocity;
  }
}

}  // namespace

const OpDef kAdamW{.name = "AdamW",
                   .summary =
                       "(param, m, v, grad, lr, step[, grad_scale]; beta1 = 0.9, beta2 = 0.999, "
                       "epsilon = 1e-8, weight_decay = 0.01) -> param, m, v: decoupled decay, "
                       "bias correction from step, which is 1 first",
                   .min_inputs = 6,
                   .max_inputs = 7,
                   .attributes = {"beta1", "beta2", "epsilon", "weight_decay"},
                   .infer = infer_adamw,
                   .evaluate = evaluate_adamw,
                   .cost = elementwise_cost<16>};
const OpDef kMomentum{.name = "Momentum",
                      .summary =
                          "(param, velocity, grad, lr[, grad_scale]; momentum = 0.9, "
                          "weight_decay = 0, nesterov = 0) -> param, velocity: as in "
                          "torch.optim.SGD",
                      .min_inputs = 4,
                      .max_inputs = 5,
                      .attributes = {"momentum", "nesterov", "weight_decay"},
                      .infer = infer_momentum,
                      .evaluate = evaluate_momentum,
                      .cost = elementwise_cost<6>};

}  // namespace dojo::ops
