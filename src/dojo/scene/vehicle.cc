#include "dojo/scene/vehicle.h"

#include <algorithm>

namespace dojo::scene {

Vehicle::Vehicle(const DriveParams& p, const Road& road, const Itinerary& itinerary,
                 VehicleSize size)
    : road_(road), itinerary_(itinerary), size_(size), lane_(-3.5 * (p.lanes_each_way - 1) - 1.75) {
  Random random(p.seed, stream_id("vehicle"));
  wander_ = draw_waves(random, 3, 0.004, 0.02, 0.3);  // per metre: who stands does not wander
  pitch_ = draw_waves(random, 5, 0.5, 5, 0.010 * p.bump);
  roll_ = draw_waves(random, 4, 0.4, 4, 0.008 * p.bump);
  heave_ = draw_waves(random, 3, 0.6, 3, 0.025 * p.bump);
}

VehicleTruth Vehicle::truth(double t) const {
  const Motion m = itinerary_.at(t);
  VehicleTruth v;
  v.time_seconds = t;
  v.way_m = m.s;

  // The path c(s) + d(s) n(s); one stroke is a derivative by s. Its own direction differs from the
  // road's by atan2(b, a), and a metre of road is g metres of path.
  const double d = lane_ + sum_of(wander_, m.s), d1 = slope_of(wander_, m.s),
               d2 = second_slope_of(wander_, m.s), k = road_.curvature(m.s),
               k1 = road_.curvature_slope(m.s), h = road_.heading(m.s);
  const double a = 1 - k * d, b = d1, a1 = -k1 * d - k * d1, b1 = d2, g = std::hypot(a, b);
  const double turn = k + (b1 * a - b * a1) / (g * g);  // of the path's heading, per metre of road
  const std::array<double, 2> c = road_.exact(m.s);
  v.x_m = c[0] - std::sin(h) * d;
  v.y_m = c[1] + std::cos(h) * d;
  v.heading_rad = h + std::atan2(b, a);
  v.speed_mps = m.speed_mps * g;
  v.acceleration_mps2 = m.acceleration_mps2 * g + m.speed_mps * m.speed_mps * (a * a1 + b * b1) / g;
  v.yaw_rate_radps = m.speed_mps * turn;
  v.lateral_acceleration_mps2 = v.speed_mps * v.yaw_rate_radps;
  v.curvature_per_m = turn / g;
  v.wheel_rad = std::atan(size_.wheelbase_m * v.curvature_per_m);
  v.steering_wheel_deg = size_.steering_ratio * v.wheel_rad * 360 / kTurn;

  v.parked = t < itinerary_.departs_seconds() - 1;
  v.brake = !v.parked && (v.acceleration_mps2 < -0.3 || v.speed_mps < 0.01);
  v.accelerator_percent =
      v.brake || v.parked
          ? 0
          : std::clamp(25 * (v.acceleration_mps2 + 0.15 + 4e-4 * v.speed_mps * v.speed_mps), 0.0,
                       100.0);
  for (const Turn& junction : itinerary_.turns()) {
    if (!junction.junction || m.s < junction.begin - 40 || m.s > junction.end()) continue;
    (junction.angle > 0 ? v.blinker_left : v.blinker_right) = true;
  }

  // On its springs; a car that stands does not shake. It nods when it brakes and leans out of
  // bends.
  const double shake = std::min(1.4, v.speed_mps / 12);
  v.body.position = {v.x_m, v.y_m, shake * sum_of(heave_, t)};
  v.body.yaw = v.heading_rad;
  v.body.pitch = shake * sum_of(pitch_, t) + 0.004 * v.acceleration_mps2;
  v.body.roll = shake * sum_of(roll_, t) + 0.006 * v.lateral_acceleration_mps2;
  set_axes(v.body);
  return v;
}

}  // namespace dojo::scene
