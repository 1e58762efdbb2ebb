#include "dojo/scene/road.h"

#include <algorithm>
#include <limits>

#include "dojo/base/check.h"

namespace dojo::scene {
namespace {
constexpr float kFarFromRoad = 1e4f;
}

Road::Road(uint64_t seed, double swing, double speed_mps, double length_m, std::vector<Turn> turns)
    : turns_(std::move(turns)), end_(length_m) {
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
  double turned = 0;
  for (const Turn& turn : turns_) {
    DOJO_CHECK(&turn == turns_.data() || (&turn)[-1].end() <= turn.begin);
    turned_.push_back(turned);
    turned += turn.angle;
  }
  std::array<double, 2> p{kBegin, 0};
  for (double s = kBegin; s <= end_; s += kStep) {
    const double h0 = heading(s), h1 = heading(s + kStep / 2), h2 = heading(s + kStep);
    exact_.push_back(p);
    points_.push_back({static_cast<float>(p[0]), static_cast<float>(p[1]),
                       static_cast<float>(std::cos(h0)), static_cast<float>(std::sin(h0)),
                       static_cast<float>(curvature(s))});
    p[0] += kStep / 6 * (std::cos(h0) + 4 * std::cos(h1) + std::cos(h2));  // Simpson
    p[1] += kStep / 6 * (std::sin(h0) + 4 * std::sin(h1) + std::sin(h2));
  }
  end_ = kBegin + kStep * static_cast<double>(points_.size() - 1);
  if (!turns_.empty()) {
    fill_tiles();
    return;
  }
  size_t i = 0;
  for (float x = points_[0].x; x < points_.back().x; x += 1) {
    while (i + 2 < points_.size() && points_[i + 1].x <= x) ++i;
    const float part = (x - points_[i].x) / (points_[i + 1].x - points_[i].x);
    s_of_x_.push_back(static_cast<float>(kBegin + kStep * (static_cast<double>(i) + part)));
  }
}

void Road::fill_tiles() {
  float right = -1e9f, top = -1e9f;
  tiles_left_ = tiles_low_ = 1e9f;
  for (const RoadPoint& p : points_) {
    tiles_left_ = std::min(tiles_left_, p.x - 2 * kTile), right = std::max(right, p.x + 2 * kTile);
    tiles_low_ = std::min(tiles_low_, p.y - 2 * kTile), top = std::max(top, p.y + 2 * kTile);
  }
  tiles_x_ = static_cast<int>((right - tiles_left_) / kTile) + 1;
  tiles_y_ = static_cast<int>((top - tiles_low_) / kTile) + 1;
  tile_at_.assign(static_cast<size_t>(tiles_x_) * static_cast<size_t>(tiles_y_), -1);
  std::vector<std::array<float, kTileCells * kTileCells>> distance;
  const int reach = kTileCells;  // cells
  for (size_t i = 0; i < points_.size(); i += 2) {
    const RoadPoint& p = points_[i];
    const int column = static_cast<int>((p.x - tiles_left_) / kCell),
              row = static_cast<int>((p.y - tiles_low_) / kCell);
    for (int y = row - reach; y <= row + reach; ++y) {
      for (int x = column - reach; x <= column + reach; ++x) {
        const float dx = tiles_left_ + kCell * (static_cast<float>(x) + 0.5f) - p.x,
                    dy = tiles_low_ + kCell * (static_cast<float>(y) + 0.5f) - p.y;
        int32_t& tile = tile_at_[static_cast<size_t>(y / kTileCells * tiles_x_ + x / kTileCells)];
        if (tile < 0) {
          tile = static_cast<int32_t>(tiles_.size());
          tiles_.emplace_back().fill(std::numeric_limits<float>::quiet_NaN());
          distance.emplace_back().fill(static_cast<float>(kTile * kTile));
        }
        const size_t t = static_cast<size_t>(tile),
                     cell = static_cast<size_t>(y % kTileCells * kTileCells + x % kTileCells);
        if (dx * dx + dy * dy >= distance[t][cell]) continue;
        distance[t][cell] = dx * dx + dy * dy;
        tiles_[t][cell] = static_cast<float>(kBegin + kStep * static_cast<double>(i));
      }
    }
  }
}

// The last turn that begins before s and the angle of all before it; null where there is none.
const Turn* Road::turn_before(double s, double& turned) const {
  turned = 0;
  const auto after = std::upper_bound(turns_.begin(), turns_.end(), s,
                                      [](double at, const Turn& t) { return at < t.begin; });
  if (after == turns_.begin()) return nullptr;
  turned = turned_[static_cast<size_t>(after - turns_.begin()) - 1];
  return &*std::prev(after);
}

bool Road::turns_near(double s, double metres) const {
  const auto first = std::upper_bound(turns_.begin(), turns_.end(), s - metres,
                                      [](double at, const Turn& t) { return at < t.end(); });
  return first != turns_.end() && first->begin < s + metres;
}

double Road::heading(double s) const {
  const double waves = sum_of(waves_, s);
  if (turns_.empty()) return waves;
  double turned;
  const Turn* turn = turn_before(s, turned);
  if (!turn) return waves;
  const double u = std::min(1.0, (s - turn->begin) / turn->length);
  return waves + turned + turn->angle * u * u * u * (u * (6 * u - 15) + 10);
}

double Road::curvature(double s) const {
  const double waves = slope_of(waves_, s);
  double turned;
  const Turn* turn = turn_before(s, turned);
  if (!turn || s >= turn->end()) return waves;
  const double u = (s - turn->begin) / turn->length;
  return waves + turn->angle / turn->length * 30 * u * u * (u - 1) * (u - 1);
}

double Road::curvature_slope(double s) const {
  const double waves = second_slope_of(waves_, s);
  double turned;
  const Turn* turn = turn_before(s, turned);
  if (!turn || s >= turn->end()) return waves;
  const double u = (s - turn->begin) / turn->length;
  return waves + turn->angle / (turn->length * turn->length) * 60 * u * (u - 1) * (2 * u - 1);
}

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
  if (turns_.empty()) {
    const float column =
        std::clamp(x - points_[0].x, 0.0f, static_cast<float>(s_of_x_.size()) - 1.001f);
    const size_t i = static_cast<size_t>(column);
    s = s_of_x_[i] + (s_of_x_[i + 1] - s_of_x_[i]) * (column - static_cast<float>(i));
  } else {
    const float column = (x - tiles_left_) / kCell, row = (y - tiles_low_) / kCell;
    const int tx = static_cast<int>(column) / kTileCells, ty = static_cast<int>(row) / kTileCells;
    const bool inside = column >= 0 && row >= 0 && tx < tiles_x_ && ty < tiles_y_;
    const int32_t tile = inside ? tile_at_[static_cast<size_t>(ty * tiles_x_ + tx)] : -1;
    s = tile < 0 ? std::numeric_limits<float>::quiet_NaN()
                 : tiles_[static_cast<size_t>(tile)]
                         [static_cast<size_t>(static_cast<int>(row) % kTileCells * kTileCells +
                                              static_cast<int>(column) % kTileCells)];
    if (std::isnan(s)) {
      s = 0, d = kFarFromRoad;
      return;
    }
  }
  const int last = turns_.empty() ? 2 : 3;
  for (int step = 0;; ++step) {  // Newton: the foot of the perpendicular on the centre line
    const RoadPoint p = at(s);
    const float dx = x - p.x, dy = y - p.y;
    d = dy * p.tangent_x - dx * p.tangent_y;
    const float along = dx * p.tangent_x + dy * p.tangent_y;
    if (step == last) {
      s += along;
      return;
    }
    s += along / std::max(0.3f, 1 - p.curvature * d);
  }
}

}  // namespace dojo::scene
