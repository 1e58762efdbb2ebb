// The road of a world: a curved centre line that runs to +x.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/scene/waves.h"

namespace dojo::scene {

// The centre line at one s.
struct RoadPoint {
  float x, y, tangent_x, tangent_y, curvature;
};

class Road {
 public:
  // `swing` scales the curves; with a mean speed of `speed_mps` each of them asks for at most 1.2
  // m/s2 to the side.
  Road(uint64_t seed, double swing, double speed_mps, double length_m);
  RoadPoint at(double s) const;  // linear between points 0.5 m apart; held at the ends
  double heading(double s) const;
  void to_road(float x, float y, float& s, float& d) const;  // near the road; pure in (x, y)
  double begin() const { return kBegin; }
  double end() const { return end_; }
  std::array<double, 2> exact(double s) const;  // smooth to double precision, for the camera's path

 private:
  static constexpr double kBegin = -150, kStep = 0.5;
  std::vector<Wave> waves_;
  std::vector<RoadPoint> points_;
  std::vector<std::array<double, 2>> exact_;
  std::vector<float> s_of_x_;  // each metre
  double end_;
};

}  // namespace dojo::scene
