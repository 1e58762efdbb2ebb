#include "dojo/train/step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dojo/graph/interpreter.h"

namespace dojo {
namespace {

// loss = sum((x w)^2) with a matrix w [1,2] and a vector v [2] added: gradients are known by hand.
TaskGraph model(Builder& b) {
  const ValueId x = b.data("x", {Format::kF32, {}});
  const ValueId w = b.parameter("w", {1, 2}, constant_value(1));
  const ValueId v = b.parameter("v", {2}, constant_value(2));
  const ValueId y = b.add(b.mul(w, x), v);  // [1,2]
  return {b.op("ReduceSumSquare", {y}, {{"keepdims", int64_t{0}}}),
          {{"mean", b.op("ReduceMean", {y}, {{"keepdims", int64_t{0}}})}}};
}

std::unique_ptr<Executor> make(const OptimizerOptions& options) {
  auto executor = make_interpreter(build_training_step("test", model, options), Precision::kDouble);
  initialize_training(*executor, 1);
  executor->write_scalar("x", 3);
  executor->write_scalar("lr", 0.1f);
  executor->write_scalar("step", 1);
  return executor;
}

TEST(TrainingStep, ReportsLossMetricsAndTheNormOfAllGradients) {
  const auto e = make({});
  ASSERT_TRUE(e->run());
  EXPECT_NEAR(e->read_scalar("loss"), 50, 1e-5);  // y = 5: 2 * 25
  EXPECT_NEAR(e->read_scalar("mean"), 5, 1e-6);
  // d/dw = 2*5*3 = 30 and d/dv = 10, twice each.
  EXPECT_NEAR(e->read_scalar("grad_norm"), std::sqrt(2 * 900 + 2 * 100), 1e-4);
}

TEST(TrainingStep, SgdWithoutClippingFollowsTheGradient) {
  const auto e = make(
      {.kind = OptimizerOptions::Kind::kSgd, .momentum = 0.5, .weight_decay = 0, .clip_norm = 0});
  ASSERT_TRUE(e->run());
  EXPECT_NEAR(e->read_f32("w")[0], 1 - 0.1 * 30, 1e-5);
  EXPECT_NEAR(e->read_f32("v")[1], 2 - 0.1 * 10, 1e-5);
  EXPECT_NEAR(e->read_f32("w.momentum")[0], 30, 1e-4);
}

TEST(TrainingStep, ClippingScalesAllGradientsTogether) {
  const auto e = make(
      {.kind = OptimizerOptions::Kind::kSgd, .momentum = 0, .weight_decay = 0, .clip_norm = 1});
  ASSERT_TRUE(e->run());
  const double norm = std::sqrt(2000.0);
  EXPECT_NEAR(e->read_f32("w")[0], 1 - 0.1 * 30 / norm, 1e-5);
  EXPECT_NEAR(e->read_f32("v")[0], 2 - 0.1 * 10 / norm, 1e-5);
  EXPECT_NEAR(e->read_scalar("grad_norm"), norm, 1e-3);  // as it was before
}

TEST(TrainingStep, SmallGradientsAreNotScaledUp) {
  const auto e = make(
      {.kind = OptimizerOptions::Kind::kSgd, .momentum = 0, .weight_decay = 0, .clip_norm = 1e6});
  ASSERT_TRUE(e->run());
  EXPECT_NEAR(e->read_f32("w")[0], 1 - 0.1 * 30, 1e-5);
}

TEST(TrainingStep, OnlyMatricesDecay) {
  const auto with = make({.weight_decay = 0.5}), without = make({.weight_decay = 0});
  ASSERT_TRUE(with->run() && without->run());
  EXPECT_NEAR(with->read_f32("w")[0], without->read_f32("w")[0] - 0.1 * 0.5 * 1, 1e-5);
  EXPECT_EQ(with->read_f32("v"), without->read_f32("v"));
}

TEST(TrainingStep, AdamWMovesTheFirstStepByTheLearningRate) {
  const auto e = make({.weight_decay = 0});
  ASSERT_TRUE(e->run());
  EXPECT_NEAR(e->read_f32("w")[0], 0.9, 1e-5);
  EXPECT_NEAR(e->read_f32("v")[0], 1.9, 1e-5);
}

TEST(TrainingStep, AveragesStartAtTheParametersAndFollowFastAtFirst) {
  const auto e = make({.weight_decay = 0, .ema_decay = 0.999});
  EXPECT_EQ(e->read_f32("w.ema"), e->read_f32("w"));
  EXPECT_EQ(e->read_f32("v.ema")[0], 2);
  ASSERT_TRUE(e->run());
  EXPECT_NEAR(e->read_f32("w.ema")[0], 1 + (1 - 2.0 / 11) * (0.9 - 1), 1e-5);
  const double before = e->read_f32("w.ema")[0];
  e->write_scalar("step", 1e6);
  ASSERT_TRUE(e->run());
  EXPECT_NEAR(e->read_f32("w.ema")[0], before + 0.001 * (e->read_f32("w")[0] - before), 1e-6);
}

TEST(TrainingStep, WithoutAveragesThereIsNoStateForThem) {
  const Graph graph = build_training_step("test", model, {.ema_decay = 0});
  EXPECT_EQ(graph.find_input("w.ema"), nullptr);
  EXPECT_EQ(count_parameters(graph), 4);
}

TEST(TrainingStep, ANonFiniteLossChangesNothing) {
  const auto e = make({});
  e->write_scalar("x", INFINITY);
  EXPECT_FALSE(e->run());
  EXPECT_EQ(e->read_f32("w")[0], 1);
  EXPECT_EQ(e->read_f32("w.adam_m")[0], 0);
  EXPECT_NE(e->first_nonfinite(), "");
}

}  // namespace
}  // namespace dojo
