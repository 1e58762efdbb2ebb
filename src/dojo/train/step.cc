#include "dojo/train/step.h"

#include <vector>

#include "dojo/graph/autodiff.h"

namespace dojo {
namespace {

// sqrt(sum over all gradients of the sum of their squares)
ValueId global_norm(Builder& b, const std::vector<ValueId>& gradients) {
  ValueId sum = b.constant(0);
  for (ValueId g : gradients)
    sum = b.add(sum, b.op("ReduceSumSquare", {g}, {{"keepdims", int64_t{0}}}));
  return b.op("Sqrt", {sum}, {}, "grad_norm");
}

// What the optimizer multiplies each gradient with: min(1, clip / norm).
ValueId clipping_scale(Builder& b, ValueId norm, double clip_norm) {
  if (clip_norm <= 0) return b.constant(1);
  const ValueId ratio = b.div(b.constant(clip_norm), b.add(norm, 1e-6));  // 1e-6: as PyTorch's
  return b.op("Min", {ratio, b.constant(1)}, {}, "grad_scale");
}

struct Schedule {
  ValueId lr, step, grad_scale;
};

// The new value of the parameter; its moments are updated.
ValueId apply_optimizer(Builder& b, const OptimizerOptions& o, ValueId parameter, ValueId gradient,
                        const Schedule& s) {
  const Type type = b.type(parameter);
  const std::string name = b.graph().value(parameter).name;
  const double weight_decay = type.shape.size() >= 2 ? o.weight_decay : 0;
  if (o.kind == OptimizerOptions::Kind::kAdamW) {
    const ValueId m = b.state(name + ".adam_m", type, constant_value(0));
    const ValueId v = b.state(name + ".adam_v", type, constant_value(0));
    const auto next = b.op_multi("AdamW", {parameter, m, v, gradient, s.lr, s.step, s.grad_scale},
                                 {{"beta1", o.beta1},
                                  {"beta2", o.beta2},
                                  {"epsilon", o.epsilon},
                                  {"weight_decay", weight_decay}});
    b.update(m, next[1]);
    b.update(v, next[2]);
    return next[0];
  }
  const ValueId m = b.state(name + ".momentum", type, constant_value(0));
  const auto next = b.op_multi("Momentum", {parameter, m, gradient, s.lr, s.grad_scale},
                               {{"momentum", o.momentum}, {"weight_decay", weight_decay}});
  b.update(m, next[1]);
  return next[0];
}

// 1 - min(ema_decay, (1 + step) / (10 + step))
ValueId averaging_rate(Builder& b, ValueId step, double ema_decay) {
  const ValueId ramp = b.div(b.add(step, 1), b.add(step, 10));
  const ValueId decay = b.op("Min", {ramp, b.constant(ema_decay)});
  return b.sub(b.constant(1), decay);
}

}  // namespace

Graph build_training_step(std::string name, const ModelFunction& model,
                          const OptimizerOptions& options) {
  Builder b(std::move(name));
  const TaskGraph task = model(b);
  std::vector<ValueId> parameters;
  for (const Input& input : b.graph().inputs)
    if (input.role == Role::kParameter) parameters.push_back(input.value);

  const std::vector<ValueId> grads = gradients(b, task.loss, parameters);
  const ValueId norm = global_norm(b, grads);
  const ValueId step = b.data("step", {Format::kF32, {}});
  const Schedule schedule{.lr = b.data("lr", {Format::kF32, {}}),
                          .step = step,
                          .grad_scale = clipping_scale(b, norm, options.clip_norm)};
  const ValueId rate =
      options.ema_decay > 0 ? averaging_rate(b, step, options.ema_decay) : kNoValue;

  for (size_t i = 0; i < parameters.size(); ++i) {
    const ValueId next = apply_optimizer(b, options, parameters[i], grads[i], schedule);
    b.update(parameters[i], next);
    if (rate == kNoValue) continue;
    const ValueId average = b.state(average_name(b.graph().value(parameters[i]).name),
                                    b.type(parameters[i]), constant_value(0));
    b.update(average, b.add(average, b.mul(b.sub(next, average), rate)));
  }
  b.output("loss", task.loss, true);
  b.output("grad_norm", norm, true);
  for (const auto& [metric, value] : task.metrics) b.output(metric, value);
  return std::move(b).finish();
}

void initialize_training(Executor& executor, uint64_t seed) {
  initialize(executor, seed);
  const Graph& graph = executor.graph();
  for (const Input& input : graph.inputs) {
    const std::string& name = graph.value(input.value).name;
    if (input.role == Role::kParameter && graph.find_input(average_name(name)))
      executor.write_f32(average_name(name), executor.read_f32(name));
  }
}

int64_t count_parameters(const Graph& graph) {
  int64_t n = 0;
  for (const Input& input : graph.inputs)
    if (input.role == Role::kParameter) n += graph.type(input.value).num_elements();
  return n;
}

}  // namespace dojo
