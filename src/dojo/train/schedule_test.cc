#include "dojo/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dojo {
namespace {

TEST(Schedule, SmallBatchesBeginWithASmallerRate) {
  EXPECT_EQ(default_learning_rate(8), 1e-3);
  EXPECT_EQ(default_learning_rate(64), 1e-3);
  EXPECT_EQ(default_learning_rate(2), 5e-4);
  EXPECT_NEAR(default_learning_rate(1), 1e-3 / std::sqrt(8), 1e-15);
}

TEST(Schedule, WarmsUpLinearlyFromTheFirstStep) {
  const ScheduleOptions o{.learning_rate = 1, .warmup_steps = 4, .steps = 1'000'000};
  EXPECT_NEAR(learning_rate(o, 1, 0), 0.25, 1e-6);
  EXPECT_NEAR(learning_rate(o, 2, 0), 0.5, 1e-6);
  EXPECT_NEAR(learning_rate(o, 4, 0), 1, 1e-6);
  EXPECT_NEAR(learning_rate(o, 5, 0), 1, 1e-6);
}

TEST(Schedule, FallsAsACosineOverTheSteps) {
  const ScheduleOptions o{
      .learning_rate = 2, .warmup_steps = 0, .final_fraction = 0.1, .steps = 100};
  EXPECT_DOUBLE_EQ(learning_rate(o, 1, 0), 2);
  EXPECT_NEAR(learning_rate(o, 51, 0), 2 * (0.1 + 0.9 * 0.5), 1e-12);
  EXPECT_NEAR(learning_rate(o, 101, 0), 0.2, 1e-12);
}

TEST(Schedule, StepsDoNotLookAtTheClock) {
  const ScheduleOptions o{.steps = 100};
  EXPECT_EQ(learning_rate(o, 30, 0), learning_rate(o, 30, 1e6));
}

TEST(Schedule, MinutesFollowTheClock) {
  const ScheduleOptions o{.learning_rate = 1, .warmup_steps = 0, .minutes = 10};
  EXPECT_NEAR(learning_rate(o, 7, 300), 0.5, 1e-12);
  EXPECT_EQ(progress(o, 7, 599.9) < 1, true);
  EXPECT_EQ(progress(o, 7, 600), 1);
  EXPECT_EQ(progress(o, 7, 700), 1);
}

TEST(Schedule, WithBothTheFirstLimitCounts) {
  const ScheduleOptions o{.warmup_steps = 0, .steps = 100, .minutes = 10};
  EXPECT_EQ(progress(o, 51, 0), 0.5);
  EXPECT_EQ(progress(o, 51, 480), 0.8);
}

}  // namespace
}  // namespace dojo
