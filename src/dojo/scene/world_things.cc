// What stands beside the road and who else drives on it. Each kind of thing has a random stream of
// its own, so that a change to one leaves the others where they are.
#include <algorithm>
#include <cmath>

#include "dojo/scene/shapes.h"
#include "dojo/scene/world.h"

namespace dojo::scene {
namespace {

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

}  // namespace

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
  // Where a road turns, what stands beside it here could stand on it there.
  const float half = road_half_width(), dark = static_cast<float>(params_.darkness);
  const auto free = [&](double s, double d, float radius, float room) {
    if (road_.turns().empty()) return true;
    const Place at = place(s, d, false);
    return streets_.clear_of(at.x, at.y, radius, half, room);
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
      bool room = std::abs(road_.at(centre).curvature) * (edge + back) < 0.45;
      for (double corner : {s, s + o.length})
        for (double deep : {back, back + o.depth})
          room = room && free(corner, side * (edge + deep), 0, 4);
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
      if (crossing_near(s, 3) || !free(s, side * d, 0.5f, 2)) continue;
      things_.push_back(make_shadow(place(s, side * d, turned), width * 1.1f, width * 0.9f));
      things_.push_back(make_tree(place(s, side * d, turned), height, width, leaves, seed));
    }

    Random poles = stream("poles");
    const double spacing = poles.uniform(22, 45);
    const bool has_poles = params_.town || side < 0 || poles.chance(0.3);
    const double first_pole = begin + poles.uniform(0, spacing);
    if (has_poles && params_.town) {
      lamps_[turned] = {static_cast<float>(first_pole), static_cast<float>(spacing),
                        static_cast<float>(side * (edge + 0.8))};
    }
    for (double s = first_pole; has_poles && s < end; s += spacing) {
      if (!crossing_near(s, 1) && free(s, side * (edge + 2.2), 0.2f, 1.5f)) {
        // the lamp's arm points to its left: on the right side of the road that is the road
        things_.push_back(make_pole(place(s, side * (edge + (params_.town ? 2.9 : 2.2)), turned),
                                    7.5f, params_.town, {0.22f, 0.22f, 0.21f}, 10 * dark));
      }
    }

    Random signs = stream("signs");
    for (double s = begin + signs.uniform(0, 60); s < end; s += signs.uniform(35, 140)) {
      static constexpr Vec3 kColours[] = {
          {0.03f, 0.1f, 0.45f}, {0.6f, 0.05f, 0.04f}, {0.6f, 0.45f, 0.03f}, {0.65f, 0.65f, 0.65f}};
      if (!free(s, side * (edge + 2.0), 0.2f, 1.5f)) continue;
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
        if (!free(at, d, 0, 1.2f) || !free(at + step, d, 0, 1.2f)) continue;
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
      if (crossing_near(s, 6) || road_.turns_near(s, 12)) continue;
      if (!free(s, side * (edge + 1.25), 0, 0.2f)) continue;
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
    // We keep to the right; on the left they overtake.
    const bool ours = !oncoming && out == params_.lanes_each_way - 1;
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
  if (traffic_) return traffic_->cars(t);
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

}  // namespace dojo::scene
