#include "dojo/scene/streets.h"

#include <algorithm>
#include <cmath>

#include "dojo/scene/texture.h"

namespace dojo::scene {
namespace {
constexpr float kNoLine = 1e3f;
}

Streets::Streets(const Road& road) : road_(road) {
  for (const Turn& turn : road.turns()) {
    if (!turn.junction || turn.end() + 10 > road.end()) continue;
    Junction j{static_cast<float>(turn.begin), static_cast<float>(turn.end()), {}};
    // Both ways on, straight: out of the road before the turn, and back out of the road after it.
    const std::array<double, 2> from = road.exact(turn.begin), to = road.exact(turn.end());
    const double h0 = road.heading(turn.begin), h1 = road.heading(turn.end());
    const double c0 = std::cos(h0), s0 = std::sin(h0), c1 = std::cos(h1), s1 = std::sin(h1);
    const double meet = ((to[0] - from[0]) * s1 - (to[1] - from[1]) * c1) / (c0 * s1 - s0 * c1);
    const float x = static_cast<float>(from[0] + c0 * meet),
                y = static_cast<float>(from[1] + s0 * meet);
    const uint32_t at = static_cast<uint32_t>(std::lround(turn.begin));
    const float kind = hash01(at, 51);  // a crossing, or a street that ends on another
    if (kind < 0.75f) j.arms.push_back({x, y, static_cast<float>(c0), static_cast<float>(s0)});
    if (kind < 0.5f || kind >= 0.75f)
      j.arms.push_back({x, y, static_cast<float>(-c1), static_cast<float>(-s1)});
    junctions_.push_back(j);
  }
}

const Streets::Junction* Streets::junction_near(float s) const {
  const auto after = std::upper_bound(junctions_.begin(), junctions_.end(), s + 30,
                                      [](float at, const Junction& j) { return at < j.begin; });
  if (after == junctions_.begin()) return nullptr;
  const Junction& j = *std::prev(after);
  return s < j.end + 30 ? &j : nullptr;
}

StreetPlace Streets::nearest(float x, float y, float s, float d, float half) const {
  const RoadPoint p = road_.at(s);
  StreetPlace place{s, d, p.tangent_x, p.tangent_y, true, kNoLine};
  const Junction* j = junction_near(s);
  if (!j) return place;
  const float before = j->begin - s, beyond = s - j->end;
  place.marked = before > 1.5f || beyond > 1.5f;
  if (place.marked && d < 0 && before > 0) place.stop_line = before - 2.5f;
  if (place.marked && d > 0 && beyond > 0) place.stop_line = beyond - 2.5f;
  for (const Arm& arm : j->arms) {
    const float dx = x - arm.x, dy = y - arm.y, along = dx * arm.away_x + dy * arm.away_y,
                across = dy * arm.away_x - dx * arm.away_y;
    if (along < 0 || along > kArm || std::abs(across) >= std::abs(place.d)) continue;
    const float box = along - half - 4;
    place = {along, across, arm.away_x, arm.away_y, box > 0, kNoLine};
    if (box > 0 && across > 0) place.stop_line = box - 1;
  }
  return place;
}

bool Streets::clear_of(float x, float y, float radius, float half, float room) const {
  float s, d;
  road_.to_road(x, y, s, d);
  const float keep = half + room + radius;
  if (std::abs(d) < keep) return false;
  const Junction* j = junction_near(s);
  if (!j) return true;
  return std::none_of(j->arms.begin(), j->arms.end(), [&](const Arm& arm) {
    const float dx = x - arm.x, dy = y - arm.y, along = dx * arm.away_x + dy * arm.away_y;
    return along > 0 && along < kArm + 8 && std::abs(dy * arm.away_x - dx * arm.away_y) < keep;
  });
}

}  // namespace dojo::scene
