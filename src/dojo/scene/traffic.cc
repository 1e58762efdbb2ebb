#include "dojo/scene/traffic.h"

#include <algorithm>
#include <cmath>

#include "dojo/scene/shapes.h"

namespace dojo::scene {
namespace {
constexpr double kCrossingRoom = 60;  // crossing cars come into being and vanish so far aside
}  // namespace

Traffic::Traffic(const DriveParams& params, const Road& road, const Itinerary& itinerary)
    : params_(params), road_(road), itinerary_(itinerary) {
  // The schedule: slow in turns, like everybody.
  const size_t metres = static_cast<size_t>(road.end() - road.begin());
  std::vector<double> speed(metres, 1.05 * params.speed_mps);
  for (const Turn& turn : itinerary.turns()) {
    const double slow = std::sqrt(2.5 * turn.length / (1.875 * std::abs(turn.angle)));
    for (double s = turn.begin; s < turn.end() && s < road.end() - 1; s += 1) {
      const size_t i = static_cast<size_t>(s - road.begin());
      speed[i] = std::min(speed[i], slow);
    }
  }
  for (size_t i = 1; i < metres; ++i)
    speed[i] = std::min(speed[i], std::sqrt(speed[i - 1] * speed[i - 1] + 2 * 1.5));
  for (size_t i = metres - 1; i-- > 0;)
    speed[i] = std::min(speed[i], std::sqrt(speed[i + 1] * speed[i + 1] + 2 * 1.5));
  schedule_.push_back(0);
  for (size_t i = 0; i + 1 < metres; ++i)
    schedule_.push_back(schedule_.back() + 2 / (speed[i] + speed[i + 1]));

  Random looks(params.seed, stream_id("neighbours"));
  ahead_ = draw_look(looks);
  behind_ = draw_look(looks);
  const double last = itinerary.at(params.seconds).s, whole = params.seconds + Itinerary::kLatest;
  for (int lane = 0; lane < 2 * params.lanes_each_way; ++lane) {
    const bool oncoming = lane >= params.lanes_each_way;
    const int out = lane % params.lanes_each_way;
    if (!oncoming && out == params.lanes_each_way - 1) continue;  // our own
    Random random(params.seed, stream_id("flow"), static_cast<uint64_t>(lane));
    const double d = (oncoming ? 1 : -1) * (3.5 * out + 1.75);
    const double begin = schedule_at(Itinerary::kStart - kSight) - (oncoming ? 0 : whole),
                 end = schedule_at(last + kSight) + (oncoming ? whole : 0);
    for (double start = begin; start < end;
         start += 2.2 + random.uniform(0, 110) / params.traffic / params.speed_mps) {
      flowing_.push_back(
          {start, d + random.uniform(-0.25, 0.25), oncoming ? -1 : 1, draw_look(random)});
    }
  }
  Random random(params.seed, stream_id("crossing cars"));
  for (const Stop& stop : itinerary.stops()) {
    if (stop.at_turn) continue;
    const double pace = random.uniform(7, 11);
    for (double t = stop.begin_seconds + random.uniform(-1, 1.5); t < stop.end_seconds - 1;
         t += random.uniform(1.6, 4.5)) {
      const Crossing car{stop.crossing_s, t, pace, random.chance(0.5) ? 1 : -1, draw_look(random)};
      bool free = true;
      for (double at = t - 1.6; at < t + 1.6; at += 0.1)
        free = free && !near_at(stop.crossing_s, at, 9);
      if (free) crossing_.push_back(car);
    }
  }
}

Traffic::Look Traffic::draw_look(Random& random) const {
  const double kind = random.uniform();
  Look look;
  look.kind = kind < 0.7 ? 0 : kind < 0.9 ? 1 : 2;
  look.paint = draw_paint(random);
  look.seed = random.next_u32() >> 8;
  return look;
}

double Traffic::way_at(double schedule) const {
  const auto after = std::upper_bound(schedule_.begin(), schedule_.end(), schedule);
  if (after == schedule_.begin() || after == schedule_.end()) return -1e9;
  const auto before = std::prev(after);
  return road_.begin() + static_cast<double>(before - schedule_.begin()) +
         (schedule - *before) / (*after - *before);
}

double Traffic::schedule_at(double s) const {
  const double at = std::clamp(s - road_.begin(), 0.0, static_cast<double>(schedule_.size()) - 1);
  return schedule_[static_cast<size_t>(at)];
}

// Whether anybody who drives along our road, we too, is so near to s then.
bool Traffic::near_at(double s, double t, double metres) const {
  constexpr double headway = Itinerary::kHeadwaySeconds, gap = Itinerary::kHeadwayMetres;
  if (std::abs(itinerary_.at(t).s + 1.4 - s) < metres) return true;
  if (params_.lead_car && std::abs(itinerary_.at(t + headway).s + gap + 1.4 - s) < metres)
    return true;
  return std::any_of(flowing_.begin(), flowing_.end(), [&](const Flowing& car) {
    return std::abs(way_at(car.start + car.direction * t) - s) < metres;
  });
}

void Traffic::place(std::vector<Object>& cars, double x, double y, double heading, const Look& look,
                    bool braking, float opacity) const {
  const Place at{static_cast<float>(x), static_cast<float>(y),
                 static_cast<float>(std::cos(heading)), static_cast<float>(std::sin(heading))};
  const float length = look.kind == 2 ? 9.3f : look.kind == 1 ? 5.9f : 5.1f;
  cars.push_back(make_shadow(at, length, look.kind == 2 ? 3.1f : 2.5f));
  const float dark = static_cast<float>(params_.darkness);
  const bool lamps = dark > 0 || params_.rain > 0;
  const CarLamps shine{lamps ? 2 + 5 * dark : 0,
                       (lamps ? 0.5f + 0.8f * dark : 0) + (braking ? 2.0f : 0)};
  cars.push_back(make_car(at, static_cast<CarKind>(look.kind), look.paint, look.seed, shine));
  for (size_t i = cars.size() - 2; i < cars.size(); ++i) cars[i].opacity = opacity;
}

std::vector<Object> Traffic::cars(double t) const {
  std::vector<Object> seen;
  const double here = itinerary_.at(t).s;
  const auto add = [&](double s, double d, int direction, const Look& look, bool braking) {
    if (s < here - kSight || s > here + kSight || s < road_.begin() + 5 || s > road_.end() - 5)
      return;
    const std::array<double, 2> p = road_.exact(s);
    const double heading = road_.heading(s);
    place(seen, p[0] - std::sin(heading) * d, p[1] + std::cos(heading) * d,
          heading + (direction < 0 ? kTurn / 2 : 0), look, braking, 1);
  };
  const double ours = -(3.5 * (params_.lanes_each_way - 1) + 1.75);
  constexpr double headway = Itinerary::kHeadwaySeconds, gap = Itinerary::kHeadwayMetres;
  const auto neighbour = [&](double when, double farther, const Look& look) {
    const Motion m = itinerary_.at(when);
    add(m.s + farther + 1.4, ours + 0.15 * std::sin(0.02 * m.s), 1, look,
        m.acceleration_mps2 < -0.3 || m.speed_mps < 0.01);
  };
  if (params_.lead_car) neighbour(t + headway, gap, ahead_);
  if (params_.following_car) neighbour(t - headway, -gap, behind_);
  for (const Flowing& car : flowing_)
    add(way_at(car.start + car.direction * t), car.d, car.direction, car.look, false);
  for (const Crossing& car : crossing_) {
    const double d = car.direction * car.speed * (t - car.middle_seconds);
    if (std::abs(d) > kCrossingRoom || std::abs(car.s - here) > kSight) continue;
    const std::array<double, 2> p = road_.exact(car.s);
    const double h = road_.heading(car.s), ahead = 1.75 * car.direction;
    place(seen, p[0] - std::sin(h) * d + std::cos(h) * ahead,
          p[1] + std::cos(h) * d + std::sin(h) * ahead, h + car.direction * kTurn / 4, car.look,
          false, 1 - smoothstep(45, 60, static_cast<float>(std::abs(d))));
  }
  return seen;
}

}  // namespace dojo::scene
