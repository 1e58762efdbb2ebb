#include "dojo/cli/step_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "dojo/base/random.h"
#include "dojo/graph/bytes.h"
#include "dojo/graph/format_policy.h"
#include "dojo/graph/interpreter.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

// Gives parameters that start at zero other values: a flow of exactly 0 samples images at whole
// pixels, where a rounding error decides which neighbour the gradient comes from.
void leave_zero(Executor& e) {
  for (const Input& input : e.graph().inputs) {
    if (input.role != Role::kParameter || !(input.initial == constant_value(0))) continue;
    const Value& v = e.graph().value(input.value);
    Random random(2, stream_id(v.name));
    std::vector<float> x(static_cast<size_t>(v.type.num_elements()));
    for (float& value : x) value = static_cast<float>(0.1 * random.normal());
    e.write_f32(v.name, x);
  }
}

}  // namespace

StepSize step_size(const Graph& graph) {
  StepSize size{.parameters = count_parameters(graph)};
  for (const Input& input : graph.inputs)
    if (input.role == Role::kData && !graph.type(input.value).shape.empty())  // lr, step: scalars
      size.data += graph.type(input.value).num_elements();
  return size;
}

Graph step_graph(const std::string& model, const NamedNetwork& network, Format format) {
  OptimizerOptions options;
  if (model != "predict" && !model.starts_with("ego")) options.clip_norm = options.ema_decay = 0;
  return in_format(build_training_step(model, network.training, options), format);
}

void feed_step(Executor& e, const NamedNetwork& network, int64_t step, double learning_rate) {
  const Graph& graph = e.graph();
  for (const Input& input : graph.inputs) {
    if (input.role != Role::kData) continue;
    const Value& v = graph.value(input.value);
    std::vector<double> x(static_cast<size_t>(v.type.num_elements()));
    Random random(1, stream_id(v.name));
    for (size_t i = 0; i < x.size(); ++i) {
      const double wave = 0.5 + 0.4 * std::sin(static_cast<double>(i) * 0.013);
      x[i] = std::clamp(wave + 0.1 * random.uniform(-1, 1), 0.0, 1.0);
      if (v.type.format == Format::kU8) x[i] = std::floor(255 * x[i]);
    }
    if (v.name == "lr") x = {learning_rate};
    if (v.name == "step") x = {static_cast<double>(step)};
    std::vector<std::byte> bytes(static_cast<size_t>(v.type.num_bytes()));
    to_bytes(v.type.format, x, bytes);
    e.write(v.name, bytes);
  }
  if (network.feed) network.feed(e);
}

// The learning rate is small because AdamW moves weights whose gradients are rounding errors by as
// much as all others.
void check_small_step(const std::string& model, Format format, const HostOptions& options) {
  const NamedNetwork network = named_network(model, {.small = true});
  const Graph graph = step_graph(model, network, format);
  const auto ours = make_host_executor(graph, options), oracle = make_interpreter(graph);
  for (Executor* e : {ours.get(), oracle.get()}) {
    initialize_training(*e, 1);
    leave_zero(*e);
  }
  // In bf16 only the first, and roughly: where a value lies in the middle of two of bf16, a last
  // bit of f32 decides between them. In these small networks that moves the loss as much as other
  // weights do that differ by 3e-7, which is up to 2 %.
  const int64_t steps = format == Format::kF32 ? 3 : 1;
  for (int64_t step = 1; step <= steps; ++step) {
    for (Executor* e : {ours.get(), oracle.get()}) {
      feed_step(*e, network, step, 1e-6);
      if (!e->run()) throw std::logic_error(fmt::format("bench {}: a loss is not finite", model));
    }
    const double a = static_cast<double>(ours->read_scalar("loss"));
    const double b = static_cast<double>(oracle->read_scalar("loss"));
    if (std::abs(a - b) > (format == Format::kF32 ? 1e-4 : 5e-2) * std::abs(b))
      throw std::logic_error(fmt::format(
          "bench {}, step {}: the loss is {}, the interpreter's is {}", model, step, a, b));
  }
}

}  // namespace dojo
