// The executor against the interpreter: every op on random shapes, whole training graphs, guards,
// updates, determinism, memory.
#include "dojo/host/executor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/builder.h"
#include "dojo/graph/bytes.h"
#include "dojo/graph/cost.h"
#include "dojo/graph/format_policy.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/ops/op_cases.h"
#include "dojo/graph/profile.h"
#include "dojo/graph/text.h"

namespace dojo {
namespace {

std::vector<double> values_of(const Executor& e, const std::string& name, const Type& type) {
  std::vector<std::byte> bytes(static_cast<size_t>(type.num_bytes()));
  e.read(name, bytes);
  std::vector<double> values(static_cast<size_t>(type.num_elements()));
  from_bytes(type.format, bytes, values);
  return values;
}

// |a - b| relative to the largest value of the tensor.
double error_of(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, scale = 1e-3;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (!(a[i] == b[i]))
      worst = std::max(worst, std::isfinite(a[i] - b[i]) ? std::abs(a[i] - b[i]) : 1e30);
    if (std::isfinite(b[i])) scale = std::max(scale, std::abs(b[i]));
  }
  return worst / scale;
}

void expect_same_results(const Graph& graph, const Executor& ours, const Executor& oracle,
                         const std::string& what, double tolerance = 1e-4) {
  for (const Output& o : graph.outputs)
    EXPECT_LE(error_of(values_of(ours, o.name, graph.type(o.value)),
                       values_of(oracle, o.name, graph.type(o.value))),
              tolerance)
        << what << " output " << o.name;
  for (const Update& u : graph.updates) {
    const Value& v = graph.value(u.state);
    EXPECT_LE(error_of(values_of(ours, v.name, v.type), values_of(oracle, v.name, v.type)),
              tolerance)
        << what << " state " << v.name;
  }
}

const HostOptions kPlain{.fuse = false, .channels_last = false, .packed_weights = false};

TEST(HostExecutor, EveryOpGivesWhatTheInterpreterGives) {
  for (uint64_t trial = 0; trial < 8; ++trial) {
    Random random(7, stream_id("host"), trial);
    for (const OpCase& c : op_cases(random)) {
      const Graph graph = case_graph(c);
      const auto oracle = make_interpreter(graph);
      std::vector<std::unique_ptr<Executor>> ours;
      ours.push_back(make_host_executor(graph));
      ours.push_back(make_host_executor(graph, kPlain));
      for (const Input& input : graph.inputs) {
        const Value& v = graph.value(input.value);
        const CaseInput& operand = c.inputs[static_cast<size_t>(std::stoi(v.name.substr(1)))];
        std::vector<std::byte> bytes(static_cast<size_t>(v.type.num_bytes()));
        to_bytes(v.type.format, random_values(random, operand), bytes);
        oracle->write(v.name, bytes);
        for (auto& e : ours) e->write(v.name, bytes);
      }
      oracle->run();
      for (auto& e : ours) {
        e->run();
        expect_same_results(graph, *e, *oracle, c.op);
      }
    }
  }
}

// A small convolutional network with everything that a real step has.
Graph training_graph(int64_t channels = 16) {
  Builder b("small");
  using Integers = std::vector<int64_t>;
  const ValueId x = b.data("x", {Format::kF32, {2, 3, 8, 12}});
  const ValueId target = b.data("target", {Format::kF32, {2, 2, 4, 6}});
  const ValueId lr = b.data("lr", {Format::kF32, {}});
  const ValueId step = b.data("step", {Format::kF32, {}});
  std::vector<ValueId> parameters;
  const auto conv = [&](ValueId in, const char* name, int64_t out, int64_t k, int64_t stride) {
    const auto scope = b.scope(name);
    parameters.push_back(b.parameter("w", {out, b.shape(in)[1], k, k}, normal(0.3)));
    const ValueId w = parameters.back();
    // A bias before a norm has a gradient of rounding errors only, which AdamW blows up.
    std::vector<ValueId> operands = {in, w};
    if (out == 2) {
      parameters.push_back(b.parameter("b", {out}, normal(0.1)));
      operands.push_back(parameters.back());
    }
    return b.op(
        "Conv", operands,
        {{"pads", Integers{k / 2, k / 2, k / 2, k / 2}}, {"strides", Integers{stride, stride}}});
  };
  const auto norm = [&](ValueId in, const char* name) {
    const auto scope = b.scope(name);
    const int64_t c = b.shape(in)[1];
    parameters.push_back(b.parameter("scale", {c}, normal(1)));
    const ValueId scale = parameters.back();
    parameters.push_back(b.parameter("bias", {c}, normal(0.1)));
    const ValueId bias = parameters.back();
    const ValueId mean = b.state("mean", {Format::kF32, {c}}, constant_value(0));
    const ValueId variance = b.state("variance", {Format::kF32, {c}}, constant_value(1));
    const auto y = b.op_multi("BatchNormalization", {in, scale, bias, mean, variance},
                              {{"training_mode", int64_t{1}}});
    b.update(mean, y[1]);
    b.update(variance, y[2]);
    return y[0];
  };
  ValueId h = b.op("Relu", {norm(conv(x, "stem", channels, 3, 1), "n0")});
  h = b.op("MaxPool", {h},
           {{"kernel_shape", Integers{3, 3}},
            {"strides", Integers{2, 2}},
            {"pads", Integers{1, 1, 1, 1}}});
  const ValueId inner = b.op("Relu", {norm(conv(h, "a", channels, 3, 1), "n1")});
  h = b.op("Relu", {b.add(h, norm(conv(inner, "b", channels, 3, 1), "n2"))});
  ValueId y = conv(b.op("Gelu", {h}), "head", 2, 1, 1);
  y = b.add(y, b.slice(b.concat({h, y}, 1), 1, 0, 2));
  const ValueId error = b.sub(y, target);
  const ValueId loss = b.op("ReduceMean", {b.mul(error, error)}, {{"keepdims", int64_t{0}}});
  const auto grads = gradients(b, loss, parameters);
  ValueId sum = b.constant(0);
  for (ValueId g : grads)
    sum = b.add(sum, b.op("ReduceSumSquare", {g}, {{"keepdims", int64_t{0}}}));
  const ValueId grad_norm = b.op("Sqrt", {sum});
  const ValueId scale = b.op("Min", {b.div(b.constant(1), grad_norm), b.constant(1)});
  const ValueId rate = b.div(b.constant(1), b.add(step, 5));
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Type type = b.type(parameters[i]);
    const std::string name = b.graph().value(parameters[i]).name;
    const ValueId m = b.state(name + ".m", type, constant_value(0));
    const ValueId v = b.state(name + ".v", type, constant_value(0));
    const ValueId ema = b.state(name + ".ema", type, constant_value(0));
    const auto next = b.op_multi("AdamW", {parameters[i], m, v, grads[i], lr, step, scale},
                                 {{"weight_decay", type.shape.size() > 1 ? 0.1 : 0.0}});
    b.update(parameters[i], next[0]);
    b.update(m, next[1]);
    b.update(v, next[2]);
    b.update(ema, b.add(ema, b.mul(b.sub(next[0], ema), rate)));
  }
  b.output("loss", loss, true);
  b.output("grad_norm", grad_norm, true);
  b.output("y", y);
  return std::move(b).finish();
}

// Large enough for Winograd's algorithm by the rule, with a tile at each end that is not whole.
TEST(HostExecutor, ConvolutionsByWinogradAreThoseOfTheInterpreter) {
  Builder b("winograd");
  const ValueId x = b.parameter("x", {2, 32, 30, 33}, normal(1));
  const ValueId w = b.parameter("w", {48, 32, 3, 3}, normal(0.1));
  const ValueId bias = b.parameter("bias", {48}, normal(0.1));
  const ValueId y = b.op("Conv", {x, w, bias}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  const ValueId loss = b.op("ReduceMean", {b.mul(y, y)}, {{"keepdims", int64_t{0}}});
  const ValueId parameters[] = {x, w, bias};
  const std::vector<ValueId> grads = gradients(b, loss, parameters);
  b.output("y", y);
  for (size_t i = 0; i < grads.size(); ++i) b.output(fmt::format("gradient{}", i), grads[i]);
  const Graph graph = std::move(b).finish();
  const auto oracle = make_interpreter(graph);
  initialize(*oracle, 1);
  oracle->run();
  for (const HostOptions& options : {HostOptions{}, HostOptions{.fuse = false}, kPlain}) {
    const auto ours = make_host_executor(graph, options);
    initialize(*ours, 1);
    ours->run();
    expect_same_results(graph, *ours, *oracle, "Winograd");
  }
}

void feed(Executor& e, const Graph& graph, uint64_t seed, int64_t step) {
  for (const Input& input : graph.inputs) {
    if (input.role != Role::kData) continue;
    const Value& v = graph.value(input.value);
    if (v.name == "step") {
      e.write_scalar("step", static_cast<float>(step));
    } else if (v.name == "lr") {
      e.write_scalar("lr", 0.01f);
    } else {
      Random random(seed, stream_id(v.name), static_cast<uint64_t>(step));
      std::vector<float> x(static_cast<size_t>(v.type.num_elements()));
      for (float& f : x) f = static_cast<float>(random.normal());
      e.write_f32(v.name, x);
    }
  }
}

// A difference in the last bit of f32, from another order of sums, becomes one in the last bit of
// bf16, 2^-8, where a value lies near the middle of two: few values, so a loss moves by less.
TEST(HostExecutor, TrainingStepsInBf16AreThoseOfTheInterpreter) {
  const Graph graph = with_bf16(training_graph());
  for (const HostOptions& options : {HostOptions{}, HostOptions{.fuse = false}, kPlain}) {
    const auto ours = make_host_executor(graph, options), oracle = make_interpreter(graph);
    initialize(*ours, 3);
    initialize(*oracle, 3);
    for (int64_t step = 1; step <= 5; ++step) {
      feed(*ours, graph, 1, step);
      feed(*oracle, graph, 1, step);
      ASSERT_TRUE(ours->run());
      ASSERT_TRUE(oracle->run());
      ASSERT_NEAR(ours->read_scalar("loss"), oracle->read_scalar("loss"),
                  2e-3 * oracle->read_scalar("loss"))
          << "step " << step;
      if (step == 1) expect_same_results(graph, *ours, *oracle, "first step", 1e-2);
    }
  }
}

TEST(HostExecutor, TenTrainingStepsAreThoseOfTheInterpreter) {
  for (int64_t channels : {16, 5}) {
    const Graph graph = training_graph(channels);
    for (const HostOptions& options : {HostOptions{}, HostOptions{.packed_weights = false},
                                       HostOptions{.fuse = false}, kPlain}) {
      const auto ours = make_host_executor(graph, options), oracle = make_interpreter(graph);
      initialize(*ours, 3);
      initialize(*oracle, 3);
      for (int64_t step = 1; step <= 10; ++step) {
        feed(*ours, graph, 1, step);
        feed(*oracle, graph, 1, step);
        ASSERT_TRUE(ours->run());
        ASSERT_TRUE(oracle->run());
        ASSERT_NEAR(ours->read_scalar("loss"), oracle->read_scalar("loss"),
                    2e-4 * oracle->read_scalar("loss"))
            << "step " << step;
        // Adam divides by the size of small gradients, so states differ more in later steps.
        if (step == 1) expect_same_results(graph, *ours, *oracle, "first step", 1e-3);
      }
    }
  }
}

// Problems whose text has `part` are computed by one algorithm, the others by another.
std::shared_ptr<Algorithms> mixed_algorithms(const Graph& graph, const std::string& part,
                                             const std::string& one, const std::string& other) {
  auto algorithms = std::make_shared<Algorithms>(Algorithms::Options{});
  make_host_executor(graph, {.algorithms = algorithms});
  std::string text = algorithms->text(), chosen;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string& name = line.find(part) != std::string::npos ? one : other;
    for (const std::string was : {"\"onednn\"", "\"winograd\""})
      if (const size_t place = line.find(was); place != std::string::npos)
        line.replace(place, was.size(), "\"" + name + "\"");
    chosen += line + "\n";
  }
  EXPECT_NE(chosen.find(one), std::string::npos) << chosen;
  EXPECT_NE(chosen.find(other), std::string::npos) << chosen;
  algorithms = std::make_shared<Algorithms>(Algorithms::Options{});
  algorithms->record(chosen, "test");
  return algorithms;
}

TEST(HostExecutor, WhateverAlgorithmsAConvolutionUsesTheStepIsTheInterpreters) {
  const Graph graph = training_graph();
  for (const char* part : {"convolution:", "by input", "by weights"})
    for (const bool swapped : {false, true}) {
      const std::string names[] = {"winograd", "onednn"};
      const auto algorithms = mixed_algorithms(graph, part, names[swapped], names[!swapped]);
      const auto ours = make_host_executor(graph, {.algorithms = algorithms});
      const auto oracle = make_interpreter(graph);
      initialize(*ours, 3);
      initialize(*oracle, 3);
      feed(*ours, graph, 1, 1);
      feed(*oracle, graph, 1, 1);
      ASSERT_TRUE(ours->run());
      ASSERT_TRUE(oracle->run());
      expect_same_results(graph, *ours, *oracle, part, 1e-3);
      EXPECT_EQ(algorithms->timed(), 0);
    }
}

TEST(HostExecutor, WhatIsWrittenIsRead) {
  const Graph graph = training_graph();
  const auto e = make_host_executor(graph);
  for (const Input& input : graph.inputs) {
    const Value& v = graph.value(input.value);
    std::vector<float> x(static_cast<size_t>(v.type.num_elements()));
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) + 0.5f;
    e->write_f32(v.name, x);
    EXPECT_EQ(e->read_f32(v.name), x) << v.name;
  }
}

TEST(HostExecutor, AGuardThatIsNotFiniteStopsTheUpdateAndIsNamed) {
  const Graph graph = training_graph();
  const auto e = make_host_executor(graph);
  initialize(*e, 3);
  feed(*e, graph, 1, 1);
  ASSERT_TRUE(e->run());
  std::vector<std::vector<float>> before;
  for (const Update& u : graph.updates) before.push_back(e->read_f32(graph.value(u.state).name));
  std::vector<float> target = e->read_f32("target");
  std::vector<float> bad = target;
  bad[5] = std::numeric_limits<float>::max();
  e->write_f32("target", bad);
  EXPECT_FALSE(e->run());
  EXPECT_EQ(e->first_nonfinite().substr(0, 4), "Mul ");
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(e->read_f32(graph.value(graph.updates[i].state).name), before[i]);
  e->write_f32("target", target);
  EXPECT_TRUE(e->run());
}

TEST(HostExecutor, TimesAreNotedWhileItIsAskedAndChangeNothing) {
  const Graph graph = training_graph();
  const auto plain = make_host_executor(graph), noted = make_host_executor(graph);
  KernelTimes times;
  for (int64_t step = 1; step <= 4; ++step) {
    for (Executor* e : {plain.get(), noted.get()}) {
      if (step == 1) initialize(*e, 3);
      feed(*e, graph, 1, step);
    }
    if (step == 2) noted->note_times(&times);
    if (step == 4) noted->note_times(nullptr);
    ASSERT_TRUE(plain->run());
    ASSERT_TRUE(noted->run());
  }
  EXPECT_EQ(noted->read_f32("stem.w"), plain->read_f32("stem.w"));
  EXPECT_EQ(times.runs(), 2);
  double flop = 0, seconds = 0;
  ASSERT_GT(times.kernels().size(), 10u);
  for (size_t k = 0; k < times.kernels().size(); ++k) {
    const KernelInfo& kernel = times.kernels()[k];
    EXPECT_EQ(times.total(k).calls, 2) << kernel.name;
    EXPECT_GT(kernel.bytes, 0) << kernel.name;
    EXPECT_FALSE(kernel.moves && kernel.flop > 0) << kernel.name;
    EXPECT_EQ(kernel.name.rfind(kernel.op, 0), 0u);
    flop += kernel.flop;
    seconds += times.total(k).seconds;
  }
  EXPECT_LE(seconds, times.seconds());
  // All but what is computed once, of constants.
  const double all = graph_cost(graph).total.cost.flop;
  EXPECT_LE(flop, all);
  EXPECT_GE(flop, 0.99 * all);
}

TEST(HostExecutor, AStepThatIsNotFiniteIsNotedToItsGuards) {
  const Graph graph = training_graph();
  const auto e = make_host_executor(graph);
  initialize(*e, 3);
  feed(*e, graph, 1, 1);
  std::vector<float> bad = e->read_f32("target");
  bad[0] = std::numeric_limits<float>::quiet_NaN();
  e->write_f32("target", bad);
  KernelTimes times;
  e->note_times(&times);
  ASSERT_FALSE(e->run());
  EXPECT_EQ(times.runs(), 1);
  EXPECT_EQ(times.total(0).calls, 1);
  EXPECT_EQ(times.total(times.kernels().size() - 1).calls, 0);
}

TEST(HostExecutor, EachRunHasTheSameBits) {
  const Graph graph = training_graph();
  std::vector<std::vector<float>> first;
  for (int trial = 0; trial < 3; ++trial) {
    const auto e = make_host_executor(graph);
    initialize(*e, 3);
    for (int64_t step = 1; step <= 5; ++step) {
      feed(*e, graph, 1, step);
      ASSERT_TRUE(e->run());
    }
    for (size_t i = 0; i < graph.updates.size(); ++i) {
      const std::vector<float> x = e->read_f32(graph.value(graph.updates[i].state).name);
      if (trial == 0) first.push_back(x);
      EXPECT_EQ(std::memcmp(x.data(), first[i].data(), x.size() * sizeof(float)), 0);
    }
  }
}

// An average of an average: `source` is the old or the new value of the first.
Graph average_of_average(const std::string& source) {
  return parse_graph(
      "graph \"averages\" {\n"
      "parameter %p: f32[4] = constant(1)\nstate %a: f32[4] = constant(0)\n"
      "state %c: f32[4] = constant(0)\ndata %t: f32[]\n"
      "%d1: f32[4] = Sub(%p, %a)\n%m1: f32[4] = Mul(%d1, %t)\n%a2: f32[4] = Add(%a, %m1)\n"
      "%d2: f32[4] = Sub(" +
      source +
      ", %c)\n%m2: f32[4] = Mul(%d2, %t)\n%c2: f32[4] = Add(%c, %m2)\n"
      "update %a = %a2\nupdate %c = %c2\n}\n");
}

TEST(HostExecutor, AnAverageOfAnAverageReadsTheValueThatTheGraphNames) {
  for (const std::string source : {"%a", "%a2"}) {
    const auto e = make_host_executor(average_of_average(source));
    initialize(*e, 1);
    e->write_scalar("t", 0.5f);
    ASSERT_TRUE(e->run());
    const float expected = source == "%a" ? 0 : 0.25f;
    EXPECT_EQ(e->read_f32("a"), std::vector<float>(4, 0.5f));
    EXPECT_EQ(e->read_f32("c"), std::vector<float>(4, expected)) << source;
  }
}

// The gradient of 5 filters lies in memory as that of 16; the last tap alone overflows.
TEST(HostExecutor, AGradientThatIsNotFiniteInItsLastElementIsNamed) {
  const Graph graph = parse_graph(
      "graph \"overflow\" {\n"
      "parameter %w: f32[5,3,3,3] = constant(0)\ndata %x: f32[1,3,4,4]\ndata %dy: f32[1,5,4,4]\n"
      "%g: f32[5,3,3,3] = ConvWeightGrad(%x, %dy; kernel_shape=[3,3], pads=[1,1,1,1])\n"
      "%w2: f32[5,3,3,3] = Sub(%w, %g)\nupdate %w = %w2\n}\n");
  const auto e = make_host_executor(graph);
  std::vector<float> x(3 * 16, 0.0f), dy(5 * 16, 0.0f);
  x.back() = dy[5 * 16 - 6] = 1e30f;  // the last channel's pixel (3,3), the last filter's (2,2)
  e->write_f32("x", x);
  e->write_f32("dy", dy);
  EXPECT_EQ(e->first_nonfinite(), "ConvWeightGrad %g");
}

TEST(HostExecutor, ALabelThatThereIsNotIsAnErrorAsInTheInterpreter) {
  const Graph graph = parse_graph(
      "graph \"loss\" {\ndata %x: f32[2,3]\ndata %t: i32[2]\n"
      "%y: f32[] = SoftmaxCrossEntropyLoss(%x, %t)\noutput y %y\n}\n");
  for (const auto& e : {make_host_executor(graph), make_interpreter(graph)}) {
    e->write_f32("x", std::vector<float>(6, 0.0f));
    for (const int32_t label : {-1, 3}) {
      const int32_t labels[] = {0, label};
      e->write("t", std::as_bytes(std::span(labels)));
      EXPECT_THROW(e->run(), Error) << label;
    }
  }
}

TEST(HostExecutor, WhatIsTheLargestOfItsKindIsNotTooLarge) {
  std::string expand =
      "data %x: f32[2,1,2,1,2,1,2,1,2,1,2,1]\n"
      "%y: f32[2,2,2,2,2,2,2,2,2,2,2,2] = "
      "Expand(%x; shape=[2,2,2,2,2,2,2,2,2,2,2,2])\noutput y %y\n";
  std::string clips = "data %c0: f32[5]\n";
  for (int i = 1; i <= 40; ++i)
    clips += fmt::format("%c{}: f32[5] = Clip(%c{}; min=-{}.5, max={}.25)\noutput c{} %c{}\n", i,
                         i - 1, 50 - i, 60 - i, i, i);
  for (const std::string& text : {expand, clips}) {
    const Graph graph = parse_graph("graph \"large\" {\n" + text + "}\n");
    const auto ours = make_host_executor(graph), oracle = make_interpreter(graph);
    std::vector<float> x(static_cast<size_t>(graph.type(graph.inputs[0].value).num_elements()));
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * 7 - 30;
    for (Executor* e : {ours.get(), oracle.get()}) {
      e->write_f32(graph.value(graph.inputs[0].value).name, x);
      ASSERT_TRUE(e->run());
    }
    expect_same_results(graph, *ours, *oracle, text.substr(0, 40));
  }
}

TEST(HostExecutor, StatesThatSwapTheirValuesSwap) {
  Builder b("swap");
  const ValueId x = b.state("x", {Format::kF32, {3}}, constant_value(1));
  const ValueId y = b.state("y", {Format::kF32, {3}}, constant_value(2));
  b.update(x, y);
  b.update(y, x);
  b.output("old", x);
  const Graph graph = std::move(b).finish();
  const auto e = make_host_executor(graph);
  initialize(*e, 0);
  ASSERT_TRUE(e->run());
  EXPECT_EQ(e->read_f32("x"), (std::vector<float>{2, 2, 2}));
  EXPECT_EQ(e->read_f32("y"), (std::vector<float>{1, 1, 1}));
  EXPECT_EQ(e->read_f32("old"), (std::vector<float>{1, 1, 1}));
}

TEST(HostExecutor, WhatItWillTakeIsKnownBeforehandAndLimited) {
  const Graph graph = training_graph();
  const int64_t bytes = host_memory_bytes(graph);
  EXPECT_EQ(make_host_executor(graph, {.max_bytes = bytes})->memory_bytes(), bytes);
  try {
    make_host_executor(graph, {.max_bytes = bytes - 1});
    FAIL() << "there was no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kConfig);
  }
}

TEST(HostExecutor, WhereMemoryIsShortItDoesNotLookForTheValueThatIsNotFinite) {
  const Graph graph = training_graph();
  const auto e = make_host_executor(graph, {.max_bytes = host_memory_bytes(graph)});
  initialize(*e, 1);
  feed(*e, graph, 1, 1);
  EXPECT_NE(e->first_nonfinite().find("more memory than is allowed"), std::string::npos);
}

TEST(HostExecutor, TenThousandStepsNeedNoMoreMemory) {
  const int threads = num_threads();
  set_num_threads(1);
  const Graph graph = training_graph(2);
  const auto e = make_host_executor(graph);
  initialize(*e, 3);
  feed(*e, graph, 1, 1);
  for (int step = 0; step < 100; ++step) ASSERT_TRUE(e->run());
  const size_t before = mallinfo2().uordblks;
  for (int step = 0; step < 10000; ++step) e->run();
  EXPECT_LE(mallinfo2().uordblks, before + 4096);
  set_num_threads(threads);
}

}  // namespace
}  // namespace dojo
