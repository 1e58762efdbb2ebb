#include "dojo/scene/shapes.h"

#include <algorithm>

namespace dojo::scene {
namespace {

Face rectangle(Vec3 origin, Vec3 u, float width, Vec3 v, float height, Material material,
               Vec3 colour, uint32_t seed) {
  Face face;
  face.origin = origin;
  face.axis_u = u;
  face.axis_v = v;
  face.corners = {{{0, 0}, {width, 0}, {width, height}, {0, height}}};
  face.material = material;
  face.colour = face.colour2 = colour;
  face.seed = seed;
  return face;
}

// A face through points in space, counter-clockwise seen from outside. REQUIRES: the points lie in
// one plane.
Face polygon(const Vec3* points, int n, Material material, Vec3 colour, uint32_t seed) {
  Face face;
  face.origin = points[0];
  face.axis_u = normalized(points[1] - points[0]);
  const Vec3 normal = normalized(cross(face.axis_u, points[n - 1] - points[0]));
  face.axis_v = cross(normal, face.axis_u);
  face.num_corners = static_cast<uint8_t>(n);
  for (int i = 0; i < n; ++i) {
    const Vec3 p = points[i] - face.origin;
    face.corners[static_cast<size_t>(i)] = {dot(p, face.axis_u), dot(p, face.axis_v)};
  }
  face.material = material;
  face.colour = face.colour2 = colour;
  face.seed = seed;
  return face;
}

// Adds the sides and the top of a block whose upper rectangle may be smaller: ahead in [back,
// front], left in [-half, half].
void add_block(Object& object, const Place& place, float back, float front, float half,
               float bottom, float top, float back_top, float front_top, float half_top,
               Material side, Material lid, Vec3 colour, uint32_t seed) {
  const Vec3 low[4] = {place.point(back, half, bottom), place.point(back, -half, bottom),
                       place.point(front, -half, bottom), place.point(front, half, bottom)};
  const Vec3 high[4] = {place.point(back_top, half_top, top), place.point(back_top, -half_top, top),
                        place.point(front_top, -half_top, top),
                        place.point(front_top, half_top, top)};
  const int first = static_cast<int>(object.faces.size());
  for (int i = 0; i < 4; ++i) {  // 0 back, 1 right, 2 front, 3 left
    const int j = (i + 1) % 4;
    const Vec3 points[4] = {low[i], low[j], high[j], high[i]};
    Face face = polygon(points, 4, side, colour, seed + static_cast<uint32_t>(i));
    face.neighbour = {-1, static_cast<int8_t>(first + j), static_cast<int8_t>(first + 4),
                      static_cast<int8_t>(first + (i + 3) % 4)};
    object.faces.push_back(face);
  }
  const Vec3 points[4] = {high[0], high[1], high[2], high[3]};
  Face face = polygon(points, 4, lid, colour, seed + 4);
  for (int i = 0; i < 4; ++i)
    face.neighbour[static_cast<size_t>(i)] = static_cast<int8_t>(first + i);
  object.faces.push_back(face);
}

void add_quad(Object& object, Vec3 a, Vec3 b, Vec3 c, Vec3 d, Material material, Vec3 colour,
              uint32_t seed) {
  const Vec3 points[4] = {a, b, c, d};
  object.faces.push_back(polygon(points, 4, material, colour, seed));
}

void bound(Object& object, Vec3 centre) {
  object.centre = centre;
  for (const Face& face : object.faces) {
    for (int i = 0; i < face.num_corners; ++i) {
      const auto& c = face.corners[static_cast<size_t>(i)];
      object.radius = std::max(
          object.radius, length(face.origin + face.axis_u * c[0] + face.axis_v * c[1] - centre));
    }
  }
}

}  // namespace

Object make_house(const Place& place, const HouseOptions& o) {
  Object house;
  const float l = o.length / 2, w = o.depth / 2;
  if (!o.pitched_roof) {
    add_block(house, place, -l, l, w, 0, o.height, -l, l, w, Material::kFacade, Material::kRoof,
              o.wall, o.seed);
  } else {
    add_block(house, place, -l, l, w, 0, o.height, -l, l, w, Material::kFacade, Material::kRoof,
              o.wall, o.seed);
    house.faces.pop_back();
    for (Face& face : house.faces) face.neighbour[2] = -1;
    const float ridge = o.height + 0.45f * o.depth, out = 0.4f,
                drop = o.height - 0.36f;  // eaves stand out
    add_quad(house, place.point(-l - out, -w - out, drop), place.point(l + out, -w - out, drop),
             place.point(l + out, 0, ridge), place.point(-l - out, 0, ridge), Material::kRoof,
             o.roof, o.seed + 5);
    add_quad(house, place.point(l + out, w + out, drop), place.point(-l - out, w + out, drop),
             place.point(-l - out, 0, ridge), place.point(l + out, 0, ridge), Material::kRoof,
             o.roof, o.seed + 6);
    const Vec3 back[3] = {place.point(-l, w, o.height), place.point(-l, -w, o.height),
                          place.point(-l, 0, ridge)};
    const Vec3 front[3] = {place.point(l, -w, o.height), place.point(l, w, o.height),
                           place.point(l, 0, ridge)};
    house.faces.push_back(polygon(back, 3, Material::kPlaster, o.wall, o.seed + 7));
    house.faces.push_back(polygon(front, 3, Material::kPlaster, o.wall, o.seed + 8));
    for (size_t i : {4u, 5u}) house.faces[i].two_sided = true;
  }
  for (Face& face : house.faces) face.colour2 = o.roof;
  bound(house, place.point(0, 0, o.height / 2));
  return house;
}

Object make_tree(const Place& place, float height, float width, Vec3 leaves, uint32_t seed) {
  Object tree;
  const float trunk = 0.12f + 0.012f * height, base = 0.22f * height;
  add_block(tree, place, -trunk, trunk, trunk, 0, base + 0.2f * height, -trunk, trunk, trunk,
            Material::kBark, Material::kBark, {0.10f, 0.075f, 0.05f}, seed);
  tree.faces.pop_back();
  for (Face& face : tree.faces) face.neighbour[2] = -1;
  for (int i = 0; i < 3;
       ++i) {  // the crown: three planes through the axis, cut out by the leaves' pattern
    const float angle = 0.35f + 1.0472f * static_cast<float>(i), c = std::cos(angle),
                s = std::sin(angle);
    const Vec3 across = place.point(c, s, 0) - place.point(0, 0, 0);
    Face face =
        rectangle(place.point(0, 0, base) - across * (width / 2), across, width, {0, 0, 1},
                  height - base, Material::kLeaves, leaves, seed + static_cast<uint32_t>(i));
    face.two_sided = true;
    tree.faces.push_back(face);
  }
  bound(tree, place.point(0, 0, height / 2));
  return tree;
}

Object make_pole(const Place& place, float height, bool lamp, Vec3 colour, float glow) {
  Object pole;
  add_block(pole, place, -0.09f, 0.09f, 0.09f, 0, height, -0.06f, 0.06f, 0.06f, Material::kBark,
            Material::kPaint, colour, 1);
  if (lamp) {
    add_block(pole, place, -0.06f, 0.06f, 0.06f, height - 0.1f, height, -0.06f, 0.06f, 0.06f,
              Material::kPaint, Material::kPaint, colour, 2);
    // the arm reaches over the road: `left` of the place
    add_quad(pole, place.point(-0.06f, 1.9f, height - 0.15f),
             place.point(-0.06f, 0, height - 0.15f), place.point(-0.06f, 0, height),
             place.point(-0.06f, 1.9f, height), Material::kPaint, colour, 3);
    add_quad(pole, place.point(-0.07f, 2.5f, height - 0.2f),
             place.point(-0.07f, 1.7f, height - 0.2f), place.point(-0.07f, 1.7f, height + 0.05f),
             place.point(-0.07f, 2.5f, height + 0.05f), Material::kPaint, {0.6f, 0.6f, 0.58f}, 4);
    for (size_t i = pole.faces.size() - 2; i < pole.faces.size(); ++i)
      pole.faces[i].two_sided = true;
    pole.faces.back().glow = glow;
  }
  bound(pole, place.point(0, 0, height / 2));
  return pole;
}

Object make_sign(const Place& place, float height, Vec3 colour, uint32_t seed) {
  Object sign = make_pole(place, height, false, {0.35f, 0.35f, 0.35f});
  sign.radius = 0;
  const float half = 0.4f;
  add_quad(sign, place.point(-0.12f, half, height - 0.8f),
           place.point(-0.12f, -half, height - 0.8f), place.point(-0.12f, -half, height),
           place.point(-0.12f, half, height), Material::kSign, colour, seed);
  sign.faces.back().two_sided = true;
  bound(sign, place.point(0, 0, height / 2));
  return sign;
}

Object make_screen(const Place& begin, const Place& end, float bottom, float top, Material material,
                   Vec3 colour, uint32_t seed) {
  Object screen;
  add_quad(screen, begin.point(0, 0, bottom), end.point(0, 0, bottom), end.point(0, 0, top),
           begin.point(0, 0, top), material, colour, seed);
  screen.faces.back().two_sided = true;
  bound(screen,
        mix(begin.point(0, 0, (bottom + top) / 2), end.point(0, 0, (bottom + top) / 2), 0.5f));
  return screen;
}

Object make_car(const Place& place, CarKind kind, Vec3 colour, uint32_t seed, CarLamps lamps) {
  Object car;
  const Vec3 glass{0.03f, 0.035f, 0.04f}, black{0.015f, 0.015f, 0.016f};
  float length = 4.4f, half = 0.9f, height = 1.45f, deck = 0.95f;
  if (kind == CarKind::kVan) length = 5.2f, half = 1.0f, height = 2.2f, deck = 1.15f;
  if (kind == CarKind::kTruck) length = 8.5f, half = 1.2f, height = 3.4f, deck = 1.1f;
  const float l = length / 2;
  add_block(car, place, -l + 0.15f, l - 0.15f, half - 0.06f, 0.16f, 0.4f, -l + 0.15f, l - 0.15f,
            half - 0.06f, Material::kBark, Material::kBark, black, seed + 30);
  if (kind == CarKind::kTruck) {
    add_block(car, place, -l, l - 2.2f, half, 0.7f, height, -l, l - 2.2f, half, Material::kPlaster,
              Material::kPaint, {0.55f, 0.55f, 0.53f}, seed);
    add_block(car, place, l - 2.0f, l, half, 0.5f, 2.8f, l - 2.0f, l - 0.3f, half, Material::kPaint,
              Material::kPaint, colour, seed + 8);
    add_quad(car, place.point(l - 0.15f, -half + 0.1f, 1.7f),
             place.point(l - 0.15f, half - 0.1f, 1.7f), place.point(l - 0.28f, half - 0.1f, 2.6f),
             place.point(l - 0.28f, -half + 0.1f, 2.6f), Material::kGlass, glass, seed + 16);
  } else {
    const float hood = kind == CarKind::kVan ? 0.9f : 1.25f,
                tail = kind == CarKind::kVan ? 0.05f : 0.55f;
    add_block(car, place, -l, l, half, 0.28f, deck, -l + 0.06f, l - 0.12f, half - 0.03f,
              Material::kPaint, Material::kPaint, colour, seed);
    // the cabin: glass all around, a painted roof
    add_block(car, place, -l + tail, l - hood, half - 0.06f, deck, height,
              -l + tail + (kind == CarKind::kVan ? 0.12f : 0.5f), l - hood - 0.75f, half - 0.2f,
              kind == CarKind::kVan ? Material::kPaint : Material::kGlass, Material::kPaint,
              kind == CarKind::kVan ? colour : glass, seed + 8);
    car.faces.back().colour = car.faces.back().colour2 = colour;
    if (kind == CarKind::kVan) {  // the rear window
      add_quad(car, place.point(-l + 0.06f, half - 0.25f, 1.35f),
               place.point(-l + 0.06f, -half + 0.25f, 1.35f),
               place.point(-l + 0.14f, -half + 0.3f, 1.95f),
               place.point(-l + 0.14f, half - 0.3f, 1.95f), Material::kGlass, glass, seed + 16);
      add_quad(car, place.point(l - hood + 0.0f, -half + 0.15f, deck + 0.1f),
               place.point(l - hood + 0.0f, half - 0.15f, deck + 0.1f),
               place.point(l - hood - 0.65f, half - 0.25f, height - 0.12f),
               place.point(l - hood - 0.65f, -half + 0.25f, height - 0.12f), Material::kGlass,
               glass, seed + 17);
    }
  }
  const float low = kind == CarKind::kTruck ? 0.85f : 0.68f, h = half;
  const Vec3 red{0.5f, 0.02f, 0.015f}, white{0.9f, 0.9f, 0.8f}, plate{0.6f, 0.6f, 0.55f};
  const float rear = -l - 0.015f, nose = l + 0.015f;
  for (float side : {-1.0f, 1.0f}) {  // lamps, then wheels
    const float a = side * (h - 0.12f), b = side * (h - 0.48f), left = std::max(a, b),
                right = std::min(a, b);
    add_quad(car, place.point(rear, left, low), place.point(rear, right, low),
             place.point(rear, right, low + 0.16f), place.point(rear, left, low + 0.16f),
             Material::kSign, red, 0);
    car.faces.back().glow = lamps.tail;
    add_quad(car, place.point(nose, right, low - 0.06f), place.point(nose, left, low - 0.06f),
             place.point(nose, left, low + 0.1f), place.point(nose, right, low + 0.1f),
             Material::kSign, white, 0);
    car.faces.back().glow = lamps.head;
    for (float axle : {-l + 0.85f, l - 0.85f}) {
      const float y = side * (h + 0.01f);
      const Vec3 p0 = place.point(axle - side * -0.32f, y, 0.0f),
                 p1 = place.point(axle - side * 0.32f, y, 0.0f);
      const Vec3 up{0, 0, 0.62f};
      const float inner = side * (h - 0.2f);  // the tread, seen from behind or before
      add_quad(car, place.point(axle - 0.3f, std::max(inner, y), 0),
               place.point(axle - 0.3f, std::min(inner, y), 0),
               place.point(axle - 0.3f, std::min(inner, y), 0.5f),
               place.point(axle - 0.3f, std::max(inner, y), 0.5f), Material::kBark, black, 0);
      car.faces.back().two_sided = true;
      add_quad(car, p0, p1, p1 + up, p0 + up, Material::kTyre, black, 0);
    }
  }
  add_quad(car, place.point(rear, 0.26f, low - 0.18f), place.point(rear, -0.26f, low - 0.18f),
           place.point(rear, -0.26f, low - 0.06f), place.point(rear, 0.26f, low - 0.06f),
           Material::kSign, plate, 0);
  bound(car, place.point(0, 0, height / 2));
  return car;
}

Vec3 draw_paint(Random& random) {
  static constexpr Vec3 kPaints[] = {
      {0.60f, 0.60f, 0.60f}, {0.02f, 0.02f, 0.025f}, {0.15f, 0.16f, 0.17f}, {0.35f, 0.03f, 0.03f},
      {0.03f, 0.07f, 0.25f}, {0.30f, 0.32f, 0.34f},  {0.40f, 0.33f, 0.18f}, {0.03f, 0.14f, 0.12f}};
  return kPaints[random.below(8)];
}

Object make_shadow(const Place& place, float length, float width) {
  Object shadow;
  const Vec3 u{place.ahead_x, place.ahead_y, 0}, v{-place.ahead_y, place.ahead_x, 0};
  shadow.faces.push_back(rectangle(place.point(-length / 2, -width / 2, 0), u, length, v, width,
                                   Material::kShadow, {length, width, 0}, 0));
  bound(shadow, place.point(0, 0, 0));
  return shadow;
}

}  // namespace dojo::scene
