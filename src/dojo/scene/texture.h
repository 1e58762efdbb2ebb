// Seamless grey noise with a mip chain: the one texture from which asphalt, grass, plaster, leaves
// and clouds are coloured. Sampled with the size of the pixel on the surface, so that far surfaces
// become smooth and do not flicker.
#pragma once

#include <cstdint>
#include <vector>

namespace dojo::scene {

class NoiseTexture {
 public:
  // Detail of all scales from one texel to a quarter of the tile; amplitude falls with `slope` (0:
  // white, 1: clouds).
  NoiseTexture(uint64_t seed, float slope);

  // Trilinear; `u`, `v` and the width `footprint` of a pixel in texels. The mean is 0, the standard
  // deviation about 1 at full detail. |u|, |v| < 2^22. Thread-safe.
  float sample(float u, float v, float footprint) const;

  static constexpr int kSize = 256;  // texels on a side; the texture repeats

 private:
  std::vector<std::vector<int8_t>> levels_;
};

// A number in [0, 1) that is a pure function of its arguments: for windows, bricks, dashes.
inline float hash01(uint32_t a, uint32_t b, uint32_t c = 0) {
  uint32_t h = a * 0x9E3779B1u ^ (b + 0x7F4A7C15u) * 0x85EBCA77u ^ (c + 0x165667B1u) * 0xC2B2AE3Du;
  h = (h ^ h >> 15) * 0x2C1B3C6Du;
  h = (h ^ h >> 12) * 0x297A2D39u;
  h ^= h >> 15;
  return static_cast<float>(h >> 8) * 0x1p-24f;
}

inline int floor_int(float v) {
  const int i = static_cast<int>(v);
  return i - (v < static_cast<float>(i));
}

}  // namespace dojo::scene
