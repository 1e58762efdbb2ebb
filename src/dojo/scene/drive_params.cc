#include "dojo/scene/drive_params.h"

#include <algorithm>

#include "dojo/base/random.h"
#include "dojo/scene/waves.h"

namespace dojo::scene {

DriveParams draw_params(uint64_t seed, double seconds) {
  Random random(seed, stream_id("drive"));
  DriveParams p;
  p.seed = seed;
  p.seconds = seconds;
  p.town = random.chance(0.55);
  p.speed_mps = p.town ? random.uniform(3.5, 15) : random.uniform(9, 29);
  p.speed_swing = random.uniform(0.1, p.town ? 0.8 : 0.4);
  p.curvature = random.uniform(0.35, 1.0);
  p.lanes_each_way = random.chance(0.4) ? 2 : 1;
  p.density = random.uniform(0.6, 1.4);
  p.traffic = random.uniform(0.5, 1.8);
  p.lead_car = random.chance(0.5);
  p.sun_elevation = random.uniform(0.15, 1.1);
  p.sun_azimuth = random.uniform(0, kTurn);
  p.overcast = random.chance(0.4) ? random.uniform(0.5, 1.0) : random.uniform(0, 0.4);
  p.visibility_m = random.uniform(350, 1800);
  p.camera_height_m = random.uniform(1.15, 1.75);
  p.camera_pitch = random.uniform(-0.07, 0.05);
  p.field_of_view = random.uniform(0.85, 1.6);
  p.bump = random.uniform(0.4, 1.6);
  p.noise = random.uniform(0.4, 1.6);
  return p;
}

DriveParams draw_journey(uint64_t seed, double seconds, Weather weather) {
  DriveParams p = draw_params(seed, seconds);
  Random random(seed, stream_id("journey"));
  p.journey = true;
  p.speed_mps = p.town ? random.uniform(8, 15) : random.uniform(13, 26);
  p.speed_swing = random.uniform(0.05, 0.25);
  p.curvature = random.uniform(0.05, 0.25);  // the strong curves are turns and bends
  p.following_car = random.chance(0.6);
  p.bump = random.uniform(0.3, 1.0);
  p.noise = random.uniform(0.4, 1.0);
  switch (weather) {
    case Weather::kDay:
      p.sun_elevation = random.uniform(0.3, 1.1);
      break;
    case Weather::kDusk:
      p.darkness = random.uniform(0.6, 1.0);
      p.sun_elevation = 0.02;
      p.overcast = random.uniform(0, 0.3);
      p.noise = random.uniform(1.2, 2.2);
      break;
    case Weather::kRain:
      p.rain = random.uniform(0.4, 1.0);
      p.overcast = 1;
      p.visibility_m = random.uniform(140, 320);
      break;
  }
  return p;
}

}  // namespace dojo::scene
