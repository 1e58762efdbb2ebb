// What differs from drive to drive: drawn from a seed, or set by hand in tests.
#pragma once

#include <cstdint>

namespace dojo::scene {

enum class Weather { kDay, kDusk, kRain };

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

  // What only a journey (scene/itinerary.h) has; a plain drive goes along one road in dry daylight.
  bool journey = false;        // turns at junctions, strong bends, stops, crossing traffic
  bool following_car = false;  // one drives behind in our lane
  double darkness = 0;         // 0 day, 1 late dusk: lamps and windows shine
  double rain = 0;             // 0 dry, 1 heavy: a wet road, streaks, drops on the lens
};

// A plain drive: what `dojo train` without a folder learns from.
DriveParams draw_params(uint64_t seed, double seconds);

// A journey in the given weather.
DriveParams draw_journey(uint64_t seed, double seconds, Weather weather);

}  // namespace dojo::scene
