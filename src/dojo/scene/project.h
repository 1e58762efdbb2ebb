// Faces as the camera sees them. Surface coordinates divided by depth, inverse depth and the
// distances from the edges are linear over the image, so that each row of a face is a span and the
// cover of a pixel by an edge is exact.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "dojo/scene/light.h"
#include "dojo/scene/world.h"

namespace dojo::scene {

inline constexpr float kNear = 0.35f;  // metres: what is nearer is not drawn
inline constexpr float kFar = 520.0f;  // metres: things farther away are not there

// A function that is linear over the image: at + dx * x + dy * y, x and y of the pixel's centre.
struct Linear {
  float at = 0, dx = 0, dy = 0;
  float row(float y) const { return at + dy * y; }
};
inline Linear operator+(Linear a, Linear b) { return {a.at + b.at, a.dx + b.dx, a.dy + b.dy}; }
inline Linear operator*(Linear a, float k) { return {a.at * k, a.dx * k, a.dy * k}; }

struct Camera {
  Vec3 position, forward;
  Vec3 origin, step_x, step_y;  // the ray of pixel (x, y): origin + step_x * x + step_y * y
  float focal, width, height;
  // Whether a ball around position + `to` may be in the image, two pixels of margin left.
  bool may_see(Vec3 to, float radius) const {
    const float ahead = dot(to, forward), aside = std::abs(dot(to, step_x)) * focal,
                up = std::abs(dot(to, step_y)) * focal;
    const float x = (width / 2 + 2) / focal, y = (height / 2 + 2) / focal;
    return aside - x * ahead <= radius * std::sqrt(1 + x * x) &&
           up - y * ahead <= radius * std::sqrt(1 + y * y);
  }
  Vec3 ray(float x, float y) const { return origin + step_x * x + step_y * y; }
  Linear along(Vec3 direction) const {
    return {dot(origin, direction), dot(step_x, direction), dot(step_y, direction)};
  }
};

struct ReadyFace {
  const Face* face;
  Linear w, u, v;  // u / w and v / w are the surface coordinates; w > 0 in front of the camera
  float d;         // d / w is the depth
  std::array<Linear, 4> edge;  // the distance from the edge in pixels, inside positive
  std::array<float, 4> soft;   // half the width of the edge's blur; 0 where another face goes on
  int y_begin, y_end;
  Vec3 light;
  float fade;  // 1 opaque, less near the end of sight
  Vec3 glow;   // light of its own
};

// The faces of the world's things and of `moving` that the camera may see, farthest first. They
// refer to faces of both.
std::vector<ReadyFace> project_faces(const World& world, const std::vector<Object>& moving,
                                     const Camera& camera, const Light& light);

// Calls use(x, depth, 1 / w, cover) for the pixels of row y that the face touches; cover in (0,
// 1] counts the edges only.
template <typename Use>
void for_each_pixel(const ReadyFace& f, const Camera& camera, int y, const Use& use) {
  const float py = static_cast<float>(y) + 0.5f;
  float begin = 0, end = camera.width;            // in pixel centres minus one half
  const auto keep = [&](float at, float slope) {  // at + slope * (x + 0.5) >= 0
    if (slope > 0)
      begin = std::max(begin, -at / slope - 0.5f);
    else if (slope < 0)
      end = std::min(end, -at / slope + 0.5f);
    else if (at < 0)
      end = -1;
  };
  const size_t n = f.face->num_corners;
  std::array<float, 4> edge;
  for (size_t i = 0; i < n; ++i) {
    edge[i] = f.edge[i].row(py);
    keep(edge[i] + f.soft[i] + 0.01f, f.edge[i].dx);
  }
  const float w_row = f.w.row(py);
  keep(w_row, f.w.dx);
  if (begin >= end) return;
  const int last = std::min(static_cast<int>(std::ceil(end)), static_cast<int>(camera.width));
  for (int x = static_cast<int>(std::ceil(begin)); x < last; ++x) {
    const float px = static_cast<float>(x) + 0.5f, w = w_row + f.w.dx * px;
    if (w <= 0) continue;
    const float inverse = 1 / w, z = f.d * inverse;
    if (z < kNear) continue;
    float cover = 1;
    for (size_t i = 0; i < n; ++i) {
      const float inside = edge[i] + f.edge[i].dx * px;
      cover *= f.soft[i] > 0 ? clamp01(0.5f + inside) : (inside >= -0.01f ? 1.0f : 0.0f);
    }
    if (cover > 0.004f) use(x, z, inverse, cover);
  }
}

}  // namespace dojo::scene
