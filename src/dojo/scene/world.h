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

#include "dojo/scene/vec.h"

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
  std::array<double, 3> position{};  // metres
  double yaw = 0, pitch = 0,
         roll = 0;  // radians; yaw counts to the left from +x, pitch up, roll clockwise
  Vec3 right, down, forward;
};

struct Truth {
  double time_seconds = 0;
  double speed_mps = 0;       // of the car, on the ground
  double yaw_rate_radps = 0;  // of the car, left positive
  Pose pose;                  // of the camera, shakes included
};

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
  void to_road(float x, float y, float& s,
               float& d) const;  // near the road; a pure function of (x, y)
  double begin() const { return kBegin; }
  double end() const { return end_; }
  std::array<double, 2> exact(double s) const;  // smooth to double precision, for the camera's path

 private:
  static constexpr double kBegin = -150, kStep = 0.5;
  struct Wave {
    double amplitude, frequency, phase;
  };
  std::vector<Wave> waves_;
  std::vector<RoadPoint> points_;
  std::vector<std::array<double, 2>> exact_;
  std::vector<float> s_of_x_;  // each metre
  double end_;
};

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
  std::array<int8_t, 4> neighbour{
      -1, -1, -1, -1};  // of edge i (corner i to i + 1): the face of the object beyond it, or -1
  uint8_t num_corners = 4;
  Material material = Material::kPaint;
  bool two_sided = false;
  Vec3 colour, colour2;  // linear light, 0 to 1
  uint32_t seed = 0;
};

struct Object {
  Vec3 centre;
  float radius = 0;  // of a sphere around it
  std::vector<Face> faces;
};

class World {
 public:
  explicit World(const DriveParams& params);

  const DriveParams& params() const { return params_; }
  const Road& road() const { return road_; }
  float road_half_width() const { return 3.5f * static_cast<float>(params_.lanes_each_way); }
  bool crossing_at(float s,
                   float& distance) const;  // a side road's centre within 60 m: its signed distance

  Truth truth(double time_seconds) const;
  std::vector<Object> cars(double time_seconds) const;  // those within sight
  const std::vector<Object>& things() const {
    return things_;
  }                                            // standing still, ascending in x of the centre
  double light(double time_seconds) const;     // slow changes of daylight, about 1
  double exposure(double time_seconds) const;  // the camera's, about 1

 private:
  struct Wave {
    double amplitude, frequency, phase;
  };
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
