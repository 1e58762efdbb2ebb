// A small world for one drive, drawn from a seed: a curved road through town or country, what
// stands beside it, who else drives on it, and the path of the camera. Everything is a pure
// function of (seed, time), so frames can be rendered in any order and the truth is exact: the pose
// is closed-form, speed and yaw rate are its derivatives.
//
//      z up     s: metres along the centre line of the road, which begins to +x
//      |        d: metres to the left of the centre line
//      +-- x    the ground is the plane z = 0
//
// A plain drive has one camera (truth()); on a journey (params.journey) a car drives (vehicle()),
// and cameras are mounted on it (scene/rig.h).
//
// Thread-safe after construction.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "dojo/scene/drive_params.h"
#include "dojo/scene/itinerary.h"
#include "dojo/scene/object.h"
#include "dojo/scene/pose.h"
#include "dojo/scene/road.h"
#include "dojo/scene/streets.h"
#include "dojo/scene/traffic.h"
#include "dojo/scene/vehicle.h"

namespace dojo::scene {

struct Truth {
  double time_seconds = 0;
  double speed_mps = 0;       // of the car, on the ground
  double yaw_rate_radps = 0;  // of the car, left positive
  Pose pose;                  // of the camera, shakes included
};

// Street lamps along one side: at s = begin + k * spacing.
struct LampRow {
  float begin = 0, spacing = 0, d = 0;  // spacing 0: none
};

class World {
 public:
  explicit World(const DriveParams& params);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const DriveParams& params() const { return params_; }
  const Road& road() const { return road_; }
  float road_half_width() const { return 3.5f * static_cast<float>(params_.lanes_each_way); }
  bool crossing_at(float s,
                   float& distance) const;  // a side road's centre within 60 m: its signed distance
  const Streets& streets() const { return streets_; }
  const std::array<LampRow, 2>& lamps() const { return lamps_; }  // those on the right, the left

  Truth truth(double time_seconds) const;  // REQUIRES: no journey
  const Itinerary& itinerary() const;      // REQUIRES: a journey, as the next
  const Vehicle& vehicle() const;
  std::vector<Object> cars(double time_seconds) const;  // those within sight
  const std::vector<Object>& things() const {
    return things_;
  }                                            // standing still, ascending in x of the centre
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
    double x, y, heading, speed;
  };
  double travelled(double t) const;
  GroundPose ground_pose(double t) const;
  void place_things();
  void place_cars();

  DriveParams params_;
  std::optional<Itinerary> itinerary_;
  Road road_;
  Streets streets_;
  std::optional<Vehicle> vehicle_;
  std::optional<Traffic> traffic_;
  std::array<LampRow, 2> lamps_;
  std::vector<Wave> speed_, wander_, pitch_, roll_, heave_, light_, exposure_;
  std::vector<Object> things_;
  std::vector<Car> cars_;
};

}  // namespace dojo::scene
