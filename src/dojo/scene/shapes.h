// The things of the world as faces: houses, trees, poles, cars.
#pragma once

#include "dojo/base/random.h"
#include "dojo/scene/object.h"

namespace dojo::scene {

// A place on the ground and the direction that is "ahead" there, a unit vector in the plane.
struct Place {
  float x = 0, y = 0, ahead_x = 1, ahead_y = 0;
  Vec3 point(float ahead, float left, float up) const {
    return {x + ahead_x * ahead - ahead_y * left, y + ahead_y * ahead + ahead_x * left, up};
  }
};

struct HouseOptions {
  float length = 12, depth = 10, height = 9;  // along and across the road, metres
  bool pitched_roof = false;
  Vec3 wall, roof;
  uint32_t seed = 0;
};

Object make_house(const Place& place, const HouseOptions& options);
Object make_tree(const Place& place, float height, float width, Vec3 leaves, uint32_t seed);
Object make_pole(const Place& place, float height, bool lamp, Vec3 colour, float glow = 0);
Object make_sign(const Place& place, float height, Vec3 colour,
                 uint32_t seed);  // faces those who come from behind
Object make_screen(const Place& begin, const Place& end, float bottom, float top, Material material,
                   Vec3 colour, uint32_t seed);
enum class CarKind { kSedan, kVan, kTruck };
struct CarLamps {
  float head = 0, tail = 0;  // Face::glow
};
Object make_car(const Place& place, CarKind kind, Vec3 colour, uint32_t seed, CarLamps lamps = {});
Vec3 draw_paint(Random& random);  // of a car
Object make_shadow(const Place& place, float length,
                   float width);  // dark on the ground, with a soft edge

}  // namespace dojo::scene
