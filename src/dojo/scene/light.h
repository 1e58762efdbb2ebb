// Daylight of a drive: sun, sky, haze.
#pragma once

#include "dojo/scene/surface.h"
#include "dojo/scene/world.h"

namespace dojo::scene {

// Colours are linear light; 1 is a white surface in full light, about.
struct Light {
  Vec3 sun_direction, sun, ambient, horizon, zenith;
  float haze_per_metre;
};

// `brightness`: World::light() at the time.
Light make_light(const DriveParams& params, double brightness);

inline float haze(const Light& light, float depth) {  // about 1 - exp(-x), without the exponential
  const float x = depth * light.haze_per_metre;
  return 1 - 1 / (1 + x + 0.5f * x * x);
}

// The sky and the far hills in the direction `ray`, for pixels of 1 / focal radians. Clouds move
// with the time in seconds.
Vec3 sky_colour(const Textures& textures, double overcast, const Light& light, Vec3 ray,
                float focal, float time);

}  // namespace dojo::scene
