#include "dojo/scene/surface.h"

#include <algorithm>

namespace dojo::scene {
namespace {

// The integral of the stripes from 0 to x.
float stripes_until(float x, float period, float length) {
  const int k = floor_int(x / period);
  return static_cast<float>(k) * length + std::min(x - static_cast<float>(k) * period, length);
}

Vec3 facade(const Textures& t, const Face& face, float u, float v, float footprint, float& window) {
  const float s = hash01(face.seed, 11), period = 2.4f + 1.4f * s, floor_height = 3.0f;
  const float offset = 500 * hash01(face.seed, 12);
  const float grain = t.rough.sample((u + offset) * 18, v * 18, footprint * 18);
  const float stain = t.soft.sample((u + offset) * 5, v * 9, footprint * 8);
  Vec3 wall = face.colour * (1 + 0.10f * grain + 0.16f * stain);
  if (hash01(face.seed, 13) < 0.5f) {  // courses of brick or panels
    const float course = hash01(face.seed, 14) < 0.5f ? 0.5f : 1.5f;
    wall = wall * (1 - 0.25f * stripes(v, footprint, course, 0.08f));
  }
  const bool shop = face.corners[2][1] > 8 && v < 3.4f;
  const float wide = shop ? period * 0.8f : period * (0.35f + 0.25f * hash01(face.seed, 15));
  const float low = shop ? 0.4f : 0.9f, tall = shop ? 2.1f : 1.35f + 0.5f * hash01(face.seed, 16);
  const float x = u - (period - wide) / 2, y = v - low;
  const int column = floor_int(x / period), row = floor_int(v / floor_height);
  const float frame = stripes(x + 0.1f, footprint, period, wide + 0.2f) *
                      stripes(y + 0.1f, footprint, floor_height, tall + 0.2f);
  const float glass =
      stripes(x, footprint, period, wide) * stripes(y, footprint, floor_height, tall);
  const float kind = hash01(face.seed, static_cast<uint32_t>(column), static_cast<uint32_t>(row));
  const Vec3 bright = kind < 0.6f    ? Vec3{0.03f, 0.04f, 0.05f}
                      : kind < 0.85f ? Vec3{0.16f, 0.20f, 0.25f}
                                     : Vec3{0.40f, 0.37f, 0.30f};
  const float near = 1 - smoothstep(0.6f, 2.0f, footprint);  // far windows run into one another
  constexpr float kLit = 0.35f;
  window = glass * (kLit + ((kind * 7 - std::floor(kind * 7) < kLit ? 1.0f : 0.0f) - kLit) * near);
  const Vec3 pane =
      mix(Vec3{0.10f, 0.12f, 0.14f},
          bright * (0.8f + 0.4f * (y - floor_height * static_cast<float>(row)) / tall), near);
  const Vec3 rim = hash01(face.seed, 17) < 0.5f ? Vec3{0.55f, 0.55f, 0.53f} : face.colour * 0.5f;
  Vec3 colour = mix(mix(wall, rim, frame), pane, glass);
  if (face.corners[2][1] > 8) {  // the shops' name boards
    const Vec3 board{0.5f * hash01(face.seed, 18), 0.4f * hash01(face.seed, 19),
                     0.5f * hash01(face.seed, 20)};
    colour = mix(colour, board * (1 + 0.5f * t.rough.sample(u * 12, v * 8, footprint * 12)),
                 stripe(v, footprint, 2.7f, 3.35f));
  }
  return colour;
}

Vec3 leaves(const Textures& t, const Face& face, float u, float v, float footprint, float& alpha) {
  const float width = face.corners[2][0], height = face.corners[2][1],
              offset = 300 * hash01(face.seed, 21);
  const float px = u / width * 2 - 1, py = v / height * 2 - 1;
  const float inside = 1 - px * px - py * py * (py > 0 ? 1 : 0.85f);
  if (inside < -0.75f) {  // no pattern reaches so far
    alpha = 0;
    return {};
  }
  const float big = t.soft.sample((u + offset) * 14, v * 14, footprint * 14);
  const float fine = t.rough.sample((u + offset) * 24, v * 24, footprint * 24);
  alpha =
      clamp01(0.5f + (inside + 0.22f * big + 0.16f * fine - 0.12f) / std::max(0.15f, footprint));
  return face.colour * std::max(0.15f, 0.85f + 0.35f * py + 0.35f * big + 0.30f * fine);
}

Vec3 colour_of(const Textures& t, const Face& face, float u, float v, float footprint, float& alpha,
               float& window) {
  const float offset = 300 * hash01(face.seed, 3);
  switch (face.material) {
    case Material::kFacade:
      return facade(t, face, u, v, footprint, window);
    case Material::kLeaves:
      return leaves(t, face, u, v, footprint, alpha);
    case Material::kPlaster:
      return face.colour * (1 + 0.14f * t.rough.sample((u + offset) * 16, v * 16, footprint * 16) +
                            0.16f * t.soft.sample((u + offset) * 6, v * 10, footprint * 8));
    case Material::kRoof:
      return face.colour2 * (1 + 0.22f * t.rough.sample((u + offset) * 14, v * 9, footprint * 12) -
                             0.35f * stripes(v, footprint, 0.4f, 0.1f));
    case Material::kBark:
      return face.colour * (1 + 0.3f * t.rough.sample((u + offset) * 30, v * 8, footprint * 20));
    case Material::kHedge:
      return face.colour *
             std::max(0.2f, 0.9f + 0.25f * v +
                                0.4f * t.rough.sample((u + offset) * 22, v * 22, footprint * 22) +
                                0.3f * t.soft.sample((u + offset) * 10, v * 10, footprint * 10));
    case Material::kRail:
      return face.colour * (0.75f + 0.45f * stripes(v, footprint, 0.2f, 0.1f) +
                            0.1f * t.soft.sample((u + offset) * 12, v * 12, footprint * 12));
    case Material::kGlass:
      return face.colour + Vec3{0.10f, 0.12f, 0.14f} * clamp01(v * 1.2f - 0.1f);
    case Material::kPaint:
      return face.colour * (0.75f + 0.35f * clamp01(v)) *
             (1 + 0.04f * t.soft.sample((u + offset) * 20, v * 20, footprint * 20));
    case Material::kSign: {
      const float w = face.corners[2][0], h = face.corners[2][1], rim = 0.1f * std::min(w, h);
      const float inner = stripe(u, footprint, rim, w - rim) * stripe(v, footprint, rim, h - rim);
      const float mark = face.seed == 0 ? 0.0f
                                        : stripe(u, footprint, 0.25f * w, 0.75f * w) *
                                              stripes(v + 0.1f, footprint, 0.3f, 0.12f);
      return mix(Vec3{0.6f, 0.6f, 0.6f}, mix(face.colour, {0.6f, 0.6f, 0.6f}, mark),
                 face.seed == 0 ? 1 : inner);
    }
    case Material::kTyre: {
      const float r = std::sqrt((u - 0.32f) * (u - 0.32f) + (v - 0.31f) * (v - 0.31f)),
                  soft = std::max(0.01f, footprint);
      alpha = clamp01(0.5f + (0.31f - r) / soft);
      return mix(face.colour, {0.25f, 0.25f, 0.26f}, clamp01(0.5f + (0.19f - r) / soft));
    }
    case Material::kShadow: {
      const float px = u / face.colour.x * 2 - 1, py = v / face.colour.y * 2 - 1;
      alpha = 0.75f *
              smoothstep(0, 0.6f, 1 - std::max(px * px + 0.3f * py * py, py * py + 0.3f * px * px));
      return {0.012f, 0.012f, 0.014f};
    }
  }
  return face.colour;
}

}  // namespace

float stripes(float at, float width, float period, float length) {
  width = std::max(width, 0.02f);
  return (stripes_until(at + width / 2, period, length) -
          stripes_until(at - width / 2, period, length)) /
         width;
}

Surface surface_at(const Textures& textures, const Face& face, float u, float v, float footprint) {
  Surface surface;
  surface.albedo = colour_of(textures, face, u, v, footprint, surface.alpha, surface.window);
  return surface;
}

Ground ground_at(const Textures& t, const World& world, float x, float y, float across, float along,
                 float dir_x, float dir_y) {
  const float blur = std::sqrt(across * along);  // between both: neither flicker nor mud
  const float grain = t.rough.sample(x * 24, y * 24, blur * 24);
  const float clump = t.rough.sample(x * 3.1f + 77, y * 3.1f, blur * 3.1f);
  const float patch = t.soft.sample(x * 1.1f, y * 1.1f + 31, blur * 1.1f);
  const bool town = world.params().town;
  const Vec3 grass =
      mix(Vec3{0.055f, 0.085f, 0.028f}, Vec3{0.13f, 0.11f, 0.055f}, clamp01(0.4f + 0.35f * patch)) *
      std::max(0.2f, 1 + 0.20f * grain + 0.24f * clump);
  const Vec3 paving =
      Vec3{0.22f, 0.21f, 0.20f} * (1 + 0.08f * grain + 0.10f * clump + 0.10f * patch);

  float s, d;
  world.road().to_road(x, y, s, d);
  const float half = world.road_half_width();
  bool on_street = false, marked = true;
  float stop_line = 1e3f;
  float tangent_x, tangent_y;
  if (world.params().journey) {
    const StreetPlace place = world.streets().nearest(x, y, s, d, half);
    on_street = place.d != d;
    s = place.s, d = place.d, tangent_x = place.tangent_x, tangent_y = place.tangent_y;
    marked = place.marked, stop_line = place.stop_line;
  } else {
    const RoadPoint p = world.road().at(s);
    tangent_x = p.tangent_x, tangent_y = p.tangent_y;
  }
  const float a = std::abs(d);
  if (a > 60) return {grass};
  const float turn = std::abs(dir_x * tangent_y - dir_y * tangent_x),
              straight = std::sqrt(std::max(0.0f, 1 - turn * turn));
  const float wd = across * straight + along * turn,
              ws = along * straight + across * turn;  // the pixel across and along the road

  const Vec3 asphalt =
      mix(Vec3{0.085f, 0.085f, 0.088f}, Vec3{0.12f, 0.118f, 0.112f}, clamp01(0.5f + 0.4f * patch));
  const float wheel =
      std::abs(std::abs(std::fmod(a, 3.5f) - 1.75f) - 0.8f);  // distance from where tyres roll
  Vec3 road =
      asphalt * (1 + 0.20f * grain + 0.10f * clump - 0.16f * (1 - smoothstep(0, 0.5f, wheel)));
  const uint32_t mend = static_cast<uint32_t>(floor_int(s / 9) * 64 + floor_int(d / 3.5f) +
                                              32);  // mended pieces and seams
  const uint32_t seed = static_cast<uint32_t>(world.params().seed);
  if (a < half && hash01(mend, seed, 31) < 0.22f) {
    const float at = s - 9 * static_cast<float>(floor_int(s / 9)),
                ad = d - 3.5f * static_cast<float>(floor_int(d / 3.5f));
    const float piece = stripe(at, ws, 0.5f, 2 + 6 * hash01(mend, seed, 32)) *
                        stripe(ad, wd, 0.3f, 1.2f + 2 * hash01(mend, seed, 33));
    road = mix(road, road * (0.6f + 0.7f * hash01(mend, seed, 34)), piece);
  }
  float crossing;
  const bool crossing_near = !on_street && world.crossing_at(s, crossing);
  const bool side_road = crossing_near && a > half - 0.5f;
  const float worn = clamp01(0.85f + 0.15f * clump);
  const Vec3 white{0.48f, 0.48f, 0.46f};
  if (marked && (!side_road || std::abs(crossing) > 3.5f)) {
    float paint = stripe(a, wd, half - 0.25f, half - 0.1f);
    const float dash = stripes(s, ws, 9, 3);
    if (world.params().lanes_each_way == 1) {
      paint += stripe(d, wd, -0.06f, 0.06f) * dash;
    } else {
      paint += stripe(a, wd, 0.08f, 0.2f) + stripe(a, wd, 3.44f, 3.56f) * dash;
    }
    if (town && crossing_near) {  // a zebra before the crossing
      paint += stripe(crossing, ws, -8.5f, -5.5f) * stripes(d, wd, 1, 0.5f) *
               stripe(a, wd, 0, half - 0.4f);
    }
    if (world.params().journey && crossing_near) {
      paint += stripe(crossing, ws, -9.7f, -9.3f) * stripe(d, wd, -half + 0.3f, -0.1f) +
               stripe(crossing, ws, 9.3f, 9.7f) * stripe(d, wd, 0.1f, half - 0.3f);
    }
    paint += stripe(stop_line, ws, -0.25f, 0.25f) * stripe(a, wd, 0.1f, half - 0.3f);
    road = mix(road, white, clamp01(paint) * worn);
  }

  Vec3 beside;
  if (town) {
    const Vec3 kerb{0.32f, 0.31f, 0.30f};
    const float joint = std::max(stripes(s, ws, 0.9f, 0.06f), stripes(a, wd, 0.9f, 0.06f));
    beside =
        mix(grass, paving * (1 - 0.35f * joint),
            stripe(a, wd, half + 2.4f, half + 5.2f + 40 * (hash01(seed, 41) < 0.5f ? 1.0f : 0.0f)));
    beside = mix(beside, kerb * (1 + 0.1f * grain), stripe(a, wd, half + 2.3f, half + 2.5f));
    beside = mix(beside, road * 1.1f, stripe(a, wd, 0, half + 2.3f));  // where cars park
  } else {
    const Vec3 gravel = Vec3{0.19f, 0.17f, 0.14f} * (1 + 0.28f * grain + 0.12f * clump);
    beside = mix(grass, gravel, stripe(a + 0.25f * clump, wd, half, half + 1.1f));
  }
  Vec3 colour = mix(beside, road, stripe(a, wd, 0, half));
  if (side_road) colour = mix(colour, road, stripe(std::abs(crossing), ws, 0, 3.5f));
  Ground ground{colour};
  if (world.params().rain > 0) {  // water stands in the hollows of the road and darkens all
    const float paved = town ? stripe(a, wd, 0, half + 5) : stripe(a, wd, 0, half);
    const float wet = static_cast<float>(world.params().rain);
    ground.albedo = colour * (1 - wet * (0.2f + 0.25f * paved));
    ground.mirror = wet * std::max(paved, side_road && std::abs(crossing) < 3.5f ? 1.0f : 0.0f) *
                    clamp01(0.6f + 0.25f * patch + 0.15f * clump);
  }
  if (world.params().darkness > 0 && !on_street) {
    for (const LampRow& row : world.lamps()) {
      if (row.spacing == 0) continue;
      const float k = (s - row.begin) / row.spacing, part = k - std::floor(k + 0.5f);
      const float ds = part * row.spacing, dd = d - row.d;
      const float near = 1 / (1 + (ds * ds + dd * dd) * (1 / 36.0f));
      ground.lamp += near * near;
    }
  }
  return ground;
}

}  // namespace dojo::scene
