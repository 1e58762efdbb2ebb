// Where a journey goes and when: turns at junctions and strong bends, stops before crossings, and
// the speed over time that a careful driver makes of them.
//
//   Itinerary plan(params);
//   Motion m = plan.at(12.5);  // metres along the road, speed, acceleration
//
// The speed over time is a spline: acceleration is its derivative and the way its integral, both
// exact. Thread-safe after construction.
#pragma once

#include <vector>

#include "dojo/scene/drive_params.h"
#include "dojo/scene/road.h"

namespace dojo::scene {

// The centre of a side road that crosses within 60 m of s: its signed distance from there. Drawn
// from the drive's seed, a place each 110 m in town and each 300 m in the country, 7 of 10 taken.
bool side_road_near(const DriveParams& params, float s, float& distance);

// Along the centre line of the road.
struct Motion {
  double s = 0, speed_mps = 0, acceleration_mps2 = 0;
};

struct Stop {
  double s = 0;           // where the rear axle stands
  double seconds = 0;     // how long, at least
  double crossing_s = 0;  // of the side road or turn that it is for
  bool at_turn = false;
  double begin_seconds = 0, end_seconds = 0;  // when the car stands there; equal: it never came
};

class Itinerary {
 public:
  // REQUIRES: params.journey.
  explicit Itinerary(const DriveParams& params);

  Motion at(double time_seconds) const;  // from kEarliest to params.seconds + kLatest; held outside
  const std::vector<Turn>& turns() const { return turns_; }
  const std::vector<Stop>& stops() const { return stops_; }  // ascending in s
  double road_length_m() const { return road_length_; }
  double departs_seconds() const { return departs_; }  // parked before; 0: it comes driving

  static constexpr double kStart = 450;                  // s where the drive begins, about
  static constexpr double kEarliest = -5, kLatest = 10;  // seconds
  // A car ahead is where ours will be after this time, and so much farther; one behind the same.
  static constexpr double kHeadwaySeconds = 1.6, kHeadwayMetres = 8.5;

 private:
  void draw_turns(const DriveParams& params);
  void draw_stops(const DriveParams& params);
  void drive(const DriveParams& params);

  std::vector<Turn> turns_;
  std::vector<Stop> stops_;
  std::vector<double> speed_;  // control points of a quadratic B-spline, kTick apart
  std::vector<double> way_;    // s at the knots
  double road_length_ = 0, departs_ = 0;
};

}  // namespace dojo::scene
