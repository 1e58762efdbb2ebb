#include "dojo/graph/autodiff.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/graph/gradient_check.h"
#include "dojo/graph/text.h"

namespace dojo {
namespace {

size_t count_ops(const Graph& graph, std::string_view op) {
  size_t n = 0;
  for (const Node& node : graph.nodes) n += node.op == op;
  return n;
}

TEST(Autodiff, MultipliesByTheOtherFactor) {
  Builder b("g");
  const ValueId x = b.data("x", {}), y = b.data("y", {});
  const ValueId wrt[] = {x, y};
  const auto g = gradients(b, b.mul(x, y), wrt);
  b.output("dx", g[0]);
  b.output("dy", g[1]);
  EXPECT_EQ(print_graph(std::move(b).finish()), R"(graph "g" {
  data %x: f32[]
  data %y: f32[]
  %constant: f32[] = Constant(; value=1.0)
  %mul_1: f32[] = Mul(%constant, %y)
  %mul_2: f32[] = Mul(%constant, %x)
  output dx %mul_1
  output dy %mul_2
}
)");
}

// The gradient is rounded where the value was, and where it is a factor of a product.
TEST(Autodiff, GradientsOfBf16ValuesAreRoundedToBf16) {
  Builder b("g");
  const auto cast = [&](ValueId v, const char* to) { return b.op("Cast", {v}, {{"to", to}}); };
  const ValueId x = b.data("x", {Format::kF32, {2, 3}}), w = b.data("w", {Format::kF32, {3, 1}});
  const ValueId half = cast(x, "bf16");
  const ValueId y = b.op("MatMul", {half, cast(w, "bf16")});
  const ValueId sum = b.op("ReduceSum", {b.mul(y, b.constant(Shape{2, 1}, {0.5, 1.5}))},
                           {{"keepdims", int64_t{0}}});
  const ValueId both =
      b.add(sum, b.op("ReduceSum", {cast(half, "f32")}, {{"keepdims", int64_t{0}}}));
  const ValueId wrt[] = {x};
  b.output("dx", gradients(b, both, wrt)[0]);
  EXPECT_EQ(print_graph(std::move(b).finish()), R"(graph "g" {
  data %x: f32[2,3]
  data %w: f32[3,1]
  %cast_1: bf16[3,1] = Cast(%w; to="bf16")
  %constant: f32[2,1] = Constant(; shape=[2,1], value=[0.5,1.5])
  %constant_1: f32[] = Constant(; value=1.0)
  %reshape: f32[1,1] = Reshape(%constant_1; shape=[1,1])
  %expand: f32[2,3] = Expand(%reshape; shape=[2,3])
  %reshape_1: f32[1,1] = Reshape(%constant_1; shape=[1,1])
  %expand_1: f32[2,1] = Expand(%reshape_1; shape=[2,1])
  %mul_1: f32[2,1] = Mul(%expand_1, %constant)
  %cast_3: bf16[2,1] = Cast(%mul_1; to="bf16")
  %transpose: bf16[1,3] = Transpose(%cast_1; perm=[1,0])
  %matmul_1: f32[2,3] = MatMul(%cast_3, %transpose)
  %add_1: f32[2,3] = Add(%expand, %matmul_1)
  %cast_4: bf16[2,3] = Cast(%add_1; to="bf16")
  %cast_5: f32[2,3] = Cast(%cast_4; to="f32")
  output dx %cast_5
}
)");
}

TEST(Autodiff, GivesZerosWhereTheLossDoesNotDepend) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kF32, {2}}), loss = b.data("loss", {});
  const ValueId wrt[] = {x, loss};
  const auto g = gradients(b, loss, wrt);
  EXPECT_EQ(b.type(g[0]), (Type{Format::kF32, {2}}));
  EXPECT_EQ(print_node(b.graph(), b.graph().node(b.graph().value(g[0]).producer)),
            "Constant(; shape=[2], value=0.0)");
  EXPECT_EQ(print_node(b.graph(), b.graph().node(b.graph().value(g[1]).producer)),
            "Constant(; value=1.0)");
}

TEST(Autodiff, BuildsNothingForOperandsThatNeedNoGradient) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kF32, {2, 3}});
  const ValueId w = b.parameter("w", {3, 4}, normal(1));
  const ValueId loss =
      b.op("ReduceSum", {b.op("MatMul", {b.op("Exp", {x}), w})}, {{"keepdims", int64_t{0}}});
  const ValueId wrt[] = {w};
  gradients(b, loss, wrt);  // no clean-up by finish(): what is not wanted is not even built
  EXPECT_EQ(count_ops(b.graph(), "MatMul"), 2u);
  EXPECT_EQ(count_ops(b.graph(), "Exp"), 1u);
}

TEST(Autodiff, AnOpWithoutGradientOnThePathIsAnErrorThatNamesIt) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kF32, {2}});
  const ValueId loss =
      b.op("ReduceSum", {b.op("ReluGrad", {x, x}, {}, "r")}, {{"keepdims", int64_t{0}}});
  const ValueId wrt[] = {x};
  try {
    gradients(b, loss, wrt);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kUnimplemented);
    EXPECT_EQ(error.message(), "ReluGrad has no gradient");
    EXPECT_EQ(error.where(), "%r");
  }
}

TEST(Autodiff, ALossThatIsNoScalarIsAnError) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kF32, {1}});
  const ValueId wrt[] = {x};
  EXPECT_THROW(gradients(b, x, wrt), Error);
}

TEST(Autodiff, NothingFlowsThroughIntegers) {
  Builder b("g");
  const ValueId x = b.data("x", {});
  const ValueId y = b.op("Cast", {b.op("Cast", {x}, {{"to", "i32"}})}, {{"to", "f32"}});
  const ValueId wrt[] = {x};
  const auto g = gradients(b, b.add(x, y), wrt);
  EXPECT_EQ(print_node(b.graph(), b.graph().node(b.graph().value(g[0]).producer)),
            "Constant(; value=1.0)");
}

// A network with shared values, several paths and most kinds of ops.
TEST(Autodiff, ANetworkAgreesWithCentralDifferences) {
  Random random(5);
  const GradientCheck check = check_gradient(
      [](Builder& b, const std::vector<ValueId>& in) -> std::vector<ValueId> {
        const ValueId h = b.op("Gelu", {b.add(b.op("MatMul", {in[0], in[1]}), in[2])});
        const ValueId g = b.op("Sigmoid", {b.slice(h, 1, 0, 3)});
        const ValueId mixed = b.concat({b.mul(g, b.slice(h, 1, 2, 5)), h}, 1);
        const ValueId mean = b.op("ReduceMean", {mixed}, {{"axes", std::vector<int64_t>{0}}});
        const ValueId centered = b.sub(mixed, mean);
        return {b.div(centered, b.op("Sqrt", {b.add(b.op("ReduceSumSquare", {centered}), 1.0)})),
                h};
      },
      {{{Format::kF32, {4, 3}}}, {{Format::kF32, {3, 5}}}, {{Format::kF32, {5}}}}, random);
  EXPECT_EQ(check.compared, 4 * 3 + 3 * 5 + 5);
  EXPECT_LT(check.worst, 1e-7) << check.where;
}

}  // namespace
}  // namespace dojo
