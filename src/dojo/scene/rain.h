// Rain between the camera and the world, and on its lens.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/scene/light.h"

namespace dojo::scene {

// One frame's rain as a camera sees it: streaks in the air and drops on the lens. A pure function
// of its arguments.
class Rain {
 public:
  Rain(const DriveParams& params, uint32_t camera, int64_t frame_number, double time_seconds,
       int height, int width);
  bool none() const { return streaks_.empty() && drops_.empty(); }

  // Changes row y of `image` [H,W], which `row` [W] is a copy of.
  void apply(const Light& light, const std::vector<Vec3>& image, int y, Vec3* row) const;

 private:
  struct Streak {
    float x, y, length, slope, strength;
  };
  struct Drop {
    float x, y, radius, strength;
  };
  int height_, width_;
  float thick_;
  std::vector<Streak> streaks_;
  std::vector<Drop> drops_;
};

}  // namespace dojo::scene
