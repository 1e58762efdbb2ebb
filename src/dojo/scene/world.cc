#include "dojo/scene/world.h"

#include <algorithm>
#include <cmath>

#include "dojo/base/check.h"
#include "dojo/base/random.h"
#include "dojo/scene/texture.h"

namespace dojo::scene {

DriveParams draw_params(uint64_t seed, double seconds) {
  Random random(seed, stream_id("drive"));
  DriveParams p;
  p.seed = seed;
  p.seconds = seconds;
  p.town = random.chance(0.55);
  p.speed_mps = p.town ? random.uniform(3.5, 15) : random.uniform(9, 29);
  p.speed_swing = random.uniform(0.1, p.town ? 0.8 : 0.4);
  p.curvature = random.uniform(0.35, 1.0);
  p.lanes_each_way = random.chance(0.4) ? 2 : 1;
  p.density = random.uniform(0.6, 1.4);
  p.traffic = random.uniform(0.5, 1.8);
  p.lead_car = random.chance(0.5);
  p.sun_elevation = random.uniform(0.15, 1.1);
  p.sun_azimuth = random.uniform(0, kTurn);
  p.overcast = random.chance(0.4) ? random.uniform(0.5, 1.0) : random.uniform(0, 0.4);
  p.visibility_m = random.uniform(350, 1800);
  p.camera_height_m = random.uniform(1.15, 1.75);
  p.camera_pitch = random.uniform(-0.07, 0.05);
  p.field_of_view = random.uniform(0.85, 1.6);
  p.bump = random.uniform(0.4, 1.6);
  p.noise = random.uniform(0.4, 1.6);
  return p;
}

World::World(const DriveParams& params)
    : params_(params),
      road_(params.seed, params.curvature, params.speed_mps,
            params.speed_mps * params.seconds * 1.3 + 700) {
  DOJO_CHECK(params.seconds > 0 && params.speed_mps > 0);
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
  place_cars();
}

bool World::crossing_at(float s, float& distance) const {
  const float period = params_.town ? 110.0f : 300.0f;
  const int k = floor_int(s / period);
  const uint32_t seed = static_cast<uint32_t>(params_.seed);
  distance = s - period * (static_cast<float>(k) + 0.3f +
                           0.4f * hash01(static_cast<uint32_t>(k), seed, 1));
  return std::abs(distance) < 60 && hash01(static_cast<uint32_t>(k), seed, 2) < 0.7f;
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
          road + std::atan2(dd, ds * (1 - bend * d))};
}

Truth World::truth(double t) const {
  const GroundPose here = ground_pose(t);
  const double s = travelled(t), ds = params_.speed_mps * (1 + sum_of(speed_, t));
  const double d = -(3.5 * (params_.lanes_each_way - 1) + 1.75) + sum_of(wander_, t),
               dd = slope_of(wander_, t);
  const double bend = (road_.heading(s + 1e-3) - road_.heading(s - 1e-3)) / 2e-3;
  Truth truth;
  truth.time_seconds = t;
  truth.speed_mps = std::hypot(ds * (1 - bend * d), dd);
  truth.yaw_rate_radps = (ground_pose(t + 1e-4).heading - ground_pose(t - 1e-4).heading) / 2e-4;
  const double acceleration = params_.speed_mps * slope_of(speed_, t);

  Pose& pose = truth.pose;
  pose.position = {here.x, here.y, params_.camera_height_m + sum_of(heave_, t)};
  pose.yaw = here.heading;
  pose.pitch = params_.camera_pitch + sum_of(pitch_, t) + 0.004 * acceleration;
  // Leans out of the bend: in a left one clockwise.
  pose.roll = sum_of(roll_, t) + 0.004 * truth.speed_mps * truth.yaw_rate_radps;
  const double cy = std::cos(pose.yaw), sy = std::sin(pose.yaw), cp = std::cos(pose.pitch),
               sp = std::sin(pose.pitch);
  const double cr = std::cos(pose.roll), sr = std::sin(pose.roll);
  const double level[3] = {sy, -cy, 0},
               up[3] = {-sp * cy, -sp * sy, cp};  // to the right and up before the roll
  pose.forward = {static_cast<float>(cy * cp), static_cast<float>(sy * cp), static_cast<float>(sp)};
  pose.right = {static_cast<float>(level[0] * cr - up[0] * sr),
                static_cast<float>(level[1] * cr - up[1] * sr),
                static_cast<float>(level[2] * cr - up[2] * sr)};
  pose.down = {static_cast<float>(-up[0] * cr - level[0] * sr),
               static_cast<float>(-up[1] * cr - level[1] * sr),
               static_cast<float>(-up[2] * cr - level[2] * sr)};
  return truth;
}

double World::light(double t) const { return 1 + sum_of(light_, t); }
double World::exposure(double t) const { return 1 + sum_of(exposure_, t); }

}  // namespace dojo::scene
