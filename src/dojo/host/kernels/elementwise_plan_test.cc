#include "dojo/host/kernels/elementwise_plan.h"

#include <gtest/gtest.h>

namespace dojo::kernels {
namespace {

using Levels = std::vector<Walk::Level>;

TEST(ElementwisePlan, AContiguousArrayIsOneLevelWhateverItsShape) {
  const Strides dims = {2, 3, 4};
  const Walk walk = make_walk(dims, full_strides(dims));
  EXPECT_EQ(walk.levels, (Levels{{24, 1}}));
  EXPECT_TRUE(walk.is_full());
}

TEST(ElementwisePlan, ABiasOfChannelsIsARepeatedRow) {
  const Strides dims = {2, 3, 4}, channels = {4};
  const Walk walk = make_walk(dims, broadcast_strides(channels, dims));
  EXPECT_EQ(walk.levels, (Levels{{6, 0}, {4, 1}}));
  EXPECT_TRUE(walk.is_row());
}

TEST(ElementwisePlan, OneNumberIsAScalarAndASliceKeepsItsPitch) {
  const Strides dims = {2, 3, 4};
  EXPECT_TRUE(make_walk(dims, broadcast_strides({}, dims)).is_scalar());
  EXPECT_EQ(make_walk(dims, pitched_strides(dims, 7)).levels, (Levels{{6, 7}, {4, 1}}));
}

TEST(ElementwisePlan, AChainUsesOneSlotForAllItsResults) {
  // relu(x * s + 0.5)
  const ElementwisePlan plan = plan_elementwise(
      {.dims = {8},
       .inputs = {{1}, {0}},
       .code = {{Ew::kMul, 0, 1}, {Ew::kAdd, 2, kImmediate, 0, 0.5f}, {Ew::kRelu, 3}},
       .outputs = {{4, {1}}},
       .sums = {}});
  EXPECT_EQ(plan.num_slots, 4);
  ASSERT_EQ(plan.constants.size(), 1u);
  EXPECT_EQ(plan.constants[0], (std::pair<int16_t, float>{3, 0.5f}));
  for (const auto& step : plan.steps) EXPECT_EQ(step.result, 2);
  EXPECT_EQ(plan.direct_output, 0);
}

TEST(ElementwisePlan, AValueThatLeavesTheProgramKeepsItsSlot) {
  const ElementwisePlan plan = plan_elementwise({.dims = {8},
                                                 .inputs = {{1}},
                                                 .code = {{Ew::kNeg, 0}, {Ew::kExp, 1}},
                                                 .outputs = {{1, {1}}, {2, {1}}},
                                                 .sums = {}});
  EXPECT_NE(plan.steps[0].result, plan.steps[1].result);
  EXPECT_EQ(plan.outputs[0].slot, plan.steps[0].result);
  EXPECT_EQ(plan.direct_output, 1);
}

TEST(ElementwisePlan, EqualConstantsShareASlotButMinusZeroIsNotZero) {
  const ElementwisePlan plan = plan_elementwise({.dims = {8},
                                                 .inputs = {{1}},
                                                 .code = {{Ew::kAdd, 0, kImmediate, 0, 2.0f},
                                                          {Ew::kMul, 1, kImmediate, 0, 2.0f},
                                                          {Ew::kMax, 2, kImmediate, 0, 0.0f},
                                                          {Ew::kMin, 3, kImmediate, 0, -0.0f}},
                                                 .outputs = {{4, {1}}},
                                                 .sums = {}});
  EXPECT_EQ(plan.constants.size(), 3u);
}

}  // namespace
}  // namespace dojo::kernels
