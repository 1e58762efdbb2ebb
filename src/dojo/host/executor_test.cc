// The executor against the interpreter: every op on random shapes, and whole training steps.
#include "dojo/host/executor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "dojo/graph/format_policy.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/ops/op_cases.h"
#include "dojo/graph/text.h"
#include "dojo/host/passes.h"
#include "dojo/host/test_step.h"

namespace dojo {
namespace {

TEST(HostExecutor, EveryOpGivesWhatTheInterpreterGives) {
  for (uint64_t trial = 0; trial < 8; ++trial) {
    Random random(7, stream_id("host"), trial);
    for (const OpCase& c : op_cases(random)) {
      const Graph graph = case_graph(c);
      const auto oracle = make_interpreter(graph);
      std::vector<std::unique_ptr<Executor>> ours;
      ours.push_back(make_host_executor(graph));
      ours.push_back(make_host_executor(graph, kPlain));
      ours.push_back(make_host_executor(graph, {.native_bf16 = false}));
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

// Training steps beside the interpreter's: each loss within `loss_error` of it, and after the first
// step all results within `first_error`. Adam divides by the size of small gradients, so states
// differ more in later steps.
void expect_the_same_training(const Graph& graph, const HostOptions& options, int64_t steps,
                              double loss_error, double first_error) {
  const auto ours = make_host_executor(graph, options), oracle = make_interpreter(graph);
  initialize(*ours, 3);
  initialize(*oracle, 3);
  for (int64_t step = 1; step <= steps; ++step) {
    feed(*ours, graph, 1, step);
    feed(*oracle, graph, 1, step);
    ASSERT_TRUE(ours->run());
    ASSERT_TRUE(oracle->run());
    ASSERT_NEAR(ours->read_scalar("loss"), oracle->read_scalar("loss"),
                loss_error * oracle->read_scalar("loss"))
        << "step " << step;
    if (step == 1) expect_same_results(graph, *ours, *oracle, "first step", first_error);
  }
}

// A difference in the last bit of f32, from another order of sums, becomes one in the last bit of
// bf16, 2^-8, where a value lies near the middle of two: few values, so a loss moves by less.
TEST(HostExecutor, TrainingStepsInBf16AreThoseOfTheInterpreter) {
  const Graph graph = with_bf16(training_graph());
  for (const HostOptions& options :
       {HostOptions{}, HostOptions{.fuse = false}, kPlain, HostOptions{.native_bf16 = false},
        HostOptions{.packed_weights = false}, HostOptions{.fuse = false, .native_bf16 = false}}) {
    expect_the_same_training(graph, options, 5, 2e-3, 1e-2);
    if (HasFatalFailure()) return;
  }
}

TEST(HostExecutor, TenTrainingStepsAreThoseOfTheInterpreter) {
  for (int64_t channels : {16, 5})
    for (const HostOptions& options : {HostOptions{}, HostOptions{.packed_weights = false},
                                       HostOptions{.fuse = false}, kPlain}) {
      expect_the_same_training(training_graph(channels), options, 10, 2e-4, 1e-3);
      if (HasFatalFailure()) return;
    }
}

// In f32 sums in another order, by one multiplication more or less: 2e-4 of the loss over ten
// steps.
TEST(HostExecutor, WithoutAnyOfThePassesTheStepIsThatOfTheInterpreter) {
  const Graph graph = training_graph();
  HostOptions none;
  std::vector<std::pair<std::string_view, HostOptions>> ways;
  for (const HostPass& pass : host_passes()) {
    if (!pass.option || pass.name == "bf16") continue;  // the graph is f32
    none.*pass.option = false;
    ways.push_back({pass.name, {}});
    ways.back().second.*pass.option = false;
  }
  ways.push_back({"all", none});
  ASSERT_GT(ways.size(), 8u);
  for (const auto& [left_out, options] : ways) {
    SCOPED_TRACE(left_out);
    expect_the_same_training(graph, options, 10, 2e-4, 1e-3);
    if (HasFatalFailure()) return;
  }
}

TEST(HostExecutor, WhatSavesMemorySavesIt) {
  const Graph graph = training_graph();
  const int64_t bytes = host_memory_bytes(graph);
  for (auto option : {&HostOptions::arena, &HostOptions::in_place}) {
    HostOptions without;
    without.*option = false;
    EXPECT_GT(host_memory_bytes(graph, without), bytes);
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

}  // namespace
}  // namespace dojo
