// What a run of the executor is beside its numbers: guards, updates, determinism, times, memory.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/graph/cost.h"
#include "dojo/graph/graph_test_util.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/profile.h"
#include "dojo/graph/recompute.h"
#include "dojo/graph/text.h"
#include "dojo/host/executor.h"
#include "dojo/host/pass_text.h"
#include "dojo/host/test_step.h"

namespace dojo {
namespace {

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

TEST(HostExecutor, WhatIsComputedAgainTakesLessMemory) {
  const Graph graph = deep_step(16, 128);
  int64_t before = host_memory_bytes(graph);
  for (int64_t segments : {2, 4}) {
    const int64_t bytes = host_memory_bytes(recomputed(graph, segments));
    EXPECT_LT(bytes, before) << segments;
    before = bytes;
  }
}

// Two layers of attention of 2 x 4 heads over 64 tokens.
Graph attention_graph() {
  Builder b("attention");
  const int64_t n = 64, d = 32;
  ValueId x = b.data("x", {Format::kF32, {8, n, d}});
  std::vector<ValueId> wrt;
  const auto linear = [&](ValueId v, const char* name) {
    wrt.push_back(b.parameter(name, {d, d}, normal(0.2)));
    return b.reshape(b.op("MatMul", {b.reshape(v, {8 * n, d}), wrt.back()}), {8, n, d});
  };
  for (int64_t i = 0; i < 2; ++i) {
    const auto scope = b.scope("layer" + std::to_string(i));
    const ValueId q = linear(x, "q"), k = linear(x, "k"), v = linear(x, "v");
    const ValueId columns = b.op("Transpose", {k}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
    const ValueId p = b.op("Softmax", {b.op("MatMul", {b.mul(q, 0.2), columns})});
    x = b.add(x, b.op("Gelu", {linear(b.op("MatMul", {p, v}), "out")}));
  }
  const ValueId loss = b.op("ReduceMean", {b.mul(x, x)}, {{"keepdims", int64_t{0}}}, "loss");
  const std::vector<ValueId> g = gradients(b, loss, wrt);
  b.output("loss", loss, true);
  for (size_t i = 0; i < g.size(); ++i) b.output("g" + std::to_string(i), g[i]);
  return std::move(b).finish();
}

TEST(HostExecutor, WhatIsComputedAgainOfAttentionGivesTheSameBits) {
  const Graph graph = attention_graph();
  ASSERT_NE(text_after(graph, "fuse").find(": attention-grad"), std::string::npos);
  const auto whole = make_host_executor(graph);
  initialize(*whole, 3);
  feed(*whole, graph, 1, 1);
  ASSERT_TRUE(whole->run());
  for (int64_t segments = 2; segments <= 16; ++segments) {
    const auto again = make_host_executor(recomputed(graph, segments));
    initialize(*again, 3);
    feed(*again, graph, 1, 1);
    ASSERT_TRUE(again->run());
    for (const Output& o : graph.outputs)
      EXPECT_EQ(again->read_f32(o.name), whole->read_f32(o.name)) << segments << " " << o.name;
  }
}

TEST(HostExecutor, WhatIsComputedAgainGivesTheSameBits) {
  const Graph graph = training_graph(64);
  const auto whole = make_host_executor(graph);
  initialize(*whole, 3);
  for (int64_t step = 1; step <= 3; ++step) {
    feed(*whole, graph, 1, step);
    ASSERT_TRUE(whole->run());
  }
  for (int64_t segments : {2, 3, 5}) {
    const Graph less = recomputed(graph, segments);
    EXPECT_GT(less.nodes.size(), graph.nodes.size());
    const auto again = make_host_executor(less);
    initialize(*again, 3);
    for (int64_t step = 1; step <= 3; ++step) {
      feed(*again, less, 1, step);
      ASSERT_TRUE(again->run());
    }
    for (const Output& o : graph.outputs)
      EXPECT_EQ(again->read_f32(o.name), whole->read_f32(o.name)) << segments << " " << o.name;
    for (const Update& u : graph.updates) {
      const std::string& name = graph.value(u.state).name;
      EXPECT_EQ(again->read_f32(name), whole->read_f32(name)) << segments << " " << name;
    }
  }
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
