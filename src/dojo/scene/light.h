// Light of a drive: sun, sky, haze, and lamps when it is dark.
#pragma once

#include "dojo/scene/surface.h"
#include "dojo/scene/world.h"

namespace dojo::scene {

// Colours are linear light; 1 is a white surface in full light, about.
struct Light {
  Vec3 sun_direction, sun, ambient, horizon, zenith;
  Vec3 sunset;      // the horizon below the sun, when it is dark
  float cloud = 1;  // how bright clouds are
  float haze_per_metre = 0;
  float exposure = 1;  // how much longer the camera exposes than by day
  float darkness = 0;
  bool lamps = false;  // things may shine
  Vec3 headlamps;      // of our own car, from (car_x, car_y) along (ahead_x, ahead_y)
  float car_x = 0, car_y = 0, ahead_x = 1, ahead_y = 0;
};

// `brightness`: World::light() at the time; `own`: the body of the car whose headlamps shine, or
// null.
Light make_light(const DriveParams& params, double brightness, const Pose* own);

inline constexpr Vec3 kLampLight{1.5f, 1.0f, 0.5f};  // of street lamps and rooms

inline float haze(const Light& light, float depth) {  // about 1 - exp(-x), without the exponential
  const float x = depth * light.haze_per_metre;
  return 1 - 1 / (1 + x + 0.5f * x * x);
}

// What our headlamps give to a point.
inline Vec3 headlight(const Light& light, float x, float y, float z) {
  const float dx = x - light.car_x, dy = y - light.car_y;
  const float ahead = dx * light.ahead_x + dy * light.ahead_y - 3.7f,
              left = dy * light.ahead_x - dx * light.ahead_y;
  if (ahead < 0.3f || ahead > 90) return {};
  const float aside = left / (1.3f + 0.32f * ahead), far = ahead / 16;
  return light.headlamps * (smoothstep(0.3f, 3.5f, ahead) / (1 + aside * aside * aside * aside) /
                            (1 + far * far) / (1 + 0.3f * z * z));
}

// The share of light that smooth water mirrors along a ray that goes down (Schlick).
inline float gloss(Vec3 ray) {
  const float c = 1 + ray.z / length(ray);
  return 0.02f + 0.85f * c * c * c * c * c;
}

// The sky and the far hills in the direction `ray`, for pixels of 1 / focal radians. Clouds move
// with the time in seconds.
Vec3 sky_colour(const Textures& textures, double overcast, const Light& light, Vec3 ray,
                float focal, float time);

}  // namespace dojo::scene
