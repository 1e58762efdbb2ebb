// What stands in a world: flat faces of a material.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/scene/vec.h"

namespace dojo::scene {

inline constexpr double kSight = 420;  // metres: farther things are not made

enum class Material : uint8_t {
  kFacade,
  kPlaster,
  kRoof,
  kLeaves,
  kBark,
  kPaint,
  kGlass,
  kTyre,
  kHedge,
  kRail,
  kSign,
  kShadow
};

// A flat convex piece of surface: the points origin + axis_u * u + axis_v * v with (u, v), in
// metres, inside the corners.
struct Face {
  Vec3 origin, axis_u, axis_v;  // axes are unit vectors, cross(axis_u, axis_v) points outwards
  std::array<std::array<float, 2>, 4> corners{};  // counter-clockwise in (u, v)
  // Of edge i (corner i to i + 1): the face of the object beyond it, or -1.
  std::array<int8_t, 4> neighbour{-1, -1, -1, -1};
  uint8_t num_corners = 4;
  Material material = Material::kPaint;
  bool two_sided = false;
  Vec3 colour, colour2;  // linear light, 0 to 1
  uint32_t seed = 0;
  float glow = 0;  // shines of itself: so much of its colour
};

struct Object {
  Vec3 centre;
  float radius = 0;   // of a sphere around it
  float opacity = 1;  // less: about to appear or to vanish
  std::vector<Face> faces;
};

}  // namespace dojo::scene
