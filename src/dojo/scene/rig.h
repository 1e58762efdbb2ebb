// The cameras of a vehicle: where each is mounted, which way it looks and how wide. The default is
// a table of our own, shaped after a car with eight cameras as its owners see it in their clips (no
// figures of the maker's); it can be written, edited and read as JSON.
//
//   Rig rig = default_rig(6);                   // front, back, two repeaters, two pillars
//   rig = remounted(rig, vehicle_number, 1.0);  // the same model of car, another specimen
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/scene/pose.h"

namespace dojo::scene {

// In the car's own axes: metres from the ground below the rear axle, ahead, to the left and up;
// degrees: yaw to the left from straight ahead, pitch up, roll clockwise.
struct CameraMount {
  std::string name;
  double ahead_m = 0, left_m = 0, up_m = 1.4;
  double yaw_deg = 0, pitch_deg = 0, roll_deg = 0;
  double field_of_view_deg = 80;  // horizontal
  bool sees_own_car = false;      // the body of the car is in the picture

  Pose pose() const;
  double focal_pixels(double width) const;
  bool operator==(const CameraMount&) const = default;
};

using Rig = std::vector<CameraMount>;

// The first `cameras` of front, back, left_repeater, right_repeater, left_pillar, right_pillar.
// REQUIRES: 1 <= cameras <= 6.
Rig default_rig(int64_t cameras);

// Another specimen of the same car, or of another model: angles differ by about 2 `scale` degrees,
// places by 5 centimetres (heights by 10), fields of view by 4 %. Vehicle 0 is the rig itself. A
// pure function of its arguments.
Rig remounted(const Rig& rig, uint64_t vehicle, double scale);

std::string rig_text(const Rig& rig);  // JSON
// Throws Error(kInput) that names `where` and says what is wrong: names must be different and of
// a-z and _, numbers within what a car can have.
Rig parse_rig(std::string_view text, const std::string& where);

}  // namespace dojo::scene
