// The colour of surfaces at a point, filtered over the size of a pixel there.
#pragma once

#include "dojo/scene/texture.h"
#include "dojo/scene/world.h"

namespace dojo::scene {

struct Textures {
  explicit Textures(uint64_t seed) : rough(seed, 0.35f), soft(seed + 1, 0.9f) {}
  NoiseTexture rough, soft;  // fine grain; clouds and stains
};

// The share of [at - width/2, at + width/2) that lies in [begin, end).
inline float stripe(float at, float width, float begin, float end) {
  const float low = at - width / 2, high = low + width;
  const float covered = (high < end ? high : end) - (low > begin ? low : begin);
  return covered <= 0 ? 0 : covered >= width ? 1 : covered / width;
}

// The same for the stripes [k * period, k * period + length) of all k.
float stripes(float at, float width, float period, float length);

// A piece of surface as a pixel sees it.
struct Surface {
  Vec3 albedo;       // linear light
  float alpha = 1;   // 0 a hole
  float window = 0;  // the share that is windows with light behind them, when it is dark
};

// `face` at (u, v) metres for a pixel `footprint` metres wide.
Surface surface_at(const Textures& textures, const Face& face, float u, float v, float footprint);

struct Ground {
  Vec3 albedo;
  float mirror = 0;  // the share that is smooth and wet, in rain
  float lamp = 0;    // light from the street lamps, when it is dark
};

// The ground at (x, y). `across` and `along` are the pixel's size on the ground, at right angles to
// the sight (dir_x, dir_y) and along it.
Ground ground_at(const Textures& textures, const World& world, float x, float y, float across,
                 float along, float dir_x, float dir_y);

}  // namespace dojo::scene
