#include "dojo/scene/vehicle.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dojo/scene/world.h"

namespace dojo::scene {
namespace {

constexpr uint64_t kSeeds = 6;
constexpr double kSeconds = 120;

DriveParams journey(uint64_t seed) { return draw_journey(seed, kSeconds, Weather::kDay); }

// A road, a plan and a car, without the world around it.
struct Ride {
  DriveParams params;
  Itinerary itinerary;
  Road road;
  Vehicle vehicle;
  explicit Ride(uint64_t seed)
      : params(journey(seed)),
        itinerary(params),
        road(seed, params.curvature, params.speed_mps, itinerary.road_length_m(),
             itinerary.turns()),
        vehicle(params, road, itinerary) {}
};

TEST(Vehicle, SpeedYawRateAndAccelerationAreTheDerivativesOfThePath) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Ride ride(seed);
    for (double t = 0.5; t < kSeconds - 1; t += 0.73) {
      const double h = 2e-3;
      const VehicleTruth before = ride.vehicle.truth(t - h), now = ride.vehicle.truth(t),
                         after = ride.vehicle.truth(t + h);
      const double dx = (after.x_m - before.x_m) / (2 * h), dy = (after.y_m - before.y_m) / (2 * h);
      EXPECT_NEAR(now.speed_mps, std::hypot(dx, dy), 2e-3) << seed << " " << t;
      EXPECT_NEAR(now.yaw_rate_radps, (after.heading_rad - before.heading_rad) / (2 * h), 2e-3)
          << seed << " " << t;
      EXPECT_NEAR(now.acceleration_mps2, (after.speed_mps - before.speed_mps) / (2 * h), 3e-2)
          << seed << " " << t;
      // The rear axle rolls where the car points: no slip to the side.
      EXPECT_NEAR(-std::sin(now.heading_rad) * dx + std::cos(now.heading_rad) * dy, 0, 2e-3)
          << seed << " " << t;
    }
  }
}

TEST(Vehicle, TheSteeringWheelFollowsTheBicycleModel) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Ride ride(seed);
    const VehicleSize size = ride.vehicle.size();
    double left = 0, right = 0;
    for (double t = 0; t < kSeconds; t += 0.31) {
      const VehicleTruth v = ride.vehicle.truth(t);
      EXPECT_NEAR(std::tan(v.steering_wheel_deg * kTurn / 360 / size.steering_ratio),
                  size.wheelbase_m * v.curvature_per_m, 1e-9);
      if (v.speed_mps > 0.5) {
        EXPECT_NEAR(v.yaw_rate_radps / v.speed_mps, v.curvature_per_m, 1e-9) << seed << " " << t;
      }
      left = std::max(left, v.steering_wheel_deg);
      right = std::min(right, v.steering_wheel_deg);
      EXPECT_LT(std::abs(v.wheel_rad), 0.6);  // what front wheels can do
    }
    EXPECT_GT(left - right, 20) << seed;
  }
}

TEST(Vehicle, StandsStillAtItsStopsAndOnlyThere) {
  int stands = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Ride ride(seed);
    for (const Stop& stop : ride.itinerary.stops()) {
      if (stop.end_seconds <= stop.begin_seconds || stop.end_seconds > kSeconds) continue;
      ++stands;
      EXPECT_GT(stop.end_seconds - stop.begin_seconds, 1);
      const VehicleTruth a = ride.vehicle.truth(stop.begin_seconds + 0.1),
                         b = ride.vehicle.truth(stop.end_seconds - 0.1);
      EXPECT_EQ(a.speed_mps, 0);
      EXPECT_EQ(a.yaw_rate_radps, 0);
      EXPECT_EQ(a.x_m, b.x_m);
      EXPECT_EQ(a.heading_rad, b.heading_rad);
      EXPECT_EQ(a.body.pitch, b.body.pitch);  // nothing shakes a car that stands
      EXPECT_TRUE(a.brake);
      EXPECT_NEAR(a.way_m, stop.s, 2);
    }
    for (double t = 0; t < kSeconds; t += 0.1) {
      EXPECT_GE(ride.vehicle.truth(t).speed_mps, 0);
      EXPECT_GT(ride.vehicle.truth(t).acceleration_mps2, -4.5) << seed << " " << t;
      EXPECT_LT(ride.vehicle.truth(t).acceleration_mps2, 3) << seed << " " << t;
      EXPECT_LT(std::abs(ride.vehicle.truth(t).lateral_acceleration_mps2), 5) << seed << " " << t;
    }
  }
  EXPECT_GT(stands, 5);
}

TEST(Itinerary, JourneysTurnBothWays) {
  int left = 0, right = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Ride ride(seed);
    const double from = ride.itinerary.at(0).s, to = ride.itinerary.at(kSeconds).s;
    for (const Turn& turn : ride.itinerary.turns())
      if (turn.begin > from && turn.end() < to) ++(turn.angle > 0 ? left : right);
  }
  EXPECT_GT(left, 5);
  EXPECT_GT(right, 5);
}

TEST(Road, WithTurnsItsHeadingHasTheCurvatureThatItTells) {
  const Ride ride(3);
  const double h = 1e-3;
  for (double s = 100; s < ride.road.end() - 10; s += 3.7) {
    EXPECT_NEAR(ride.road.curvature(s),
                (ride.road.heading(s + h) - ride.road.heading(s - h)) / (2 * h), 1e-5);
    EXPECT_NEAR(ride.road.curvature_slope(s),
                (ride.road.curvature(s + h) - ride.road.curvature(s - h)) / (2 * h), 1e-4);
  }
}

TEST(Road, WithTurnsItFindsThePlaceThatAPointWasMadeFrom) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Ride ride(seed);
    for (double s = 0; s < ride.road.end() - 100; s += 1.9) {
      for (float d : {-7.0f, -2.0f, 0.0f, 5.0f}) {
        const RoadPoint p = ride.road.at(s);
        if (p.curvature * d > 0.5f) continue;  // near the middle of a tight turn
        float found_s, found_d;
        ride.road.to_road(p.x - p.tangent_y * d, p.y + p.tangent_x * d, found_s, found_d);
        EXPECT_NEAR(found_s, s, 0.6) << seed << " " << s << " " << d;
        EXPECT_NEAR(found_d, d, 0.1) << seed << " " << s << " " << d;
      }
    }
    float s, d;
    ride.road.to_road(1e5f, -1e5f, s, d);
    EXPECT_GT(std::abs(d), 1000);
  }
}

TEST(World, NobodyOnAJourneyDrivesThroughAnybodyElse) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const World world(journey(seed));
    for (double t = 0; t < kSeconds; t += 0.5) {
      std::vector<Vec3> places = {{}};
      const VehicleTruth v = world.vehicle().truth(t);
      places[0] = {static_cast<float>(v.x_m + 1.4 * std::cos(v.heading_rad)),
                   static_cast<float>(v.y_m + 1.4 * std::sin(v.heading_rad)), 0};
      for (const Object& car : world.cars(t))
        if (car.faces[0].material != Material::kShadow)
          places.push_back({car.centre.x, car.centre.y, 0});
      for (size_t i = 0; i < places.size(); ++i)
        for (size_t k = 0; k < i; ++k)
          EXPECT_GT(length(places[i] - places[k]), 2.2f) << seed << " " << t;
    }
  }
}

TEST(World, NothingStandsOnTheRoadsOfAJourney) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const World world(journey(seed));
    const float half = world.road_half_width();
    for (const Object& thing : world.things()) {
      if (thing.faces[0].material == Material::kShadow) continue;
      float s, d;
      world.road().to_road(thing.centre.x, thing.centre.y, s, d);
      EXPECT_GT(std::abs(d), half) << seed << " " << s;
      const StreetPlace place = world.streets().nearest(thing.centre.x, thing.centre.y, s, d, half);
      EXPECT_GT(std::abs(place.d), half) << seed << " " << s;
    }
  }
}

}  // namespace
}  // namespace dojo::scene
