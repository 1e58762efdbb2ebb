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

// Light reflected by `face` at (u, v) metres for a pixel `footprint` metres wide: albedo in linear
// light. `alpha`: 0 a hole.
Vec3 surface_colour(const Textures& textures, const Face& face, float u, float v, float footprint,
                    float& alpha);

// The ground at (x, y). `across` and `along` are the pixel's size on the ground, at right angles to
// the sight (dir_x, dir_y) and along it.
Vec3 ground_colour(const Textures& textures, const World& world, float x, float y, float across,
                   float along, float dir_x, float dir_y);

}  // namespace dojo::scene
