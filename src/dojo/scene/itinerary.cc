#include "dojo/scene/itinerary.h"

#include <algorithm>
#include <cmath>

#include "dojo/base/check.h"
#include "dojo/base/random.h"
#include "dojo/scene/texture.h"

namespace dojo::scene {
namespace {

constexpr double kTick = 0.02;                           // seconds between control points
constexpr double kBrake = 2.0, kGo = 1.5, kAside = 2.2;  // m/s2 of a careful driver
constexpr double kFrontOverhang = 3.75;                  // metres from the rear axle to the bumper

double lane_offset(const DriveParams& p) { return 3.5 * (p.lanes_each_way - 1) + 1.75; }

// The integral of the spline's first u of a piece, in ticks.
double piece(double a, double b, double c, double u) {
  const double v = 1 - u;
  return a * (1 - v * v * v) / 6 + b * (u / 2 + u * u / 2 - u * u * u / 3) + c * u * u * u / 6;
}

// A mean over 2 * half + 1 neighbours; the ends are repeated.
void smooth(std::vector<double>& values, int half) {
  const int n = static_cast<int>(values.size());
  std::vector<double> out(values.size());
  double sum = 0;
  const auto at = [&](int i) { return values[static_cast<size_t>(std::clamp(i, 0, n - 1))]; };
  for (int i = 0; i < n; ++i) {
    sum = 0;
    for (int k = -half; k <= half; ++k) sum += at(i + k);  // no running sum: zeros stay zeros
    out[static_cast<size_t>(i)] = sum / (2 * half + 1);
  }
  values = std::move(out);
}

}  // namespace

bool side_road_near(const DriveParams& params, float s, float& distance) {
  const float period = params.town ? 110.0f : 300.0f;
  const int k = floor_int(s / period);
  const uint32_t seed = static_cast<uint32_t>(params.seed);
  distance = s - period * (static_cast<float>(k) + 0.3f +
                           0.4f * hash01(static_cast<uint32_t>(k), seed, 1));
  return std::abs(distance) < 60 && hash01(static_cast<uint32_t>(k), seed, 2) < 0.7f;
}

Itinerary::Itinerary(const DriveParams& params) {
  DOJO_CHECK(params.journey && params.seconds > 0);
  road_length_ = kStart + 1.3 * params.speed_mps * (params.seconds + kLatest) + 700;
  draw_turns(params);
  draw_stops(params);
  drive(params);
}

// The heading goes from the x axis to one of the sides and back: such a road never meets itself.
void Itinerary::draw_turns(const DriveParams& p) {
  Random random(p.seed, stream_id("turns"));
  int side = 0;
  const double leg = p.town ? 130 : 240;
  for (double s = kStart + random.uniform(60, leg); s < road_length_;
       s += random.uniform(leg, 2.2 * leg)) {
    const int next = side != 0 ? 0 : random.chance(0.5) ? 1 : -1;
    Turn turn;
    turn.begin = s;
    turn.junction = random.chance(p.town ? 0.85 : 0.4);
    const double change = kTurn / 4 + (turn.junction ? random.uniform(-0.12, 0.12)  // one draw each
                                                     : random.uniform(-0.5, 0));
    turn.angle = side != 0 ? -turns_.back().angle : next * change;  // back to the axis exactly
    const double radius = turn.junction ? random.uniform(6.5, 9) : random.uniform(14, 45);
    turn.length = 1.875 * std::abs(turn.angle) * (radius + lane_offset(p));
    s = turn.end();
    turns_.push_back(turn);
    side = next;
  }
}

void Itinerary::draw_stops(const DriveParams& p) {
  Random random(p.seed, stream_id("stops"));
  // The car ahead stands at the line then, ours behind it.
  const double back = kFrontOverhang + (p.lead_car ? kHeadwayMetres : 0);
  const auto standing = [&] {
    return random.chance(0.25) ? random.uniform(8, 20) : random.uniform(2.5, 8);
  };
  for (const Turn& turn : turns_) {
    if (turn.junction && random.chance(0.5))
      stops_.push_back({turn.begin - 4.2 - back - random.uniform(0.2, 1.0), standing(),
                        turn.begin + turn.length / 2, true});
  }
  for (double s = kStart + 60; s < road_length_; s += 20) {
    float distance;
    if (!side_road_near(p, static_cast<float>(s), distance)) continue;
    const double crossing = s - static_cast<double>(distance);
    const bool at_turn = std::any_of(turns_.begin(), turns_.end(), [&](const Turn& t) {
      return crossing > t.begin - 75 && crossing < t.end() + 75;
    });
    const bool again = !stops_.empty() && std::any_of(stops_.begin(), stops_.end(), [&](auto& e) {
      return std::abs(e.crossing_s - crossing) < 30;
    });
    if (at_turn || again || crossing < kStart + 60) continue;
    Stop stop{crossing - 9.8 - back - random.uniform(0.2, 1.0), standing(), crossing, false};
    const bool taken = random.chance(p.town ? 0.4 : 0.3);
    stop.seconds = taken ? stop.seconds : -1;  // remembered, so that it is drawn once
    stops_.push_back(stop);
  }
  std::erase_if(stops_, [](const Stop& stop) { return stop.seconds < 0; });
  std::sort(stops_.begin(), stops_.end(), [](auto& a, auto& b) { return a.s < b.s; });
}

void Itinerary::drive(const DriveParams& p) {
  // What the road allows at each metre.
  Random random(p.seed, stream_id("cruise"));
  const std::vector<Wave> swing = draw_waves(random, 3, 0.0015, 0.012, p.speed_swing);  // per metre
  std::vector<double> allowed(static_cast<size_t>(road_length_) + 2);
  for (size_t i = 0; i < allowed.size(); ++i)
    allowed[i] = p.speed_mps * (1 + sum_of(swing, static_cast<double>(i)));
  for (const Turn& turn : turns_) {
    const double lead = p.lead_car ? kHeadwayMetres : 0,
                 radius = std::max(4.0, turn.length / (1.875 * std::abs(turn.angle)) -
                                            (turn.angle < 0 ? lane_offset(p) : 0)),
                 slow = std::sqrt(kAside * radius);
    for (double s = std::max(0.0, turn.begin - lead); s < turn.end() - 0.2 * turn.length; s += 1) {
      const size_t i = static_cast<size_t>(s);
      if (i < allowed.size()) allowed[i] = std::min(allowed[i], slow);
    }
  }
  for (size_t i = allowed.size() - 1; i-- > 0;)
    allowed[i] = std::min(allowed[i], std::sqrt(allowed[i + 1] * allowed[i + 1] + 2 * kBrake));

  // A ride through it, tick by tick; then smoothed, so that nobody is shaken.
  const bool from_standing = random.chance(0.3);
  const double end = p.seconds + kLatest;
  double s = kStart, v = from_standing ? 0 : allowed[static_cast<size_t>(kStart)], stand = 0;
  if (from_standing) stand = -kEarliest + random.uniform(2, 5), departs_ = stand + kEarliest;
  size_t next = 0;
  while (next < stops_.size() && stops_[next].s < s + v * v / (2 * kBrake) + 1) ++next;
  for (double t = kEarliest; t < end; t += kTick) {
    speed_.push_back(v);
    if (stand > 0) {
      stand -= kTick;
      continue;
    }
    const size_t i = static_cast<size_t>(s);
    DOJO_CHECK_LT(i + 1, allowed.size());
    double target = std::min(allowed[i], allowed[i + 1]);
    if (next < stops_.size()) {
      const double room = std::max(0.0, stops_[next].s - s);
      target = std::min(target, std::sqrt(2 * kBrake * room));
      if (room < 0.05 || target < 0.15) {
        v = 0;
        stand = stops_[next++].seconds + 1.3;  // less what the smoothing takes
        continue;
      }
    }
    v = std::clamp(target, v - 6 * kTick, v + kGo * kTick);
    s += v * kTick;
  }
  smooth(speed_, 18);
  smooth(speed_, 14);
  way_.push_back(kStart);
  for (size_t i = 1; i + 1 < speed_.size(); ++i)
    way_.push_back(way_.back() + kTick * piece(speed_[i - 1], speed_[i], speed_[i + 1], 1));

  for (Stop& stop : stops_) {
    for (size_t i = 0; i + 1 < way_.size(); ++i) {
      if (std::abs(way_[i] - stop.s) > 2 || speed_[i] + speed_[i + 1] + speed_[i + 2] > 0) continue;
      const double t = kEarliest + kTick * static_cast<double>(i);
      if (stop.end_seconds == 0) stop.begin_seconds = t;
      stop.end_seconds = t + kTick;
    }
  }
}

Motion Itinerary::at(double t) const {
  const double last = static_cast<double>(way_.size()) - 1.001;
  const double position = std::clamp((t - kEarliest) / kTick, 0.0, last);
  const size_t i = static_cast<size_t>(position);
  const double u = position - static_cast<double>(i), a = speed_[i], b = speed_[i + 1],
               c = speed_[i + 2];
  return {way_[i] + kTick * piece(a, b, c, u),
          (a * (1 - u) * (1 - u) + b * (1 + 2 * u - 2 * u * u) + c * u * u) / 2,
          (a * (u - 1) + b * (1 - 2 * u) + c * u) / kTick};
}

}  // namespace dojo::scene
