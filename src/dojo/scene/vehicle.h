// The car of a journey: its exact state at any time. The centre of the rear axle follows a smooth
// path along the right lane; the rest is a bicycle that rolls without slipping:
//
//   yaw rate = speed * curvature,   angle of the front wheels = atan(wheelbase * curvature),
//   steering wheel angle = steering ratio * that of the front wheels.
//
// The car's own axes begin on the ground below the rear axle: x ahead, y to the left, z up. The
// body, and with it the cameras, also pitches, rolls and heaves on its springs. Thread-safe.
#pragma once

#include <vector>

#include "dojo/scene/itinerary.h"
#include "dojo/scene/pose.h"
#include "dojo/scene/road.h"

namespace dojo::scene {

// A car of no particular make: round numbers of a saloon of 4.7 m.
struct VehicleSize {
  double wheelbase_m = 2.9;
  double steering_ratio = 12;  // turns of the steering wheel to turns of the front wheels
};

// Angles and rates to the left are positive.
struct VehicleTruth {
  double time_seconds = 0;
  double x_m = 0, y_m = 0, heading_rad = 0;  // of the rear axle; heading from +x, not wrapped
  double speed_mps = 0, yaw_rate_radps = 0;
  double acceleration_mps2 = 0, lateral_acceleration_mps2 = 0;  // ahead, to the left
  double curvature_per_m = 0;  // of the path, also where the car stands
  double wheel_rad = 0, steering_wheel_deg = 0;
  double way_m = 0;  // along the road's centre line
  double accelerator_percent = 0;
  bool brake = false, blinker_left = false, blinker_right = false, parked = false;
  Pose body;
};

class Vehicle {
 public:
  // What it is given must outlive it. REQUIRES: params.journey.
  Vehicle(const DriveParams& params, const Road& road, const Itinerary& itinerary,
          VehicleSize size = {});
  VehicleTruth truth(double time_seconds) const;
  const VehicleSize& size() const { return size_; }

 private:
  const Road& road_;
  const Itinerary& itinerary_;
  VehicleSize size_;
  double lane_ = 0;
  std::vector<Wave> wander_, pitch_, roll_, heave_;
};

}  // namespace dojo::scene
