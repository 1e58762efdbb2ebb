#include "dojo/graph/builder.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/graph/graph_test_util.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/text.h"

namespace dojo {
namespace {

TEST(Builder, DropsNodesThatReachNoOutputAndNoUpdate) {
  Builder b("g");
  const ValueId x = b.data("x", {});
  const ValueId y = b.op("Neg", {x}, {}, "y");
  b.op("Exp", {y}, {}, "unused");
  b.output("y", y);
  EXPECT_EQ(print_graph(std::move(b).finish()),
            "graph \"g\" {\n  data %x: f32[]\n  %y: f32[] = Neg(%x)\n  output y %y\n}\n");
}

TEST(Builder, PutsInputsFirstEvenIfTheyWereMadeLate) {
  Builder b("g");
  const ValueId y = b.op("Neg", {b.data("x", {})});
  b.output("z", b.add(y, b.parameter("w", {}, constant_value(2))));
  EXPECT_EQ(print_graph(std::move(b).finish()),
            "graph \"g\" {\n  data %x: f32[]\n  parameter %w: f32[] = constant(2.0)\n"
            "  %neg: f32[] = Neg(%x)\n  %add: f32[] = Add(%neg, %w)\n  output z %add\n}\n");
}

TEST(Builder, ScopesPrefixNamesAndNamesStayUnique) {
  Builder b("g");
  const ValueId x = b.data("x", {});
  {
    auto stem = b.scope("stem");
    auto block = b.scope("0");
    EXPECT_EQ(b.graph().value(b.parameter("w", {}, {})).name, "stem.0.w");
    EXPECT_EQ(b.graph().value(b.op("Neg", {x})).name, "stem.0.neg");
    EXPECT_EQ(b.graph().value(b.op("Neg", {x})).name, "stem.0.neg_1");
  }
  b.op("Neg", {x}, {}, "y_1");
  b.op("Neg", {x}, {}, "y");
  EXPECT_EQ(b.graph().value(b.op("Neg", {x}, {}, "y")).name, "y_2");
  EXPECT_EQ(b.graph().value(b.op("Neg", {x}, {}, "x")).name, "x_1");
}

TEST(Builder, AnInputNameThatIsTakenIsAnError) {
  Builder b("g");
  b.data("x", {});
  EXPECT_THROW(b.parameter("x", {}, {}), Error);
  EXPECT_THROW(b.data("a b", {}), Error);
  EXPECT_THROW(b.data("y", {Format::kF32, {0}}), Error);
}

TEST(Builder, AnErrorNamesTheOpAndItsOperands) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kF32, {2, 3}}), y = b.data("y", {Format::kF32, {2}});
  try {
    b.op("Add", {x, y}, {}, "sum");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "Add %sum of f32[2,3], f32[2]");
    EXPECT_EQ(error.message(), "shapes [2,3] and [2] do not broadcast");
  }
}

TEST(Builder, SumToUndoesBroadcasting) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kF32, {2, 3, 4}});
  EXPECT_EQ(index(b.sum_to(x, {2, 3, 4})), index(x));
  for (const Shape& shape : {Shape{}, Shape{4}, Shape{3, 1}, Shape{1, 1, 1}, Shape{2, 1, 4}})
    EXPECT_EQ(b.shape(b.sum_to(x, shape)), shape);
  b.output("y", b.sum_to(x, {3, 1}));
  std::vector<double> counting(24);
  for (size_t i = 0; i < 24; ++i) counting[i] = static_cast<double>(i);
  std::vector<RefTensor> inputs(1);
  inputs[0].type = {Format::kF32, {2, 3, 4}};
  inputs[0].data = counting;
  const auto y = interpret(std::move(b).finish(), inputs, Precision::kDouble);
  EXPECT_EQ(y[0].data, (std::vector<double>{60, 92, 124}));  // 0+1+2+3 + 12+13+14+15 ...
}

}  // namespace
}  // namespace dojo
