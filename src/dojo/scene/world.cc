#include "dojo/scene/world.h"

#include <algorithm>
#include <numbers>

#include "dojo/base/check.h"
#include "dojo/base/random.h"
#include "dojo/scene/shapes.h"
#include "dojo/scene/texture.h"

namespace dojo::scene {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kSight = 420;  // metres: farther things are not made

template <typename Wave>
double sum_of(const std::vector<Wave>& waves, double t) {
  double sum = 0;
  for (const Wave& w : waves) sum += w.amplitude * std::sin(w.frequency * t + w.phase);
  return sum;
}

template <typename Wave>
double slope_of(const std::vector<Wave>& waves, double t) {
  double sum = 0;
  for (const Wave& w : waves)
    sum += w.amplitude * w.frequency * std::cos(w.frequency * t + w.phase);
  return sum;
}

// Waves between two frequencies (Hz) whose amplitudes fall with frequency and add up to `total`.
template <typename Wave>
std::vector<Wave> draw_waves(Random& random, int count, double low_hz, double high_hz,
                             double total) {
  std::vector<Wave> waves(static_cast<size_t>(count));
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const double hz = low_hz * std::pow(high_hz / low_hz, (i + random.uniform()) / count);
    waves[static_cast<size_t>(i)] = {random.uniform(0.5, 1.0) / std::sqrt(hz), kTurn * hz,
                                     random.uniform(0, kTurn)};
    sum += waves[static_cast<size_t>(i)].amplitude;
  }
  for (Wave& w : waves) w.amplitude *= total / sum;
  return waves;
}

Vec3 draw_wall(Random& random) {
  static constexpr Vec3 kWalls[] = {
      {0.42f, 0.36f, 0.28f}, {0.30f, 0.13f, 0.09f}, {0.48f, 0.46f, 0.43f}, {0.25f, 0.24f, 0.24f},
      {0.45f, 0.30f, 0.16f}, {0.36f, 0.40f, 0.42f}, {0.55f, 0.50f, 0.38f}, {0.20f, 0.10f, 0.07f}};
  return kWalls[random.below(8)] * static_cast<float>(random.uniform(0.7, 1.2));
}

Vec3 draw_leaves(Random& random) {
  const float yellow = static_cast<float>(random.uniform(0, 0.08)),
              light = static_cast<float>(random.uniform(0.7, 1.3));
  return Vec3{0.06f + yellow, 0.12f + 0.4f * yellow, 0.03f} * light;
}

Vec3 draw_paint(Random& random) {
  static constexpr Vec3 kPaints[] = {
      {0.60f, 0.60f, 0.60f}, {0.02f, 0.02f, 0.025f}, {0.15f, 0.16f, 0.17f}, {0.35f, 0.03f, 0.03f},
      {0.03f, 0.07f, 0.25f}, {0.30f, 0.32f, 0.34f},  {0.40f, 0.33f, 0.18f}, {0.03f, 0.14f, 0.12f}};
  return kPaints[random.below(8)];
}

}  // namespace

DriveParams draw_params(uint64_t seed, double seconds) {
  Random random(seed, stream_id("drive"));
  DriveParams p;
  p.seed = seed;
  p.seconds = seconds;
  p.town = random.chance(0.55);
  p.speed_mps = p.town ? random.uniform(3.5, 15) : random.uniform(9, 29);
  p.speed_swing = random.uniform(0.1, p.town ? 0.8 : 0.4);
  p.curvature = random.uniform(0.35, 1.0);
  p.lanes_each_way = random.chance(0.4) ? 2 : 1;
  p.density = random.uniform(0.6, 1.4);
  p.traffic = random.uniform(0.5, 1.8);
  p.lead_car = random.chance(0.5);
  p.sun_elevation = random.uniform(0.15, 1.1);
  p.sun_azimuth = random.uniform(0, kTurn);
  p.overcast = random.chance(0.4) ? random.uniform(0.5, 1.0) : random.uniform(0, 0.4);
  p.visibility_m = random.uniform(350, 1800);
  p.camera_height_m = random.uniform(1.15, 1.75);
  p.camera_pitch = random.uniform(-0.07, 0.05);
  p.field_of_view = random.uniform(0.85, 1.6);
  p.bump = random.uniform(0.4, 1.6);
  p.noise = random.uniform(0.4, 1.6);
  return p;
}

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

World::World(const DriveParams& params)
    : params_(params),
      road_(params.seed, params.curvature, params.speed_mps,
            params.speed_mps * params.seconds * 1.3 + 700) {
  DOJO_CHECK(params.seconds > 0 && params.speed_mps > 0);
  Random random(params.seed, stream_id("motion"));
  speed_ = draw_waves<Wave>(random, 3, 0.03, 0.2, params.speed_swing);
  wander_ = draw_waves<Wave>(random, 2, 0.05, 0.2, 0.45);
  const double shake = params.bump * std::min(1.5, 0.5 + params.speed_mps / 15);
  pitch_ = draw_waves<Wave>(random, 5, 0.5, 5, 0.012 * shake);
  roll_ = draw_waves<Wave>(random, 4, 0.4, 4, 0.010 * shake);
  heave_ = draw_waves<Wave>(random, 3, 0.6, 3, 0.05 * shake);
  light_ = draw_waves<Wave>(random, 3, 0.03, 0.3, random.uniform(0.05, 0.25));
  exposure_ = draw_waves<Wave>(random, 3, 0.05, 0.6, random.uniform(0.03, 0.15));
  place_things();
  place_cars();
}

bool World::crossing_at(float s, float& distance) const {
  const float period = params_.town ? 110.0f : 300.0f;
  const int k = floor_int(s / period);
  const uint32_t seed = static_cast<uint32_t>(params_.seed);
  distance = s - period * (static_cast<float>(k) + 0.3f +
                           0.4f * hash01(static_cast<uint32_t>(k), seed, 1));
  return std::abs(distance) < 60 && hash01(static_cast<uint32_t>(k), seed, 2) < 0.7f;
}

void World::place_things() {
  const double edge = road_half_width();
  const auto place =
      [&](double s, double d,
          bool turned) {  // turned: "left" of the place points to the road from the right
        const RoadPoint p = road_.at(s);
        Place at{p.x - p.tangent_y * static_cast<float>(d),
                 p.y + p.tangent_x * static_cast<float>(d), p.tangent_x, p.tangent_y};
        if (turned) at.ahead_x = -at.ahead_x, at.ahead_y = -at.ahead_y;
        return at;
      };
  const auto crossing_near = [&](double s, double room) {
    float distance;
    return crossing_at(static_cast<float>(s), distance) && std::abs(distance) < room + 4.5;
  };
  for (int side : {-1, 1}) {
    const bool turned = side > 0;
    const auto stream = [&](const char* what) {
      return Random(params_.seed, stream_id(what), static_cast<uint64_t>(side + 1));
    };
    const double begin = road_.begin() + 30, end = road_.end() - 30;

    Random houses = stream("houses");
    for (double s = begin; s < end;) {
      HouseOptions o;
      o.length = static_cast<float>(params_.town ? houses.uniform(9, 26) : houses.uniform(8, 16));
      o.depth = static_cast<float>(houses.uniform(8, 13));
      o.pitched_roof = houses.chance(params_.town ? 0.35 : 0.85);
      o.height =
          static_cast<float>(o.pitched_roof ? houses.uniform(3, 7.5) : houses.uniform(6, 24));
      o.wall = draw_wall(houses);
      o.roof =
          mix({0.22f, 0.07f, 0.04f}, {0.08f, 0.08f, 0.09f}, static_cast<float>(houses.uniform()));
      o.seed = houses.next_u32();
      const double gap = params_.town ? houses.uniform(0.5, 9) / params_.density
                                      : houses.uniform(20, 160) / params_.density;
      const double back = params_.town ? houses.uniform(6, 9) : houses.uniform(9, 30);
      const double centre = s + o.length / 2;
      const bool room = std::abs(road_.at(centre).curvature) * (edge + back) < 0.45;
      if (!crossing_near(centre, o.length / 2.0) && room) {
        things_.push_back(make_house(place(centre, side * (edge + back + o.depth / 2), turned), o));
      }
      s += o.length + gap;
    }

    Random trees = stream("trees");
    for (double s = begin; s < end;
         s += trees.uniform(3, params_.town ? 26 : 14) / params_.density) {
      const float height = static_cast<float>(trees.uniform(3.5, 12)),
                  width = height * static_cast<float>(trees.uniform(0.45, 0.85));
      const double d = edge + (params_.town ? 3.4 : trees.uniform(4, 45));
      const Vec3 leaves = draw_leaves(trees);
      const uint32_t seed = trees.next_u32();
      if (crossing_near(s, 3)) continue;
      things_.push_back(make_shadow(place(s, side * d, turned), width * 1.1f, width * 0.9f));
      things_.push_back(make_tree(place(s, side * d, turned), height, width, leaves, seed));
    }

    Random poles = stream("poles");
    const double spacing = poles.uniform(22, 45);
    const bool has_poles = params_.town || side < 0 || poles.chance(0.3);
    for (double s = begin + poles.uniform(0, spacing); has_poles && s < end; s += spacing) {
      if (!crossing_near(s, 1)) {
        // the lamp's arm points to its left: on the right side of the road that is the road
        things_.push_back(make_pole(place(s, side * (edge + (params_.town ? 2.9 : 2.2)), turned),
                                    7.5f, params_.town, {0.22f, 0.22f, 0.21f}));
      }
    }

    Random signs = stream("signs");
    for (double s = begin + signs.uniform(0, 60); s < end; s += signs.uniform(35, 140)) {
      static constexpr Vec3 kColours[] = {
          {0.03f, 0.1f, 0.45f}, {0.6f, 0.05f, 0.04f}, {0.6f, 0.45f, 0.03f}, {0.65f, 0.65f, 0.65f}};
      things_.push_back(make_sign(place(s, side * (edge + 2.0), turned),
                                  static_cast<float>(signs.uniform(2.3, 3.1)),
                                  kColours[signs.below(4)], signs.next_u32()));
    }

    Random screens = stream("screens");  // stretches of guard rail, hedge or wall
    for (double s = begin + screens.uniform(0, 80); s < end;) {
      const double stretch = screens.uniform(20, 120), step = 4;
      const int kind = static_cast<int>(screens.below(3));
      const float height = static_cast<float>(kind == 0 ? 0.75 : screens.uniform(0.8, 2.0));
      const double d = side * (edge + (kind == 0 && !params_.town ? 1.4
                                       : params_.town             ? 5.3
                                                                  : 4.0));
      const Vec3 colour = kind == 0   ? Vec3{0.4f, 0.4f, 0.4f}
                          : kind == 1 ? draw_leaves(screens)
                                      : draw_wall(screens);
      const Material material = kind == 0   ? Material::kRail
                                : kind == 1 ? Material::kHedge
                                            : Material::kPlaster;
      for (double at = s; at < s + stretch && at + step < end; at += step) {
        if (crossing_near(at + step / 2, step)) continue;
        things_.push_back(make_screen(place(at, d, false), place(at + step, d, false),
                                      kind == 0 ? 0.35f : 0.0f, height, material, colour,
                                      static_cast<uint32_t>(std::lround(at))));
      }
      s += stretch + screens.uniform(20, params_.town ? 60 : 200);
    }

    Random parked = stream("parked");
    for (double s = begin; params_.town && s < end;
         s += 5.8 + parked.uniform(0, 40) / params_.traffic) {
      const Vec3 paint = draw_paint(parked);
      const uint32_t seed = parked.next_u32();
      const CarKind kind = parked.chance(0.2) ? CarKind::kVan : CarKind::kSedan;
      if (crossing_near(s, 6)) continue;
      things_.push_back(make_shadow(place(s, side * (edge + 1.25), turned), 5.2f, 2.5f));
      things_.push_back(make_car(place(s, side * (edge + 1.25), turned), kind, paint, seed));
    }
  }
  std::stable_sort(things_.begin(), things_.end(),
                   [](const Object& a, const Object& b) { return a.centre.x < b.centre.x; });
}

void World::place_cars() {
  const double length = travelled(params_.seconds);
  for (int lane = 0; lane < 2 * params_.lanes_each_way; ++lane) {
    const bool oncoming = lane >= params_.lanes_each_way;
    const int out = lane % params_.lanes_each_way;
    const double d = (oncoming ? 1 : -1) * (3.5 * out + 1.75);
    const bool ours = !oncoming && out == params_.lanes_each_way -
                                              1;  // we keep to the right; on the left they overtake
    Random random(params_.seed, stream_id("traffic"), static_cast<uint64_t>(lane));
    const double speed = oncoming ? -params_.speed_mps * random.uniform(0.8, 1.2)
                                  : params_.speed_mps * random.uniform(1.1, 1.4);
    const double relative = (speed - params_.speed_mps) * params_.seconds;
    if (ours) {
      if (params_.lead_car) {
        cars_.push_back({random.uniform(12, 30), d, 0, random.uniform(0, kTurn),
                         static_cast<int>(random.below(3)), draw_paint(random), 1});
      }
      continue;
    }
    const double begin = oncoming ? 0 : -relative,
                 end = oncoming ? length - speed * params_.seconds + kSight : kSight;
    for (double s = begin + random.uniform(0, 60); s < end;
         s += random.uniform(22, 130) / params_.traffic + 8) {
      const double kind = random.uniform();
      cars_.push_back({s, d + random.uniform(-0.3, 0.3), speed, random.uniform(0, kTurn),
                       kind < 0.7   ? 0
                       : kind < 0.9 ? 1
                                    : 2,
                       draw_paint(random), oncoming ? -1 : 1});
    }
  }
}

std::vector<Object> World::cars(double t) const {
  std::vector<Object> seen;
  const double here = travelled(t);
  for (const Car& car : cars_) {
    // A lead car (speed 0) keeps a swinging distance; the others keep their speed.
    const double s = car.speed == 0 ? here + car.s * (1 + 0.45 * std::sin(0.35 * t + car.phase)) + 3
                                    : car.s + car.speed * t;
    if (s < here - 25 || s > here + kSight || s < road_.begin() + 5 || s > road_.end() - 5)
      continue;
    const double d = car.d + 0.2 * std::sin(0.4 * t + car.phase);
    const std::array<double, 2> p = road_.exact(s);
    const double heading = road_.heading(s), c = std::cos(heading), n = std::sin(heading);
    const float sign = static_cast<float>(car.direction);
    const Place place{static_cast<float>(p[0] - n * d), static_cast<float>(p[1] + c * d),
                      sign * static_cast<float>(c), sign * static_cast<float>(n)};
    const float length = car.kind == 2 ? 9.3f : car.kind == 1 ? 5.9f : 5.1f;
    seen.push_back(make_shadow(place, length, car.kind == 2 ? 3.1f : 2.5f));
    seen.push_back(make_car(place, static_cast<CarKind>(car.kind), car.colour,
                            static_cast<uint32_t>(1000 * car.phase)));
  }
  return seen;
}

// The integral of speed_mps * (1 + sum of waves).
double World::travelled(double t) const {
  double s = t;
  for (const Wave& w : speed_)
    s += w.amplitude / w.frequency * (std::cos(w.phase) - std::cos(w.frequency * t + w.phase));
  return params_.speed_mps * s;
}

World::GroundPose World::ground_pose(double t) const {
  const double s = travelled(t), ds = params_.speed_mps * (1 + sum_of(speed_, t));
  const double d = -(3.5 * (params_.lanes_each_way - 1) + 1.75) + sum_of(wander_, t),
               dd = slope_of(wander_, t);
  const double road = road_.heading(s),
               bend = (road_.heading(s + 1e-3) - road_.heading(s - 1e-3)) / 2e-3;
  const std::array<double, 2> p = road_.exact(s);
  return {p[0] - std::sin(road) * d, p[1] + std::cos(road) * d,
          road + std::atan2(dd, ds * (1 - bend * d))};
}

Truth World::truth(double t) const {
  const GroundPose here = ground_pose(t);
  const double s = travelled(t), ds = params_.speed_mps * (1 + sum_of(speed_, t));
  const double d = -(3.5 * (params_.lanes_each_way - 1) + 1.75) + sum_of(wander_, t),
               dd = slope_of(wander_, t);
  const double bend = (road_.heading(s + 1e-3) - road_.heading(s - 1e-3)) / 2e-3;
  Truth truth;
  truth.time_seconds = t;
  truth.speed_mps = std::hypot(ds * (1 - bend * d), dd);
  truth.yaw_rate_radps = (ground_pose(t + 1e-4).heading - ground_pose(t - 1e-4).heading) / 2e-4;
  const double acceleration = params_.speed_mps * slope_of(speed_, t);

  Pose& pose = truth.pose;
  pose.position = {here.x, here.y, params_.camera_height_m + sum_of(heave_, t)};
  pose.yaw = here.heading;
  pose.pitch = params_.camera_pitch + sum_of(pitch_, t) + 0.004 * acceleration;
  pose.roll =
      sum_of(roll_, t) + 0.004 * truth.speed_mps *
                             truth.yaw_rate_radps;  // leans out of the bend: left bend, clockwise
  const double cy = std::cos(pose.yaw), sy = std::sin(pose.yaw), cp = std::cos(pose.pitch),
               sp = std::sin(pose.pitch);
  const double cr = std::cos(pose.roll), sr = std::sin(pose.roll);
  const double level[3] = {sy, -cy, 0},
               up[3] = {-sp * cy, -sp * sy, cp};  // to the right and up before the roll
  pose.forward = {static_cast<float>(cy * cp), static_cast<float>(sy * cp), static_cast<float>(sp)};
  pose.right = {static_cast<float>(level[0] * cr - up[0] * sr),
                static_cast<float>(level[1] * cr - up[1] * sr),
                static_cast<float>(level[2] * cr - up[2] * sr)};
  pose.down = {static_cast<float>(-up[0] * cr - level[0] * sr),
               static_cast<float>(-up[1] * cr - level[1] * sr),
               static_cast<float>(-up[2] * cr - level[2] * sr)};
  return truth;
}

double World::light(double t) const { return 1 + sum_of(light_, t); }
double World::exposure(double t) const { return 1 + sum_of(exposure_, t); }

}  // namespace dojo::scene
