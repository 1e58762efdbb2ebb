// dojo bench step: measures the speed of a training step, beside what the machine could do at most.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <stdexcept>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/random.h"
#include "dojo/base/tell.h"
#include "dojo/cli/args.h"
#include "dojo/cli/bench.h"
#include "dojo/cli/common.h"
#include "dojo/graph/bytes.h"
#include "dojo/graph/cost.h"
#include "dojo/graph/format_policy.h"
#include "dojo/graph/interpreter.h"
#include "dojo/host/executor.h"
#include "dojo/model/networks.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

// Our own networks get the optimizer that they are trained with, yardsticks that PyTorch runs too a
// plain one.
Graph step_graph(const std::string& model, const NamedNetwork& network, Format format) {
  OptimizerOptions options;
  if (model != "predict" && model != "ego") options.clip_norm = options.ema_decay = 0;
  return in_format(build_training_step(model, network.training, options), format);
}

// Smooth pictures with some noise, the same for each executor.
void feed(Executor& e, const NamedNetwork& network, int64_t step, double lr) {
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
    if (v.name == "lr") x = {lr};
    if (v.name == "step") x = {static_cast<double>(step)};
    std::vector<std::byte> bytes(static_cast<size_t>(v.type.num_bytes()));
    to_bytes(v.type.format, x, bytes);
    e.write(v.name, bytes);
  }
  if (network.feed) network.feed(e);
}

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

// The losses of the first steps must be those of the interpreter. The learning rate is small
// because AdamW moves weights whose gradients are rounding errors by as much as all others.
void check_small_step(const std::string& model, Format format) {
  const NamedNetwork network = named_network(model, {.small = true});
  const Graph graph = step_graph(model, network, format);
  const auto ours = make_host_executor(graph), oracle = make_interpreter(graph);
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
      feed(*e, network, step, 1e-6);
      if (!e->run()) throw std::logic_error(fmt::format("bench {}: a loss is not finite", model));
    }
    const double a = static_cast<double>(ours->read_scalar("loss"));
    const double b = static_cast<double>(oracle->read_scalar("loss"));
    if (std::abs(a - b) > (format == Format::kF32 ? 1e-4 : 5e-2) * std::abs(b))
      throw std::logic_error(fmt::format(
          "bench {}, step {}: the loss is {}, the interpreter's is {}", model, step, a, b));
  }
}

std::vector<double> seconds_of_runs(Executor& e, int64_t runs) {
  std::vector<double> seconds;
  for (int64_t r = 0; r < runs; ++r)
    seconds.push_back(seconds_of([&] {
      if (!e.run()) throw std::logic_error("bench: a loss is not finite");
    }));
  return seconds;
}

// GFLOP/s of a product of two matrices that are large enough to reach the machine's limit.
std::vector<double> measure_peak() {
  constexpr int64_t kSize = 2048;
  Builder b("peak");
  const Type type{Format::kF32, {kSize, kSize}};
  const ValueId x = b.state("x", type, constant_value(1)), y = b.state("y", type, normal(1));
  b.output("z", b.op("MatMul", {x, y}));
  const auto e = make_host_executor(std::move(b).finish());
  initialize(*e, 1);
  seconds_of_runs(*e, 2);
  std::vector<double> rates;
  for (double s : seconds_of_runs(*e, 7)) rates.push_back(2.0 * kSize * kSize * kSize / s * 1e-9);
  return rates;
}

BenchRow row(const std::string& bench, const std::string& model, const std::string& unit,
             const std::string& better, const std::vector<double>& x) {
  return {.bench = bench,
          .case_name = model,
          .unit = unit,
          .better = better,
          .value = spread_of(x),
          .runs = static_cast<int64_t>(x.size()),
          .threads = num_threads()};
}

void print_profile(Executor& e) {
  struct Total {
    double seconds = 0;
    int64_t steps = 0;
  };
  constexpr int kRuns = 3;
  std::map<std::string, Total> by_op;
  std::vector<NodeTime> nodes;
  e.profile();
  for (int r = 0; r < kRuns; ++r) {
    const std::vector<NodeTime> times = e.profile();
    if (nodes.empty()) nodes.resize(times.size());
    for (size_t i = 0; i < times.size(); ++i) {
      nodes[i].what = times[i].what;
      nodes[i].seconds += times[i].seconds / kRuns;
      Total& total = by_op[times[i].what.substr(0, times[i].what.find(" %"))];
      total.seconds += times[i].seconds / kRuns;
      ++total.steps;
    }
  }
  double sum = 0;
  std::vector<std::pair<double, std::string>> lines;
  for (const auto& [op, total] : by_op) {
    sum += total.seconds;
    lines.emplace_back(total.seconds, fmt::format("{:>5} x {}", total.steps / kRuns, op));
  }
  std::sort(lines.rbegin(), lines.rend());
  tell("{:.2f} ms in {} kernels\n", sum * 1e3, nodes.size());
  for (const auto& [seconds, text] : lines)
    tell("{:9.3f} ms {:5.1f} %  {}\n", seconds * 1e3, 100 * seconds / sum, text);
  std::sort(nodes.begin(), nodes.end(),
            [](const NodeTime& a, const NodeTime& b) { return a.seconds > b.seconds; });
  tell("\nthe slowest kernels:\n");
  for (size_t i = 0; i < std::min<size_t>(nodes.size(), 40); ++i)
    tell("{:9.3f} ms  {}\n", nodes[i].seconds * 1e3, nodes[i].what);
}

void bench_step(const std::string& model, Format format, int64_t runs, bool json, bool profile) {
  check_small_step(model, format);
  tell("{}: {} of a small step {} of the interpreter\n", model,
       format == Format::kF32 ? "the first losses" : "the first loss",
       format == Format::kF32 ? "are those" : "is within 5 % of that");
  const NamedNetwork network = named_network(model);
  const Graph graph = step_graph(model, network, format);
  std::unique_ptr<Executor> e;
  const double compiling =
      seconds_of([&] { e = make_host_executor(graph, {.algorithms = timed_algorithms(json)}); });
  tell("{} nodes compiled in {:.2f} s, {:.0f} MB\n", graph.nodes.size(), compiling,
       static_cast<double>(e->memory_bytes()) * 1e-6);
  initialize_training(*e, 1);
  feed(*e, network, 1, 1e-3);
  seconds_of_runs(*e, 3);
  const std::vector<double> seconds = seconds_of_runs(*e, runs);
  std::vector<double> rates;
  const double flop = graph_cost(graph).total.cost.flop;
  for (double s : seconds) rates.push_back(flop / s * 1e-9);
  BenchRow limit = row("matrix product", "2048x2048x2048 f32", "GFLOP/s", "higher", measure_peak());
  limit.role = "limit";
  const std::string name_of_step = format == Format::kF32 ? "step" : "step, bf16 emulated";
  for (const BenchRow& r : {row(name_of_step, model, "s", "lower", seconds),
                            row("step rate", model, "GFLOP/s", "higher", rates), limit}) {
    if (json)
      print_json(r);
    else
      fmt::print("{:<22} {:>12.4f} {:<8} (min {:.4f}, max {:.4f}, {} runs)\n", r.bench,
                 r.value.median, r.unit, r.value.min, r.value.max, r.runs);
  }
  if (profile) print_profile(*e);
}

}  // namespace

int run_bench_step(std::span<const std::string> argv) {
  std::string model = "resnet18-clip", format = "f32";
  int64_t threads = 0, runs = 10;
  bool json = false, profile = false;
  Args args("dojo bench step", "Measures the speed of a training step.",
            "  dojo bench step --model resnet18-clip --threads 2 --json\n"
            "  dojo bench step --model predict --profile\n");
  args.option("--model", "NAME", network_names(), &model);
  args.option("--format", "NAME", kFormatHelp, &format);
  args.option("--threads", "N", "processor threads; default: all cores", &threads,
              {.min = 1, .max = 1024});
  args.option("--runs", "N", "timed steps", &runs, {.min = 1, .max = 100000});
  args.option("--json", "", "print one JSON object a line", &json);
  args.option("--profile", "", "also the time of each kernel, on stderr", &profile);
  if (!args.parse(argv)) return 0;
  if (threads > 0) set_num_threads(static_cast<int>(threads));
  bench_step(model, step_format(format), runs, json, profile);
  return 0;
}

}  // namespace dojo
