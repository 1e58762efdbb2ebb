// Frames for the tests of the cache: a smooth coloured picture that moves, with edges and a little
// noise.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "dojo/base/random.h"

namespace dojo {

// [height, width, 3]; a pure function of its arguments.
inline std::vector<uint8_t> moving_picture(int64_t height, int64_t width, int64_t frame) {
  Random random(3, stream_id("moving picture"), static_cast<uint64_t>(frame));
  std::vector<uint8_t> rgb;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      const double u = static_cast<double>(x + frame) / 23, v = static_cast<double>(y) / 17;
      const bool box = (x + 2 * frame) % 64 < 20 && y > height / 2;
      for (int c = 0; c < 3; ++c) {
        const double value = 120 + 60 * std::sin(u + c) + 40 * std::cos(v - c * u / 3) +
                             (box ? 50 - 30 * c : 0) + random.uniform(-4, 4);
        rgb.push_back(static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)));
      }
    }
  return rgb;
}

inline std::vector<std::vector<uint8_t>> moving_pictures(int64_t height, int64_t width,
                                                         int64_t first, int64_t count) {
  std::vector<std::vector<uint8_t>> frames;
  for (int64_t i = 0; i < count; ++i) frames.push_back(moving_picture(height, width, first + i));
  return frames;
}

// Their first bytes, as encoders and decoders take them.
inline std::vector<uint8_t*> pointers(std::vector<std::vector<uint8_t>>* frames) {
  std::vector<uint8_t*> out;
  for (auto& f : *frames) out.push_back(f.data());
  return out;
}
inline std::vector<const uint8_t*> pointers(const std::vector<std::vector<uint8_t>>& frames) {
  std::vector<const uint8_t*> out;
  for (const auto& f : frames) out.push_back(f.data());
  return out;
}

}  // namespace dojo
