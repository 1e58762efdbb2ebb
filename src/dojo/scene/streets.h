// What of the ground is road: the road of a drive and, on a journey, the streets that meet it where
// it turns at a junction. Thread-safe after construction.
#pragma once

#include <vector>

#include "dojo/scene/road.h"

namespace dojo::scene {

// The place of a point along the nearest street: like (s, d) of Road, with the street's direction.
struct StreetPlace {
  float s, d, tangent_x, tangent_y;
  bool marked;      // false inside a junction, where nothing is painted
  float stop_line;  // metres along the street from the line across the lane that leads there
};

class Streets {
 public:
  // `road` must outlive it.
  explicit Streets(const Road& road);

  // REQUIRES: `s` and `d` are what road.to_road(x, y) says, `half` is half the width of the
  // streets.
  StreetPlace nearest(float x, float y, float s, float d, float half) const;

  // Whether a disc of this radius keeps `room` from the edges of all streets.
  bool clear_of(float x, float y, float radius, float half, float room) const;

  static constexpr float kArm = 62;  // metres from the middle of the junction to a street's end

 private:
  struct Arm {
    float x, y, away_x, away_y;  // from the middle of the junction
  };
  struct Junction {
    float begin, end;  // of the turn
    std::vector<Arm> arms;
  };
  const Junction* junction_near(float s) const;

  const Road& road_;
  std::vector<Junction> junctions_;
};

}  // namespace dojo::scene
