#include "dojo/scene/world.h"

#include <algorithm>
#include <cmath>

#include "dojo/base/check.h"
#include "dojo/base/random.h"
#include "dojo/scene/texture.h"

namespace dojo::scene {

World::World(const DriveParams& params)
    : params_(params),
      itinerary_(params.journey ? std::make_optional<Itinerary>(params) : std::nullopt),
      road_(
          params.seed, params.curvature, params.speed_mps,
          itinerary_ ? itinerary_->road_length_m() : params.speed_mps * params.seconds * 1.3 + 700,
          itinerary_ ? itinerary_->turns() : std::vector<Turn>()),
      streets_(road_) {
  DOJO_CHECK(params.seconds > 0 && params.speed_mps > 0);
  if (itinerary_) {
    vehicle_.emplace(params_, road_, *itinerary_);
    traffic_.emplace(params_, road_, *itinerary_);
  }
  Random random(params.seed, stream_id("motion"));
  speed_ = draw_waves(random, 3, 0.03, 0.2, params.speed_swing);
  wander_ = draw_waves(random, 2, 0.05, 0.2, 0.45);
  const double shake = params.bump * std::min(1.5, 0.5 + params.speed_mps / 15);
  pitch_ = draw_waves(random, 5, 0.5, 5, 0.012 * shake);
  roll_ = draw_waves(random, 4, 0.4, 4, 0.010 * shake);
  heave_ = draw_waves(random, 3, 0.6, 3, 0.05 * shake);
  light_ = draw_waves(random, 3, 0.03, 0.3, random.uniform(0.05, 0.25));
  exposure_ = draw_waves(random, 3, 0.05, 0.6, random.uniform(0.03, 0.15));
  place_things();
  if (!params.journey) place_cars();
}

const Itinerary& World::itinerary() const {
  DOJO_CHECK(itinerary_.has_value());
  return *itinerary_;
}

const Vehicle& World::vehicle() const {
  DOJO_CHECK(vehicle_.has_value());
  return *vehicle_;
}

bool World::crossing_at(float s, float& distance) const {
  if (!side_road_near(params_, s, distance)) return false;
  return !road_.turns_near(static_cast<double>(s - distance), 75);
}

// The integral of speed_mps * (1 + sum of waves).
double World::travelled(double t) const {
  double s = t;
  for (const Wave& w : speed_)
    s += w.amplitude / w.frequency * (std::cos(w.phase) - std::cos(w.frequency * t + w.phase));
  return params_.speed_mps * s;
}

World::GroundPose World::ground_pose(double t) const {
  const double s = travelled(t), ds = params_.speed_mps * (1 + sum_of(speed_, t));
  const double d = -(3.5 * (params_.lanes_each_way - 1) + 1.75) + sum_of(wander_, t),
               dd = slope_of(wander_, t);
  const double road = road_.heading(s),
               bend = (road_.heading(s + 1e-3) - road_.heading(s - 1e-3)) / 2e-3;
  const std::array<double, 2> p = road_.exact(s);
  return {p[0] - std::sin(road) * d, p[1] + std::cos(road) * d,
          road + std::atan2(dd, ds * (1 - bend * d)), std::hypot(ds * (1 - bend * d), dd)};
}

Truth World::truth(double t) const {
  DOJO_CHECK(!params_.journey);
  const GroundPose here = ground_pose(t);
  Truth truth;
  truth.time_seconds = t;
  truth.speed_mps = here.speed;
  truth.yaw_rate_radps = (ground_pose(t + 1e-4).heading - ground_pose(t - 1e-4).heading) / 2e-4;
  const double acceleration = params_.speed_mps * slope_of(speed_, t);

  Pose& pose = truth.pose;
  pose.position = {here.x, here.y, params_.camera_height_m + sum_of(heave_, t)};
  pose.yaw = here.heading;
  pose.pitch = params_.camera_pitch + sum_of(pitch_, t) + 0.004 * acceleration;
  // Leans out of the bend: in a left one clockwise.
  pose.roll = sum_of(roll_, t) + 0.004 * truth.speed_mps * truth.yaw_rate_radps;
  set_axes(pose);
  return truth;
}

double World::light(double t) const { return 1 + sum_of(light_, t); }
double World::exposure(double t) const { return 1 + sum_of(exposure_, t); }

}  // namespace dojo::scene
