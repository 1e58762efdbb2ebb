#include "dojo/graph/recompute.h"

#include <gtest/gtest.h>

#include <string>

#include "dojo/base/error.h"
#include "dojo/graph/graph_test_util.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/text.h"
#include "dojo/graph/verify.h"

namespace dojo {
namespace {

// Two layers, forward and backward.
const std::string kHead = R"(graph "g" {
  data %x: f32[32,64]
  parameter %u: f32[64,64] = normal(0.1)
  parameter %v: f32[64,64] = normal(0.1)
  %a: f32[32,64] = MatMul(%x, %u)
  %b: f32[32,64] = Relu(%a)
  %c: f32[32,64] = MatMul(%b, %v)
  %d: f32[32,64] = Relu(%c)
  %l: f32[] = ReduceSumSquare(%d; keepdims=0)
  %dc: f32[32,64] = ReluGrad(%d, %c)
  %dv: f32[64,64] = Gemm(%b, %dc; transA=1)
  %db: f32[32,64] = Gemm(%dc, %v; transB=1)
)";
const std::string kTail = R"(  %du: f32[64,64] = Gemm(%x, %da; transA=1)
  output loss %l
  output du %du
  output dv %dv
}
)";

TEST(Recompute, WhatOnlyTheBackwardPartNeedsOfAnEarlySegmentIsMadeAgainThere) {
  const Graph graph = parse_graph(kHead + "  %da: f32[32,64] = ReluGrad(%db, %a)\n" + kTail);
  // %b is kept, for the second segment reads it; %c and %d are of the last segment.
  EXPECT_EQ(print_graph(recomputed(graph, 2)), kHead +
                                                   "  %a.again: f32[32,64] = MatMul(%x, %u)\n"
                                                   "  %da: f32[32,64] = ReluGrad(%db, %a.again)\n" +
                                                   kTail);
  EXPECT_EQ(recomputed(graph, 1), graph);
}

TEST(Recompute, AGraphWithoutALossStaysAsItIs) {
  const Graph graph = parse_graph("graph \"g\" {\n  data %x: f32[4]\n  output x %x\n}\n");
  EXPECT_EQ(recomputed(graph, 4), graph);
}

// The most bytes of node results that are alive at once, where each dies with its last reader.
int64_t most_alive(const Graph& graph) {
  std::vector<size_t> last(graph.values.size(), 0);
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    for (ValueId v : graph.nodes[n].inputs)
      if (v != kNoValue) last[at(v)] = n;
  for (const Output& o : graph.outputs) last[at(o.value)] = graph.nodes.size();
  int64_t most = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    int64_t alive = 0;
    for (size_t v = 0; v < graph.values.size(); ++v)
      if (graph.values[v].producer != kNoNode && at(graph.values[v].producer) <= n && last[v] >= n)
        alive += graph.values[v].type.num_bytes();
    most = std::max(most, alive);
  }
  return most;
}

TEST(Recompute, TheNumbersAreTheSameToTheBitAndFewerBytesAreAlive) {
  const Graph graph = deep_step(12, 32);
  Random random(1, stream_id("recompute"));
  std::vector<float> x(32 * 32);
  for (float& v : x) v = static_cast<float>(random.normal());
  const auto results = [&](const Graph& g) {
    const auto executor = make_interpreter(g);
    initialize(*executor, 7);
    executor->write_f32("x", x);
    EXPECT_TRUE(executor->run());
    std::vector<std::vector<float>> all;
    for (const Output& o : g.outputs) all.push_back(executor->read_f32(o.name));
    return all;
  };
  const auto want = results(graph);
  int64_t before = most_alive(graph);
  for (int64_t segments : {2, 3, 4, 5, 8, 100}) {
    const Graph less = recomputed(graph, segments);
    verify(less);
    EXPECT_EQ(results(less), want) << segments;
    if (segments == 100) continue;  // one for each node: all is handed over
    EXPECT_GT(less.nodes.size(), graph.nodes.size()) << segments;
    if (segments <= 4) {
      EXPECT_LT(most_alive(less), before) << segments;
      before = most_alive(less);
    }
  }
}

TEST(Recompute, AStepIsFittedWithTheFewestSegmentsThatDo) {
  const Graph graph = deep_step(12, 32);
  const int64_t all = most_alive(graph), four = most_alive(recomputed(graph, 4));
  EXPECT_EQ(fit_step(graph, all, most_alive).segments, 1);
  EXPECT_EQ(fit_step(graph, all - 1, most_alive).segments, 2);
  const FittedStep fitted = fit_step(graph, four, most_alive);
  EXPECT_LE(fitted.segments, 4);
  EXPECT_LE(fitted.bytes, four);
  try {
    fit_step(graph, 1000, most_alive);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kConfig);
    EXPECT_EQ(e.where(), "--memory");
  }
}

}  // namespace
}  // namespace dojo
