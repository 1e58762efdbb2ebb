#include "dojo/scene/road.h"

#include <algorithm>
#include <cmath>

namespace dojo::scene {

Road::Road(uint64_t seed, double swing, double speed_mps, double length_m) : end_(length_m) {
  Random random(seed, stream_id("road"));
  double sum = 0;
  for (double length : {420.0, 190.0, 95.0}) {
    length *= random.uniform(0.7, 1.3);
    const double amplitude = swing * random.uniform(0.5, 1.0) *
                             std::min(0.5, 1.2 / (speed_mps * speed_mps) * length / kTurn);
    waves_.push_back({amplitude, kTurn / length, random.uniform(0, kTurn)});
    sum += amplitude;
  }
  if (sum > 1.2) {
    for (Wave& w : waves_) w.amplitude *= 1.2 / sum;
  }
  std::array<double, 2> p{kBegin, 0};
  for (double s = kBegin; s <= end_; s += kStep) {
    const double h0 = heading(s), h1 = heading(s + kStep / 2), h2 = heading(s + kStep);
    exact_.push_back(p);
    points_.push_back({static_cast<float>(p[0]), static_cast<float>(p[1]),
                       static_cast<float>(std::cos(h0)), static_cast<float>(std::sin(h0)),
                       static_cast<float>(slope_of(waves_, s))});
    p[0] += kStep / 6 * (std::cos(h0) + 4 * std::cos(h1) + std::cos(h2));  // Simpson
    p[1] += kStep / 6 * (std::sin(h0) + 4 * std::sin(h1) + std::sin(h2));
  }
  end_ = kBegin + kStep * static_cast<double>(points_.size() - 1);
  size_t i = 0;
  for (float x = points_[0].x; x < points_.back().x; x += 1) {
    while (i + 2 < points_.size() && points_[i + 1].x <= x) ++i;
    const float part = (x - points_[i].x) / (points_[i + 1].x - points_[i].x);
    s_of_x_.push_back(static_cast<float>(kBegin + kStep * (static_cast<double>(i) + part)));
  }
}

double Road::heading(double s) const { return sum_of(waves_, s); }

RoadPoint Road::at(double s) const {
  const float position = static_cast<float>(
      std::clamp((s - kBegin) / kStep, 0.0, static_cast<double>(points_.size()) - 1.001));
  const size_t i = static_cast<size_t>(position);
  const float part = position - static_cast<float>(i);
  const RoadPoint &a = points_[i], &b = points_[i + 1];
  return {a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * part,
          a.tangent_x + (b.tangent_x - a.tangent_x) * part,
          a.tangent_y + (b.tangent_y - a.tangent_y) * part,
          a.curvature + (b.curvature - a.curvature) * part};
}

std::array<double, 2> Road::exact(double s) const {  // cubic Hermite: the tangents are known
  const double position =
      std::clamp((s - kBegin) / kStep, 0.0, static_cast<double>(exact_.size()) - 1.001);
  const size_t i = static_cast<size_t>(position);
  const double u = position - static_cast<double>(i), v = 1 - u,
               s0 = kBegin + kStep * static_cast<double>(i);
  const double h0 = heading(s0), h1 = heading(s0 + kStep);
  const double a = v * v * (1 + 2 * u), b = u * u * (1 + 2 * v), c = kStep * u * v * v,
               d = -kStep * u * u * v;
  return {a * exact_[i][0] + b * exact_[i + 1][0] + c * std::cos(h0) + d * std::cos(h1),
          a * exact_[i][1] + b * exact_[i + 1][1] + c * std::sin(h0) + d * std::sin(h1)};
}

void Road::to_road(float x, float y, float& s, float& d) const {
  const float column =
      std::clamp(x - points_[0].x, 0.0f, static_cast<float>(s_of_x_.size()) - 1.001f);
  const size_t i = static_cast<size_t>(column);
  s = s_of_x_[i] + (s_of_x_[i + 1] - s_of_x_[i]) * (column - static_cast<float>(i));
  for (int step = 0;; ++step) {  // Newton: the foot of the perpendicular on the centre line
    const RoadPoint p = at(s);
    const float dx = x - p.x, dy = y - p.y;
    d = dy * p.tangent_x - dx * p.tangent_y;
    const float along = dx * p.tangent_x + dy * p.tangent_y;
    if (step == 2) {
      s += along;
      return;
    }
    s += along / std::max(0.3f, 1 - p.curvature * d);
  }
}

}  // namespace dojo::scene
