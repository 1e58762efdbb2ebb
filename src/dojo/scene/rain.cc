#include "dojo/scene/rain.h"

#include <algorithm>
#include <cmath>

#include "dojo/scene/texture.h"

namespace dojo::scene {

Rain::Rain(const DriveParams& p, uint32_t camera, int64_t frame_number, double time, int height,
           int width)
    : height_(height), width_(width), thick_(std::max(1.0f, static_cast<float>(height) / 260)) {
  if (p.rain <= 0) return;
  const float rain = static_cast<float>(p.rain), h = static_cast<float>(height),
              w = static_cast<float>(width);
  const uint32_t seed = static_cast<uint32_t>(p.seed) * 31 + camera,
                 frame = static_cast<uint32_t>(frame_number);
  const uint32_t count = static_cast<uint32_t>(130 * rain);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t key = seed + 7919 * i;
    const float near = hash01(key, frame, 1);  // near ones are long and faint
    streaks_.push_back({hash01(key, frame, 2) * w, hash01(key, frame, 3) * 1.2f * h - 0.2f * h,
                        h * (0.03f + 0.13f * near * near), 0.12f * (hash01(key, frame, 4) - 0.5f),
                        0.22f - 0.14f * near});
  }
  const uint32_t slots = static_cast<uint32_t>(4 + 9 * rain);
  for (uint32_t i = 0; i < slots; ++i) {
    const float period = 5 + 11 * hash01(seed, i, 11),
                at = static_cast<float>(time) / period + 8 + hash01(seed, i, 12);
    const uint32_t life = static_cast<uint32_t>(at);
    const float age = at - static_cast<float>(life), key = hash01(seed, i + 100 * life, 13);
    const float slide = key > 0.7f ? 0.25f * age * age : 0.0f;  // the heavy ones run down
    drops_.push_back({w * hash01(seed, i + 100 * life, 14),
                      h * (hash01(seed, i + 100 * life, 15) + slide), h * (0.012f + 0.035f * key),
                      smoothstep(0, 0.01f, age) * (1 - smoothstep(0.9f, 1, age))});
  }
}

void Rain::apply(const Light& light, const std::vector<Vec3>& image, int y, Vec3* row) const {
  const float py = static_cast<float>(y) + 0.5f;
  for (const Streak& s : streaks_) {
    const float part = (py - s.y) / s.length;
    if (part <= 0 || part >= 1) continue;
    const float x = s.x + s.slope * (py - s.y), strength = s.strength * 4 * part * (1 - part);
    const int begin = std::max(0, static_cast<int>(x - thick_)),
              end = std::min(width_, static_cast<int>(x + thick_) + 2);
    for (int i = begin; i < end; ++i) {
      const float away = std::abs(static_cast<float>(i) + 0.5f - x) / thick_;
      if (away < 1) row[i] = mix(row[i], light.horizon * 1.1f, strength * (1 - away));
    }
  }
  for (const Drop& d : drops_) {
    const float dy = (py - d.y) / d.radius;
    if (std::abs(dy) >= 1) continue;
    const float half = d.radius * std::sqrt(1 - dy * dy);
    const int begin = std::max(0, static_cast<int>(d.x - half)),
              end = std::min(width_, static_cast<int>(d.x + half) + 1);
    for (int i = begin; i < end; ++i) {
      const float dx = (static_cast<float>(i) + 0.5f - d.x) / d.radius, r2 = dx * dx + dy * dy;
      if (r2 >= 1) continue;
      // A drop is a little lens: it shows much of the scene, small and upside down, without focus.
      const float reach = 2.5f * d.radius;
      Vec3 sum;
      for (int k = 0; k < 4; ++k) {
        const float ox = k & 1 ? 0.15f : -0.15f, oy = k & 2 ? 0.15f : -0.15f;
        const int sx = std::clamp(static_cast<int>(d.x - (dx + ox) * reach), 0, width_ - 1),
                  sy = std::clamp(static_cast<int>(d.y - (dy + oy) * reach), 0, height_ - 1);
        sum = sum + image[static_cast<size_t>(sy * width_ + sx)];
      }
      const float rim = 1 - 0.45f * smoothstep(0.5f, 1, r2);
      row[i] = mix(row[i], sum * (0.25f * rim), d.strength * (1 - smoothstep(0.75f, 1, r2)));
    }
  }
}

}  // namespace dojo::scene
