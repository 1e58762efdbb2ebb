// A small world for one drive, drawn from a seed: a curved road through town or country, what
// stands beside it, who else drives on it, and the path of the camera. Everything is a pure
// function of (seed, time), so frames can be rendered in any order and the truth is exact: the pose
// is closed-form, speed and yaw rate are its derivatives.
//
//      z up     s: metres along the centre line of the road, which runs to +x: its heading stays
//      |           within +-70 degrees of the x axis
//      |        d: metres to the left of the centre line
//      +-- x    the ground is the plane z = 0
//
// Thread-safe after construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/scene/object.h"
#include "dojo/scene/road.h"
#include "dojo/scene/vec.h"
#include "dojo/scene/waves.h"

namespace dojo::scene {

// What differs from drive to drive.
struct DriveParams {
  uint64_t seed = 1;
  double seconds = 30;
  double speed_mps = 12;                        // mean; 3 to 30
  double speed_swing = 0.3;                     // the speed goes up and down by this share
  double curvature = 1;                         // scale of the heading's swings
  bool town = false;                            // houses and pavements, or fields and trees
  int lanes_each_way = 1;                       // 1 or 2
  double density = 1;                           // of houses, trees and poles
  double traffic = 1;                           // of cars
  bool lead_car = false;                        // one drives ahead in our lane
  double sun_elevation = 0.7, sun_azimuth = 0;  // radians
  double overcast = 0;                          // 0 blue sky, 1 grey
  double visibility_m = 900;                    // haze
  double camera_height_m = 1.4;
  double camera_pitch = 0;     // radians, up positive: how the camera is mounted
  double field_of_view = 1.1;  // horizontal, radians
  double bump = 1;             // scale of pitch, roll and height shakes
  double noise = 1;            // scale of the sensor noise
};

DriveParams draw_params(uint64_t seed, double seconds);

// Where the camera is. The camera's axes are unit vectors; pixel (x, y) of an image of width W sees
// along forward + right * (x + 0.5 - W/2) / f + down * (y + 0.5 - H/2) / f, with f = W / 2 /
// tan(field_of_view / 2).
struct Pose {
  std::array<double, 3> position{};     // metres
  double yaw = 0, pitch = 0, roll = 0;  // radians: to the left from +x, up, clockwise
  Vec3 right, down, forward;
};

struct Truth {
  double time_seconds = 0;
  double speed_mps = 0;       // of the car, on the ground
  double yaw_rate_radps = 0;  // of the car, left positive
  Pose pose;                  // of the camera, shakes included
};

class World {
 public:
  explicit World(const DriveParams& params);

  const DriveParams& params() const { return params_; }
  const Road& road() const { return road_; }
  float road_half_width() const { return 3.5f * static_cast<float>(params_.lanes_each_way); }
  // True within 60 m of a side road's centre; `distance`: from it, signed, metres.
  bool crossing_at(float s, float& distance) const;

  Truth truth(double time_seconds) const;
  std::vector<Object> cars(double time_seconds) const;           // those within sight
  const std::vector<Object>& things() const { return things_; }  // still; ascending in centre.x
  double light(double time_seconds) const;     // slow changes of daylight, about 1
  double exposure(double time_seconds) const;  // the camera's, about 1

 private:
  struct Car {
    double s, d, speed, phase;
    int kind;
    Vec3 colour;
    int direction;
  };
  struct GroundPose {
    double x, y, heading;
  };
  double travelled(double t) const;
  GroundPose ground_pose(double t) const;
  void place_things();
  void place_cars();

  DriveParams params_;
  Road road_;
  std::vector<Wave> speed_, wander_, pitch_, roll_, heave_, light_, exposure_;
  std::vector<Object> things_;
  std::vector<Car> cars_;
};

}  // namespace dojo::scene
