#include "dojo/graph/cost.h"

#include <gtest/gtest.h>

#include "dojo/graph/graph_test_util.h"

namespace dojo {
namespace {

TEST(Cost, CountsByHand) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kF32, {4, 8}});
  const ValueId w = b.parameter("w", {8, 2}, normal(1));
  b.output("y", b.op("Relu", {b.op("MatMul", {x, w})}));
  const GraphCost cost = graph_cost(std::move(b).finish());
  ASSERT_EQ(cost.by_op.size(), 2u);
  EXPECT_EQ(cost.by_op[0].op, "MatMul");
  EXPECT_EQ(cost.by_op[0].cost.flop, 2 * 4 * 8 * 2);
  EXPECT_EQ(cost.by_op[0].cost.bytes_read, 4 * (4 * 8 + 8 * 2));
  EXPECT_EQ(cost.by_op[0].cost.bytes_written, 4 * 4 * 2);
  EXPECT_EQ(cost.by_op[1].cost.flop, 4 * 2);
  EXPECT_EQ(cost.total.nodes, 2);
  EXPECT_EQ(cost.total.cost.flop, 128 + 8);
  EXPECT_EQ(cost.parameters, 16);
  EXPECT_EQ(cost.data_bytes, 128);
  EXPECT_EQ(cost.largest_value_bytes, 128);
}

}  // namespace
}  // namespace dojo
