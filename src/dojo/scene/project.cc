#include "dojo/scene/project.h"

namespace dojo::scene {
namespace {

// False if the face looks away, or lies outside the image.
bool prepare(const Camera& camera, const Object& object, const Face& face,
             const std::array<bool, 40>& facing, ReadyFace& out) {
  Vec3 normal = cross(face.axis_u, face.axis_v);
  float d = dot(face.origin - camera.position, normal);
  if (d > 0 && !face.two_sided) return false;  // outside is where the normal points: then d < 0
  if (std::abs(d) < 1e-4f) return false;
  const Vec3 to_camera = camera.position - face.origin;
  if (d < 0) d = -d, normal = normal * -1.0f;
  out.face = &face;
  out.d = d;
  out.w = camera.along(normal);
  out.u = out.w * dot(to_camera, face.axis_u) + camera.along(face.axis_u) * d;
  out.v = out.w * dot(to_camera, face.axis_v) + camera.along(face.axis_v) * d;

  const int n = face.num_corners;
  float x_low = 1e9f, x_high = -1e9f, y_low = 1e9f, y_high = -1e9f;
  int behind = 0;
  for (int i = 0; i < n; ++i) {
    const auto& c = face.corners[static_cast<size_t>(i)];
    const Vec3 p = face.origin + face.axis_u * c[0] + face.axis_v * c[1] - camera.position;
    const float z = dot(p, camera.forward);
    if (z < kNear) {
      ++behind;
      continue;
    }
    // step_x and step_y are right / f and down / f
    const float x = camera.width / 2 + dot(p, camera.step_x) * camera.focal * camera.focal / z;
    const float y = camera.height / 2 + dot(p, camera.step_y) * camera.focal * camera.focal / z;
    x_low = std::min(x_low, x), x_high = std::max(x_high, x);
    y_low = std::min(y_low, y), y_high = std::max(y_high, y);
  }
  if (behind == n) return false;
  if (behind == 0) {
    if (x_high < -1 || x_low > camera.width + 1 || y_high < -1 || y_low > camera.height + 1)
      return false;
    out.y_begin = static_cast<int>(std::max(0.0f, y_low - 1));
    out.y_end = static_cast<int>(std::min(camera.height, y_high + 2));
  } else {
    out.y_begin = 0;
    out.y_end = static_cast<int>(camera.height);
  }
  for (int i = 0; i < n; ++i) {
    const auto &a = face.corners[static_cast<size_t>(i)],
               &b = face.corners[static_cast<size_t>((i + 1) % n)];
    const float eu = a[1] - b[1], ev = b[0] - a[0];  // points inside
    Linear e = out.u * eu + out.v * ev + out.w * -(a[0] * eu + a[1] * ev);
    const float slope = std::sqrt(e.dx * e.dx + e.dy * e.dy);
    e = slope > 0 ? e * (1 / slope) : e;
    const int8_t beyond = face.neighbour[static_cast<size_t>(i)];
    const bool goes_on = beyond >= 0 && facing[static_cast<size_t>(beyond) % facing.size()] &&
                         object.faces.size() <= facing.size();
    out.edge[static_cast<size_t>(i)] = e;
    out.soft[static_cast<size_t>(i)] = goes_on ? 0.0f : 0.5f;
  }
  return true;
}

}  // namespace

std::vector<ReadyFace> project_faces(const World& world, const std::vector<Object>& moving,
                                     const Camera& camera, const Light& light) {
  struct Seen {
    const Object* object;
    float distance;
  };
  std::vector<Seen> seen;
  const auto consider = [&](const Object& o) {
    const Vec3 to = o.centre - camera.position;
    const float ahead = dot(to, camera.forward), distance = length(to);
    if (ahead + o.radius < kNear || distance > kFar) return;
    // Faces seen from the side blur past their corners, also into the image from outside. Plain
    // drives keep that, so that their bytes stay what they were.
    if (world.params().journey && !camera.may_see(to, o.radius)) return;
    // shadows lie under everything: first
    const bool flat = o.faces[0].material == Material::kShadow;
    seen.push_back({&o, flat ? 10 * kFar : distance - 0.5f * std::min(o.radius, 8.0f)});
  };
  const std::vector<Object>& things = world.things();
  const auto by_x = [](const Object& o, float x) { return o.centre.x < x; };
  const auto first = std::lower_bound(things.begin(), things.end(), camera.position.x - kFar, by_x);
  const auto last = std::lower_bound(first, things.end(), camera.position.x + kFar, by_x);
  for (auto it = first; it != last; ++it) consider(*it);
  for (const Object& object : moving) consider(object);
  std::stable_sort(seen.begin(), seen.end(),
                   [](const Seen& a, const Seen& b) { return a.distance > b.distance; });

  std::vector<ReadyFace> ready;
  std::vector<std::pair<float, size_t>> order;
  for (const Seen& s : seen) {
    const Object& o = *s.object;
    std::array<bool, 40> facing{};
    order.clear();
    for (size_t i = 0; i < o.faces.size(); ++i) {
      const Face& face = o.faces[i];
      if (i < facing.size())
        facing[i] = dot(camera.position - face.origin, cross(face.axis_u, face.axis_v)) > 0;
      const auto &a = face.corners[0], &b = face.corners[2];
      const Vec3 middle =
          face.origin + face.axis_u * ((a[0] + b[0]) / 2) + face.axis_v * ((a[1] + b[1]) / 2);
      order.push_back({-length(middle - camera.position), i});
    }
    std::sort(order.begin(), order.end());
    for (const auto& [distance, i] : order) {
      ReadyFace f;
      const Face& face = o.faces[i];
      if (!prepare(camera, o, face, facing, f)) continue;
      Vec3 normal = cross(face.axis_u, face.axis_v);
      if (face.two_sided && dot(camera.position - face.origin, normal) < 0) normal = normal * -1.0f;
      const float sun = face.material == Material::kLeaves || face.material == Material::kHedge
                            ? 0.55f
                            : std::max(0.0f, dot(normal, light.sun_direction));
      f.light = light.sun * sun + light.ambient * (0.7f + 0.3f * normal.z);
      f.fade = 1 - smoothstep(kFar - 120, kFar - 10, length(o.centre - camera.position));
      f.fade *= o.opacity;
      if (light.lamps) {
        f.light = f.light + headlight(light, o.centre.x, o.centre.y, o.centre.z);
        f.glow = face.colour * face.glow;
      }
      ready.push_back(f);
    }
  }
  return ready;
}

}  // namespace dojo::scene
