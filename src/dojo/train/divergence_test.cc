#include "dojo/train/divergence.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

DivergenceGuard after_calm() {
  DivergenceGuard guard;
  for (int64_t step = 1; step <= 500; ++step) guard.update(step, 0.01, 0.02);
  return guard;
}

TEST(Divergence, IsALossThatStaysHighFor200Steps) {
  DivergenceGuard guard = after_calm();
  EXPECT_EQ(guard.steps_above, 0);
  int64_t step = 500;
  while (guard.steps_above == 0) guard.update(++step, 1, 0.02);
  EXPECT_EQ(step, 505);  // 1 - 0.98^5 = 0.096, and 0.01 was there: above 10 times that
  while (guard.steps_above < 199) guard.update(++step, 1, 0.02);
  EXPECT_EQ(step, 703);
  EXPECT_FALSE(guard.diverged());
  guard.update(++step, 1, 0.02);
  EXPECT_TRUE(guard.diverged());
  EXPECT_NE(guard.problem().find("for 200 steps"), std::string::npos) << guard.problem();
}

TEST(Divergence, IsNotALossThatComesBack) {
  DivergenceGuard guard = after_calm();
  for (int64_t step = 501; step <= 520; ++step) guard.update(step, 5, 0.02);
  EXPECT_GT(guard.steps_above, 0);
  for (int64_t step = 521; step <= 1000; ++step) {
    guard.update(step, 0.01, 0.02);
    ASSERT_FALSE(guard.diverged()) << step;
  }
  EXPECT_EQ(guard.steps_above, 0);
}

TEST(Divergence, IsNotLivelyVideoAfterCalm) {
  DivergenceGuard guard = after_calm();
  for (int64_t step = 501; step <= 2000; ++step) guard.update(step, 5, 6);
  EXPECT_EQ(guard.steps_above, 0);
}

}  // namespace
}  // namespace dojo
