#include "dojo/video/telemetry/track.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "dojo/base/random.h"

namespace dojo {
namespace {

TEST(Track, ValuesLieOnStraightLinesBetweenSamples) {
  const Track t{.signal = "speed_mps", .seconds = {1, 2, 2.5}, .values = {10, 20, 0}};
  EXPECT_EQ(value_at(t, 1), 10);
  EXPECT_EQ(value_at(t, 1.25), 12.5);
  EXPECT_EQ(value_at(t, 2), 20);
  EXPECT_EQ(value_at(t, 2.25), 10);
  EXPECT_EQ(value_at(t, 2.5), 0);
}

TEST(Track, NothingIsKnownOutsideAndInGaps) {
  const Track t{.signal = "speed_mps", .seconds = {1, 2, 3.001}, .values = {10, 20, 30}};
  for (const double s : {0.999, 2.001, 3.0, 3.002, -HUGE_VAL, HUGE_VAL, std::nan("")})
    EXPECT_TRUE(std::isnan(value_at(t, s))) << s;
  EXPECT_EQ(value_at(t, 2), 20);
  EXPECT_EQ(value_at(t, 3.001), 30);
  EXPECT_TRUE(std::isnan(value_at({.signal = "x"}, 0)));
}

TEST(Track, AnglesTurnTheShortWay) {
  const Track t{.signal = "heading_deg",
                .seconds = {0, 1, 2},
                .values = {350, 20, 340},
                .is_angle_degrees = true};
  EXPECT_DOUBLE_EQ(value_at(t, 0.5), 365);
  EXPECT_DOUBLE_EQ(value_at(t, 1.5), 0);
}

TEST(Track, StatesHoldUntilTheNextSample) {
  const Track t{.signal = "gear", .seconds = {0, 1, 2}, .values = {0, 1, 2}, .is_state = true};
  EXPECT_EQ(value_at(t, 0.99), 0);
  EXPECT_EQ(value_at(t, 1.99), 1);
  EXPECT_EQ(value_at(t, 2), 2);
}

// A drive whose speed and heading are known functions of time, logged by a clock that ticks
// unevenly.
double true_speed(double t) { return 12 + 1.5 * t + 3 * std::sin(0.5 * t); }
double true_speed_slope(double t) { return 1.5 + 1.5 * std::cos(0.5 * t); }
double true_heading(double t) { return std::fmod(300 + 25 * t + 40 * std::sin(0.3 * t), 360); }
double true_heading_slope(double t) { return 25 + 12 * std::cos(0.3 * t); }

std::vector<double> uneven_times(double begin, double end, double step, Random& random) {
  std::vector<double> times;
  for (double t = begin; t < end; t += step * random.uniform(0.5, 1.5)) times.push_back(t);
  return times;
}

TEST(Track, LabelsAtFrameTimesAreWithinAMillisecondOfTheTruth) {
  Random random(3);
  for (const double rate : {20.0, 36.0, 100.0}) {
    Track speed{.signal = "speed_mps", .seconds = uneven_times(-1, 60, 1 / rate, random)};
    Track heading{.signal = "heading_deg", .seconds = speed.seconds, .is_angle_degrees = true};
    for (const double t : speed.seconds) {
      speed.values.push_back(true_speed(t));
      heading.values.push_back(true_heading(t));
    }
    double worst = 0;
    for (const double t : uneven_times(0, 58, 1 / 29.97, random)) {
      const double turned = std::remainder(value_at(heading, t) - true_heading(t), 360);
      worst = std::max(worst, std::abs(turned) / true_heading_slope(t));
      if (true_speed_slope(t) > 1)
        worst = std::max(worst, std::abs(value_at(speed, t) - true_speed(t)) / true_speed_slope(t));
    }
    EXPECT_LT(worst, 1e-3) << rate;
    RecordProperty("worst_ms_at_" + std::to_string(static_cast<int>(rate)),
                   std::to_string(1e3 * worst));
  }
}

TEST(Track, TheYawRateFollowsTheHeading) {
  Random random(4);
  for (const double rate : {1.0, 10.0, 36.0}) {
    Telemetry telemetry;
    Track heading{.signal = "heading_deg", .is_angle_degrees = true, .max_gap_seconds = 3};
    for (const double t : uneven_times(0, 60, 1 / rate, random)) {
      heading.seconds.push_back(t);
      heading.values.push_back(true_heading(t));
    }
    telemetry.tracks.push_back(heading);
    add_derived(&telemetry);
    const Track* yaw = find(telemetry, "yaw_rate_radps");
    ASSERT_TRUE(yaw);
    for (double t = 2; t < 57; t += 0.1) {
      const double wanted = -true_heading_slope(t) * std::numbers::pi / 180;  // left is positive
      EXPECT_NEAR(value_at(*yaw, t), wanted, rate < 5 ? 0.02 : 3e-3) << t << " at " << rate;
    }
  }
}

TEST(Track, SpeedAndHeadingFollowTheWayOnTheGlobe) {
  // 15 m/s on a circle of 200 m radius, to the right, at 52 degrees north; a point a second.
  Telemetry telemetry;
  Track latitude{.signal = "latitude_deg", .max_gap_seconds = 3},
      longitude{.signal = "longitude_deg", .is_angle_degrees = true, .max_gap_seconds = 3};
  const double metre = 180 / (std::numbers::pi * 6371008.8), rate = 15.0 / 200;
  for (double t = 0; t < 100; t += 1) {
    const double angle = rate * t;
    latitude.seconds.push_back(t);
    longitude.seconds.push_back(t);
    latitude.values.push_back(52 + 200 * std::sin(angle) *
                                       metre);  // heads north at t = 0, then turns east
    longitude.values.push_back(179.9995 + 200 * (1 - std::cos(angle)) * metre /
                                              std::cos(52 * std::numbers::pi / 180));
    if (longitude.values.back() >= 180) longitude.values.back() -= 360;
  }
  telemetry.tracks = {latitude, longitude};
  add_derived(&telemetry);
  for (double t = 2; t < 97; t += 0.25) {
    EXPECT_NEAR(value_at(*find(telemetry, "speed_mps"), t), 15, 0.02);
    EXPECT_NEAR(value_at(*find(telemetry, "yaw_rate_radps"), t), -rate, 1e-3);
    const double heading = value_at(*find(telemetry, "heading_deg"), t);
    EXPECT_NEAR(std::remainder(heading - rate * t * 180 / std::numbers::pi, 360), 0, 0.05);
  }
  drop_location(&telemetry);
  EXPECT_EQ(telemetry.tracks.size(), 3u);
  EXPECT_FALSE(find(telemetry, "latitude_deg") || find(telemetry, "longitude_deg"));
}

TEST(Track, AStandingVehicleHasNoHeadingFromItsPositions) {
  Telemetry telemetry;
  Random random(5);
  Track latitude{.signal = "latitude_deg"}, longitude{.signal = "longitude_deg"};
  for (double t = 0; t < 30; t += 0.5) {
    latitude.seconds.push_back(t);
    longitude.seconds.push_back(t);
    latitude.values.push_back(52 + random.uniform(-1e-6, 1e-6));  // 0.1 m of noise
    longitude.values.push_back(13 + random.uniform(-1e-6, 1e-6));
  }
  telemetry.tracks = {latitude, longitude};
  add_derived(&telemetry);
  EXPECT_FALSE(find(telemetry, "heading_deg"));
  EXPECT_FALSE(find(telemetry, "yaw_rate_radps"));
  EXPECT_LT(value_at(*find(telemetry, "speed_mps"), 10), 1);
}

TEST(Track, TidyingSortsAndTakesOutWhatIsNoNumberOrComesTwice) {
  Track t{.signal = "speed_mps",
          .seconds = {2, 1, std::nan(""), 2, 3, 4},
          .values = {20, 10, 5, 21, INFINITY, 40}};
  tidy(&t);
  EXPECT_EQ(t.seconds, (std::vector<double>{1, 2, 4}));
  EXPECT_EQ(t.values, (std::vector<double>{10, 20, 40}));
}

TEST(Track, NoRateGoesAcrossAGap) {
  Track t{.signal = "x", .seconds = {0, 0.1, 0.2, 5, 5.1, 5.2}, .values = {0, 1, 2, 100, 101, 102}};
  const Track rate = rate_of(t, 0.3, "dx");
  for (size_t i = 0; i < rate.seconds.size(); ++i) EXPECT_NEAR(rate.values[i], 10, 1e-9);
  EXPECT_TRUE(std::isnan(value_at(rate, 2.5)));
  EXPECT_EQ(rate_of({.signal = "x", .seconds = {1}, .values = {1}}, 0.3, "dx").seconds.size(), 0u);
}

}  // namespace
}  // namespace dojo
