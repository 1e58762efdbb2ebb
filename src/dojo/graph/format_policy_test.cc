#include "dojo/graph/format_policy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dojo/base/error.h"
#include "dojo/graph/executor.h"
#include "dojo/graph/graph_test_util.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/text.h"

namespace dojo {
namespace {

std::string in_bf16(std::string_view text) { return print_graph(with_bf16(parse_graph(text))); }

// A layer forward and backward: %y, %t and the gradients are rounded once each, for all readers;
// the weight's gradient, the bias and the update stay f32.
TEST(FormatPolicy, RoundsFactorsActivationsAndTheirGradients) {
  EXPECT_EQ(in_bf16(R"(graph "g" {
  data %x: f32[4,3]
  data %dt2: f32[4,2]
  data %lr: f32[]
  parameter %w: f32[3,2] = normal(0.5)
  parameter %b: f32[2] = constant(0.0)
  parameter %w2: f32[2,5] = normal(0.5)
  state %v: f32[3,2] = constant(0.0)
  %y: f32[4,2] = Gemm(%x, %w, %b)
  %t: f32[4,2] = Relu(%y)
  %out: f32[4,5] = MatMul(%t, %w2)
  %dt: f32[4,2] = Mul(%dt2, %t)
  %dy: f32[4,2] = ReluGrad(%dt, %t)
  %dw: f32[3,2] = Gemm(%x, %dy; transA=1)
  %db: f32[2] = ReduceSum(%dy; axes=[0], keepdims=0)
  %norm: f32[] = ReduceSumSquare(%dw; keepdims=0)
  %new: f32[3,2], %vn: f32[3,2] = Momentum(%w, %v, %dw, %lr)
  output out %out
  output norm %norm
  output db %db
  update %w = %new
  update %v = %vn
}
)"),
            R"(graph "g" {
  data %x: f32[4,3]
  data %dt2: f32[4,2]
  data %lr: f32[]
  parameter %w: f32[3,2] = normal(0.5)
  parameter %b: f32[2] = constant(0.0)
  parameter %w2: f32[2,5] = normal(0.5)
  state %v: f32[3,2] = constant(0.0)
  %x.bf16: bf16[4,3] = Cast(%x; to="bf16")
  %w.bf16: bf16[3,2] = Cast(%w; to="bf16")
  %y: f32[4,2] = Gemm(%x.bf16, %w.bf16, %b)
  %y.bf16: bf16[4,2] = Cast(%y; to="bf16")
  %y.f32: f32[4,2] = Cast(%y.bf16; to="f32")
  %t: f32[4,2] = Relu(%y.f32)
  %t.bf16: bf16[4,2] = Cast(%t; to="bf16")
  %w2.bf16: bf16[2,5] = Cast(%w2; to="bf16")
  %out: f32[4,5] = MatMul(%t.bf16, %w2.bf16)
  %t.f32: f32[4,2] = Cast(%t.bf16; to="f32")
  %dt: f32[4,2] = Mul(%dt2, %t.f32)
  %dy: f32[4,2] = ReluGrad(%dt, %t.f32)
  %dy.bf16: bf16[4,2] = Cast(%dy; to="bf16")
  %dw: f32[3,2] = Gemm(%x.bf16, %dy.bf16; transA=1)
  %dy.f32: f32[4,2] = Cast(%dy.bf16; to="f32")
  %db: f32[2] = ReduceSum(%dy.f32; axes=[0], keepdims=0)
  %norm: f32[] = ReduceSumSquare(%dw; keepdims=0)
  %new: f32[3,2], %vn: f32[3,2] = Momentum(%w, %v, %dw, %lr)
  output out %out
  output norm %norm
  output db %db
  update %w = %new
  update %v = %vn
}
)");
}

// The rounding stands before what only moves values; the twin of the weight is made once.
TEST(FormatPolicy, MovesValuesInBf16BehindOneRounding) {
  EXPECT_EQ(in_bf16(R"(graph "g" {
  data %x: f32[4,3]
  parameter %w: f32[3,2] = normal(0.5)
  parameter %token: f32[1,2] = normal(0.5)
  %y: f32[4,2] = MatMul(%x, %w)
  %rows: f32[5,2] = Concat(%token, %y; axis=0)
  %turned: f32[2,3] = Transpose(%w; perm=[1,0])
  %z: f32[5,3] = MatMul(%rows, %turned)
  %sum: f32[5,2] = Exp(%rows)
  output z %z
  output sum %sum
}
)"),
            R"(graph "g" {
  data %x: f32[4,3]
  parameter %w: f32[3,2] = normal(0.5)
  parameter %token: f32[1,2] = normal(0.5)
  %x.bf16: bf16[4,3] = Cast(%x; to="bf16")
  %w.bf16: bf16[3,2] = Cast(%w; to="bf16")
  %y: f32[4,2] = MatMul(%x.bf16, %w.bf16)
  %y.bf16: bf16[4,2] = Cast(%y; to="bf16")
  %y.f32: f32[4,2] = Cast(%y.bf16; to="f32")
  %rows: f32[5,2] = Concat(%token, %y.f32; axis=0)
  %token.bf16: bf16[1,2] = Cast(%token; to="bf16")
  %rows.bf16: bf16[5,2] = Concat(%token.bf16, %y.bf16; axis=0)
  %turned.bf16: bf16[2,3] = Transpose(%w.bf16; perm=[1,0])
  %z: f32[5,3] = MatMul(%rows.bf16, %turned.bf16)
  %sum: f32[5,2] = Exp(%rows)
  output z %z
  output sum %sum
}
)");
}

TEST(FormatPolicy, ConstantFactorsBecomeRoundedConstants) {
  EXPECT_EQ(in_bf16(R"(graph "g" {
  data %x: f32[4,2]
  %c: f32[2,2] = Constant(; shape=[2,2], value=[0.1,1.0,3.0,1.00390625])
  %i: f32[2,2] = Constant(; shape=[2,2], value=257)
  %y: f32[4,2] = MatMul(%x, %c)
  %z: f32[4,2] = MatMul(%x, %i)
  %w: f32[4,2] = Add(%x, %x)
  output y %y
  output z %z
  output w %w
}
)"),
            R"(graph "g" {
  data %x: f32[4,2]
  %x.bf16: bf16[4,2] = Cast(%x; to="bf16")
  %c.bf16: bf16[2,2] = Constant(; format="bf16", shape=[2,2], value=[0.10009765625,1.0,3.0,1.0])
  %y: f32[4,2] = MatMul(%x.bf16, %c.bf16)
  %i.bf16: bf16[2,2] = Constant(; format="bf16", shape=[2,2], value=256.0)
  %z: f32[4,2] = MatMul(%x.bf16, %i.bf16)
  %w: f32[4,2] = Add(%x, %x)
  output y %y
  output z %z
  output w %w
}
)");
}

TEST(FormatPolicy, LeavesAGraphWithoutProductsAlone) {
  const Graph graph = parse_graph(
      "graph \"g\" { data %x: f32[4] %y: f32[4] = Exp(%x) %l: f32[] = ReduceSum(%y; keepdims=0) "
      "output l %l guard }");
  EXPECT_EQ(with_bf16(graph), graph);
  EXPECT_EQ(in_format(graph, Format::kF32), graph);
}

TEST(FormatPolicy, RefusesAGraphThatHasBf16Already) {
  try {
    with_bf16(with_bf16(tiny_step()));
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput);
    EXPECT_EQ(error.where(), "%x.bf16");
  }
}

TEST(FormatPolicy, NamesThatAreTakenAreLeftToTheirOwners) {
  const Graph graph = with_bf16(parse_graph(
      "graph \"g\" { data %x: f32[2,2] data %x.bf16: f32[2,2] %y: f32[2,2] = MatMul(%x, %x.bf16) "
      "output y %y }"));
  EXPECT_EQ(print_node(graph, graph.nodes.back()), "MatMul(%x.bf16_1, %x.bf16.bf16)");
}

// Each number of bf16 is within 2^-9 of what it stands for; so is the step within a few of these.
TEST(FormatPolicy, AStepInBf16IsNearTheOneInF32) {
  const Graph full = tiny_step(), mixed = with_bf16(full);
  std::vector<float> weights[2];
  float losses[2] = {};
  for (const Graph* graph : {&full, &mixed}) {
    const size_t i = graph == &mixed;
    const auto e = make_interpreter(*graph);
    initialize(*e, 1);
    e->write_f32("x", std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.3f});
    e->write_f32("target", std::vector<float>{1, -1, 2, -2, 3, -3, 4, -4});
    e->write_scalar("lr", 0.1f);
    e->write_scalar("step", 1);
    ASSERT_TRUE(e->run());
    losses[i] = e->read_scalar("loss");
    weights[i] = e->read_f32("w");
  }
  EXPECT_NE(losses[0], losses[1]);
  EXPECT_NEAR(losses[1], losses[0], 0.02f * losses[0]);
  for (size_t k = 0; k < weights[0].size(); ++k) EXPECT_NEAR(weights[1][k], weights[0][k], 1e-3f);
}

}  // namespace
}  // namespace dojo
