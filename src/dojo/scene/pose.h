// Where a camera or a car is, and how a point in space becomes a pixel.
#pragma once

#include <array>
#include <optional>

#include "dojo/scene/vec.h"

namespace dojo::scene {

// Axes are unit vectors; pixel (x, y) of an image of width W and height H sees along forward +
// right * (x + 0.5 - W/2) / f + down * (y + 0.5 - H/2) / f, with f the focal length in pixels.
struct Pose {
  std::array<double, 3> position{};  // metres
  double yaw = 0, pitch = 0,
         roll = 0;  // radians; yaw counts to the left from +x, pitch up, roll clockwise
  Vec3 right, down, forward;
};

// Sets the axes from yaw, pitch and roll.
void set_axes(Pose& pose);

// The pose of something that is fixed on `body`: `mount` is its pose in the body's own axes, x
// ahead, y to the left, z up.
Pose mounted(const Pose& body, const Pose& mount);

struct Pixel {
  double x, y, depth;  // pixel (column, row) begins at (column, row); depth along the optical axis
};

// Where a camera sees a point; nothing for points behind it.
std::optional<Pixel> project(const Pose& camera, double focal_pixels, double height, double width,
                             const std::array<double, 3>& point);

}  // namespace dojo::scene
