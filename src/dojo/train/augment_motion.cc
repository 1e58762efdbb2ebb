#include "dojo/train/augment_motion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace dojo {
namespace {

// A smooth random surface in [0,1]: 4x8 random heights, interpolated with smooth steps.
std::vector<float> smooth_noise(int64_t height, int64_t width, Random& random) {
  constexpr int64_t kRows = 4, kColumns = 8;
  std::array<float, kRows * kColumns> heights;
  for (float& v : heights) v = static_cast<float>(random.uniform());
  const auto place = [](int64_t i, int64_t n, int64_t cells) {
    const double p = std::clamp(
        (static_cast<double>(i) + 0.5) / static_cast<double>(n) * static_cast<double>(cells) - 0.5,
        0.0, static_cast<double>(cells - 1));
    const int64_t cell = std::min(static_cast<int64_t>(p), cells - 2);
    const double f = p - static_cast<double>(cell);
    return std::pair(cell, static_cast<float>(f * f * (3 - 2 * f)));
  };
  std::vector<float> out;
  out.reserve(static_cast<size_t>(height * width));
  for (int64_t y = 0; y < height; ++y) {
    const auto [cy, fy] = place(y, height, kRows);
    for (int64_t x = 0; x < width; ++x) {
      const auto [cx, fx] = place(x, width, kColumns);
      const float* top = heights.data() + cy * kColumns + cx;
      const float* bottom = top + kColumns;
      out.push_back((top[0] * (1 - fx) + top[1] * fx) * (1 - fy) +
                    (bottom[0] * (1 - fx) + bottom[1] * fx) * fy);
    }
  }
  return out;
}

}  // namespace

// Sizes of motions are of one step and for a clip of 256 x 128 pixels; they grow with it.
Motion draw_motion(const ClipGeometry& g, Random& random) {
  const double height = static_cast<double>(g.height), width = static_cast<double>(g.width);
  const double focus_x = random.uniform(0.2, 0.8) * width,
               focus_y = random.uniform(0.3, 0.7) * height;
  // Mostly forwards, and backwards more slowly.
  const double zoom = (random.chance(0.75) ? 1 : -0.3) * random.uniform(0, 0.1);
  const double roll = 0.01 * random.normal();  // radians
  const double shift_x = 3.0 / 256 * width * random.normal(),
               shift_y = 1.2 / 128 * height * random.normal();
  // Inverse depths: the plane of the road, nearer further down, and what stands on it.
  const double ground = random.uniform(0, 2), relief = random.uniform();
  const std::vector<float> noise = smooth_noise(g.height, g.width, random);
  Motion m;
  m.dx.resize(noise.size());
  m.dy.resize(noise.size());
  for (int64_t y = 0; y < g.height; ++y)
    for (int64_t x = 0; x < g.width; ++x) {
      const size_t i = static_cast<size_t>(y * g.width + x);
      const double px = static_cast<double>(x) - focus_x, py = static_cast<double>(y) - focus_y;
      const double inverse_depth = 0.3 + std::max(0.0, py / height) * ground + relief * noise[i];
      m.dx[i] = static_cast<float>((px * zoom + shift_x) * inverse_depth - py * roll);
      m.dy[i] = static_cast<float>((py * zoom + shift_y) * inverse_depth + px * roll);
    }
  const int64_t movers = random.chance(0.5) ? 0 : 1 + random.below(3);
  for (int64_t i = 0; i < movers; ++i)
    m.movers.push_back({.x = static_cast<float>(random.uniform(0, width)),
                        .y = static_cast<float>(random.uniform(0.2, 0.9) * height),
                        .radius_x = static_cast<float>(random.uniform(0.03, 0.15) * width),
                        .radius_y = static_cast<float>(random.uniform(0.04, 0.2) * height),
                        .dx = static_cast<float>(3.0 / 256 * width * random.normal()),
                        .dy = static_cast<float>(0.8 / 128 * height * random.normal())});
  return m;
}

void show_moved(const ClipGeometry& g, const uint8_t* still, const Window& w, const Motion& m,
                float steps, uint8_t* out) {
  const float scale_x =
      static_cast<float>(w.width / static_cast<double>(g.width)) * (w.mirrored ? -1.0f : 1.0f);
  const float scale_y =
      static_cast<float>(w.height / static_cast<double>(g.height)) * (w.upside_down ? -1.0f : 1.0f);
  const float origin_x =
      static_cast<float>(w.mirrored ? w.x + w.width : w.x) + 0.5f * scale_x - 0.5f;
  const float origin_y =
      static_cast<float>(w.upside_down ? w.y + w.height : w.y) + 0.5f * scale_y - 0.5f;
  const float max_x = static_cast<float>(g.in_width - 1),
              max_y = static_cast<float>(g.in_height - 1);
  for (int64_t y = 0; y < g.height; ++y)
    for (int64_t x = 0; x < g.width; ++x) {
      const size_t i = static_cast<size_t>(y * g.width + x);
      float px = static_cast<float>(x) + steps * m.dx[i],
            py = static_cast<float>(y) + steps * m.dy[i];
      for (const Mover& mover : m.movers) {
        const float fx = static_cast<float>(x) + steps * mover.dx,
                    fy = static_cast<float>(y) + steps * mover.dy;
        const float ex = (fx - mover.x) / mover.radius_x, ey = (fy - mover.y) / mover.radius_y;
        if (ex * ex + ey * ey < 1) px = fx, py = fy;
      }
      const float sx = std::clamp(origin_x + px * scale_x, 0.0f, max_x),
                  sy = std::clamp(origin_y + py * scale_y, 0.0f, max_y);
      const int64_t x0 = static_cast<int64_t>(sx), y0 = static_cast<int64_t>(sy);
      const int64_t right = x0 + 1 < g.in_width ? 3 : 0,
                    below = y0 + 1 < g.in_height ? 3 * g.in_width : 0;
      const float fx = sx - static_cast<float>(x0), fy = sy - static_cast<float>(y0);
      const uint8_t* p = still + (y0 * g.in_width + x0) * 3;
      for (int64_t c = 0; c < 3; ++c) {
        const float top =
            static_cast<float>(p[c]) * (1 - fx) + static_cast<float>(p[c + right]) * fx;
        const float bottom = static_cast<float>(p[c + below]) * (1 - fx) +
                             static_cast<float>(p[c + below + right]) * fx;
        *out++ = to_u8(top * (1 - fy) + bottom * fy);
      }
    }
}

}  // namespace dojo
