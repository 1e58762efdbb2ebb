#include "dojo/scene/pose.h"

namespace dojo::scene {
namespace {

using Axis = std::array<double, 3>;

struct Axes {
  Axis forward, right, down;
};

Axes axes_of(double yaw, double pitch, double roll) {
  const double cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch);
  const double cr = std::cos(roll), sr = std::sin(roll);
  const double level[3] = {sy, -cy, 0},
               up[3] = {-sp * cy, -sp * sy, cp};  // to the right and up before the roll
  return {{cy * cp, sy * cp, sp},
          {level[0] * cr - up[0] * sr, level[1] * cr - up[1] * sr, level[2] * cr - up[2] * sr},
          {-up[0] * cr - level[0] * sr, -up[1] * cr - level[1] * sr, -up[2] * cr - level[2] * sr}};
}

double dot3(const Axis& a, const Axis& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vec3 single(const Axis& a) {
  return {static_cast<float>(a[0]), static_cast<float>(a[1]), static_cast<float>(a[2])};
}

}  // namespace

void set_axes(Pose& pose) {
  const Axes axes = axes_of(pose.yaw, pose.pitch, pose.roll);
  pose.forward = single(axes.forward);
  pose.right = single(axes.right);
  pose.down = single(axes.down);
}

Pose mounted(const Pose& body, const Pose& mount) {
  const Axes b = axes_of(body.yaw, body.pitch, body.roll),
             m = axes_of(mount.yaw, mount.pitch, mount.roll);
  const auto turn = [&](const Axis& v) {  // from the body's axes to the world's
    Axis world;
    for (size_t i = 0; i < 3; ++i)
      world[i] = b.forward[i] * v[0] - b.right[i] * v[1] - b.down[i] * v[2];
    return world;
  };
  Pose pose;
  const Axis offset = turn(mount.position), forward = turn(m.forward), right = turn(m.right);
  for (size_t i = 0; i < 3; ++i) pose.position[i] = body.position[i] + offset[i];
  pose.yaw = std::atan2(forward[1], forward[0]);
  pose.pitch = std::asin(forward[2]);
  const Axes upright = axes_of(pose.yaw, pose.pitch, 0);
  pose.roll = std::atan2(dot3(right, upright.down), dot3(right, upright.right));
  set_axes(pose);
  return pose;
}

std::optional<Pixel> project(const Pose& camera, double focal_pixels, double height, double width,
                             const std::array<double, 3>& point) {
  const Axes axes = axes_of(camera.yaw, camera.pitch, camera.roll);
  const Axis to{point[0] - camera.position[0], point[1] - camera.position[1],
                point[2] - camera.position[2]};
  const double depth = dot3(to, axes.forward);
  if (depth <= 0) return std::nullopt;
  return Pixel{width / 2 + focal_pixels * dot3(to, axes.right) / depth,
               height / 2 + focal_pixels * dot3(to, axes.down) / depth, depth};
}

}  // namespace dojo::scene
