#include "dojo/scene/world.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dojo::scene {
namespace {

TEST(World, SpeedAndYawRateAreTheDerivativesOfThePose) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const World world(draw_params(seed, 30));
    for (double t = 0.5; t < 29; t += 1.7) {
      const double h = 0.01;
      const Truth before = world.truth(t - h), now = world.truth(t), after = world.truth(t + h);
      const double speed = std::hypot(after.pose.position[0] - before.pose.position[0],
                                      after.pose.position[1] - before.pose.position[1]) /
                           (2 * h);
      EXPECT_NEAR(now.speed_mps, speed, 1e-3 * (1 + speed)) << seed << " " << t;
      EXPECT_NEAR(now.yaw_rate_radps, (after.pose.yaw - before.pose.yaw) / (2 * h), 1e-3)
          << seed << " " << t;
      // it drives where it looks
      const double course = std::atan2(after.pose.position[1] - before.pose.position[1],
                                       after.pose.position[0] - before.pose.position[0]);
      if (speed > 1) {
        EXPECT_NEAR(course, now.pose.yaw, 2e-3) << seed << " " << t;
      }
    }
  }
}

TEST(World, AxesOfTheCameraAreOrthonormalAndRightHanded) {
  const World world(draw_params(5, 10));
  for (double t = 0; t < 10; t += 0.37) {
    const Pose p = world.truth(t).pose;
    EXPECT_NEAR(dot(p.right, p.down), 0, 1e-6);
    EXPECT_NEAR(dot(p.right, p.forward), 0, 1e-6);
    EXPECT_NEAR(length(p.down), 1, 1e-6);
    EXPECT_NEAR(dot(cross(p.right, p.down), p.forward), 1, 1e-6);
    EXPECT_LT(p.down.z, -0.9f);
  }
}

TEST(World, TheCarStaysInItsLaneOnTheRoad) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const World world(draw_params(seed, 30));
    for (double t = 0; t <= 30; t += 0.5) {
      const Truth truth = world.truth(t);
      float s, d;
      world.road().to_road(static_cast<float>(truth.pose.position[0]),
                           static_cast<float>(truth.pose.position[1]), s, d);
      EXPECT_LT(d, -world.road_half_width() + 3.5f);
      EXPECT_GT(d, -world.road_half_width());
      EXPECT_GE(truth.speed_mps, 0);
      EXPECT_LT(s, world.road().end() - 100);
    }
  }
}

TEST(Road, FindsThePlaceThatAPointWasMadeFrom) {
  const Road road(9, 1, 10, 800);
  for (double s = 0; s < 700; s += 13) {
    for (float d : {-20.0f, -5.0f, 0.0f, 3.0f, 15.0f}) {
      const RoadPoint p = road.at(s);
      float found_s, found_d;
      road.to_road(p.x - p.tangent_y * d, p.y + p.tangent_x * d, found_s, found_d);
      EXPECT_NEAR(found_s, s, 0.05) << s << " " << d;
      EXPECT_NEAR(found_d, d, 0.05) << s << " " << d;
    }
  }
}

TEST(World, DrivesDiffer) {
  bool town = false, country = false, slow = false, fast = false;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const DriveParams p = draw_params(seed, 30);
    (p.town ? town : country) = true;
    slow = slow || p.speed_mps < 7;
    fast = fast || p.speed_mps > 20;
  }
  EXPECT_TRUE(town && country && slow && fast);
}

}  // namespace
}  // namespace dojo::scene
