#include "dojo/scene/render.h"

#include <algorithm>
#include <limits>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/scene/surface.h"

namespace dojo::scene {
namespace {

constexpr float kNear = 0.35f,
                kFar =
                    520.0f;  // metres: nearer is not drawn, things farther than kFar are not there
constexpr int kBands = 16;   // rows r with r % kBands equal are one item of work

// A function that is linear over the image: at + dx * x + dy * y, x and y of the pixel's centre.
struct Linear {
  float at = 0, dx = 0, dy = 0;
  float row(float y) const { return at + dy * y; }
};
Linear operator+(Linear a, Linear b) { return {a.at + b.at, a.dx + b.dx, a.dy + b.dy}; }
Linear operator*(Linear a, float k) { return {a.at * k, a.dx * k, a.dy * k}; }

struct ReadyFace {
  const Face* face;
  Linear w, u, v;  // u / w and v / w are the surface coordinates; w > 0 in front of the camera
  float d;         // d / w is the depth
  std::array<Linear, 4> edge;  // the distance from the edge in pixels, inside positive
  std::array<float, 4> soft;   // half the width of the edge's blur; 0 where another face goes on
  int y_begin, y_end;
  Vec3 light;
  float fade;  // 1 opaque, less near the end of sight
};

struct Light {
  Vec3 sun_direction, sun, ambient, horizon, zenith;
  float haze_per_metre;
};

Light make_light(const DriveParams& p, double brightness) {
  const float e = static_cast<float>(p.sun_elevation), a = static_cast<float>(p.sun_azimuth),
              grey = static_cast<float>(p.overcast);
  const float low = 1 - smoothstep(0.1f, 0.7f, e), b = static_cast<float>(brightness);
  Light l;
  l.sun_direction = {std::cos(e) * std::cos(a), std::cos(e) * std::sin(a), std::sin(e)};
  l.sun = mix(Vec3{2.9f, 2.75f, 2.5f}, Vec3{2.6f, 1.75f, 1.0f}, low) * ((1 - 0.92f * grey) * b);
  l.ambient =
      mix(Vec3{0.75f, 0.88f, 1.1f}, Vec3{1.15f, 1.15f, 1.15f}, grey) * (b * (1 - 0.35f * low));
  l.zenith = mix(mix(Vec3{0.16f, 0.34f, 0.80f}, Vec3{0.18f, 0.26f, 0.55f}, low),
                 Vec3{0.62f, 0.66f, 0.70f}, grey) *
             b;
  l.horizon = mix(mix(Vec3{0.75f, 0.88f, 1.0f}, Vec3{1.05f, 0.80f, 0.55f}, low),
                  Vec3{0.85f, 0.87f, 0.88f}, grey) *
              b;
  l.haze_per_metre = static_cast<float>(1 / p.visibility_m);
  return l;
}

float haze(const Light& light, float depth) {  // about 1 - exp(-x), without the exponential
  const float x = depth * light.haze_per_metre;
  return 1 - 1 / (1 + x + 0.5f * x * x);
}

struct Camera {
  Vec3 position, origin, step_x, step_y,
      forward;  // the ray of pixel (x, y): origin + step_x * x + step_y * y
  float focal, width, height;
  Vec3 ray(float x, float y) const { return origin + step_x * x + step_y * y; }
  Linear along(Vec3 direction) const {
    return {dot(origin, direction), dot(step_x, direction), dot(step_y, direction)};
  }
};

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
    const int beyond = face.neighbour[static_cast<size_t>(i)];
    const bool goes_on = beyond >= 0 && facing[static_cast<size_t>(beyond) % facing.size()] &&
                         object.faces.size() <= facing.size();
    out.edge[static_cast<size_t>(i)] = e;
    out.soft[static_cast<size_t>(i)] = goes_on ? 0.0f : 0.5f;
  }
  return true;
}

}  // namespace

struct Renderer::Impl {
  const World& world;
  RenderOptions options;
  Textures textures;
  std::vector<Vec3> image;     // [H,W] linear light
  std::vector<float> nearest;  // [H,W] metres, see mark()
  std::vector<uint8_t> tone;

  Impl(const World& w, const RenderOptions& o)
      : world(w),
        options(o),
        textures(w.params().seed),
        image(static_cast<size_t>(o.height * o.width)),
        nearest(image.size()),
        tone(4096) {
    for (size_t i = 0; i < tone.size(); ++i) {  // light in [0, 4) to sRGB with a soft shoulder
      const float light = 4 * static_cast<float>(i) / static_cast<float>(tone.size());
      const float film = 1 - std::exp(-1.35f * light);
      const float srgb =
          film <= 0.0031308f ? 12.92f * film : 1.055f * std::pow(film, 1 / 2.4f) - 0.055f;
      tone[i] = static_cast<uint8_t>(std::lround(255 * clamp01(srgb)));
    }
  }

  float focal() const {
    return static_cast<float>(static_cast<double>(options.width) / 2 /
                              std::tan(world.params().field_of_view / 2));
  }

  Vec3 sky(const Light& light, const Camera& camera, Vec3 ray, float time) const {
    const Vec3 r = normalized(ray);
    const float up = std::max(0.0f, r.z);
    Vec3 colour = mix(light.horizon, light.zenith, clamp01(1.9f * std::sqrt(up) - 0.15f));
    const float grey = static_cast<float>(world.params().overcast);
    if (up > 0.015f) {  // clouds on a plane above
      const float k = 60 / (up + 0.06f), size = k * k / 60 / camera.focal;
      const float density =
          0.6f * textures.soft.sample(r.x * k + 0.6f * time, r.y * k, size) +
          0.4f * textures.soft.sample(r.x * k * 3.1f + 2.2f * time, r.y * k * 3.1f, size * 3.1f);
      const float cover =
          smoothstep(0.35f - 0.9f * grey, 1.5f, density) * smoothstep(0.015f, 0.12f, up);
      colour = mix(colour,
                   mix(Vec3{1.15f, 1.13f, 1.1f}, Vec3{0.42f, 0.44f, 0.47f}, 0.75f * grey) *
                       (0.55f + 0.45f * light.horizon.x),
                   cover * 0.8f);
    }
    const float glow = dot(r, light.sun_direction);
    if (glow > 0.9f)
      colour = colour + light.sun * (0.45f * (glow - 0.9f) * 10 * (glow - 0.9f) * 10);
    if (up < 0.11f) {  // far hills
      const float azimuth = std::atan2(r.y, r.x);
      const float ridge = 0.030f + 0.016f * textures.soft.sample(azimuth * 70, 9, 0) +
                          0.006f * textures.soft.sample(azimuth * 400, 40, 0);
      const float shade = 1 + 0.10f * textures.soft.sample(azimuth * 500, r.z * 900, 3);
      const Vec3 hill = mix(Vec3{0.05f, 0.075f, 0.05f} * (light.ambient + light.sun * 0.3f),
                            light.horizon, 0.55f) *
                        shade;
      colour = mix(colour, hill, clamp01(0.5f + (ridge - r.z) * camera.focal));
    }
    return colour;
  }

  // Sky and ground of one row.
  void background(const Light& light, const Camera& camera, int y, float time, float* depth) {
    Vec3* row = &image[static_cast<size_t>(y * options.width)];
    const float* wall = &nearest[static_cast<size_t>(y * options.width)];
    const Vec3 lit = light.ambient + light.sun * std::max(0.0f, light.sun_direction.z);
    for (int x = 0; x < options.width; ++x) {
      const Vec3 ray = camera.ray(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f);
      const float t = ray.z < -1e-5f ? -camera.position.z / ray.z : 1e9f;
      if (wall[x] < kFar) {  // hidden
        row[x] = light.horizon;
        depth[x] = t > 4000 ? std::numeric_limits<float>::infinity() : t;
        continue;
      }
      if (t > 4000) {
        row[x] = sky(light, camera, ray, time);
        depth[x] = std::numeric_limits<float>::infinity();
        continue;
      }
      const float flat = std::sqrt(ray.x * ray.x + ray.y * ray.y), across = t / camera.focal;
      const float along = std::min(60.0f, across * flat * t / camera.position.z);
      const Vec3 albedo =
          ground_colour(textures, world, camera.position.x + t * ray.x,
                        camera.position.y + t * ray.y, across, along, ray.x / flat, ray.y / flat);
      row[x] = mix(albedo * lit, light.horizon, haze(light, t));
      depth[x] = t;
    }
  }

  // Calls use(x, depth, 1 / w, cover) for the pixels of row y that the face touches; cover in (0,
  // 1] counts the edges only.
  template <typename Use>
  void each_pixel(const ReadyFace& f, const Camera& camera, int y, const Use& use) const {
    const float py = static_cast<float>(y) + 0.5f;
    float begin = 0, end = camera.width;            // in pixel centres minus one half
    const auto keep = [&](float at, float slope) {  // at + slope * (x + 0.5) >= 0
      if (slope > 0)
        begin = std::max(begin, -at / slope - 0.5f);
      else if (slope < 0)
        end = std::min(end, -at / slope + 0.5f);
      else if (at < 0)
        end = -1;
    };
    const size_t n = f.face->num_corners;
    std::array<float, 4> edge;
    for (size_t i = 0; i < n; ++i) {
      edge[i] = f.edge[i].row(py);
      keep(edge[i] + f.soft[i] + 0.01f, f.edge[i].dx);
    }
    const float w_row = f.w.row(py);
    keep(w_row, f.w.dx);
    if (begin >= end) return;
    const int last = std::min(static_cast<int>(std::ceil(end)), static_cast<int>(options.width));
    for (int x = static_cast<int>(std::ceil(begin)); x < last; ++x) {
      const float px = static_cast<float>(x) + 0.5f, w = w_row + f.w.dx * px;
      if (w <= 0) continue;
      const float inverse = 1 / w, z = f.d * inverse;
      if (z < kNear) continue;
      float cover = 1;
      for (size_t i = 0; i < n; ++i) {
        const float inside = edge[i] + f.edge[i].dx * px;
        cover *= f.soft[i] > 0 ? clamp01(0.5f + inside) : (inside >= -0.01f ? 1.0f : 0.0f);
      }
      if (cover > 0.004f) use(x, z, inverse, cover);
    }
  }

  // First pass: how near the nearest wall is that covers the whole pixel. What lies behind it needs
  // no colour.
  void mark(const ReadyFace& f, const Camera& camera, int y) {
    float* wall = &nearest[static_cast<size_t>(y * options.width)];
    each_pixel(f, camera, y, [&](int x, float z, float, float cover) {
      if (cover >= 1 && z < wall[x]) wall[x] = z;
    });
  }

  void draw(const ReadyFace& f, const Light& light, const Camera& camera, int y, float* depth) {
    Vec3* row = &image[static_cast<size_t>(y * options.width)];
    const float* wall = &nearest[static_cast<size_t>(y * options.width)];
    const bool shadow = f.face->material == Material::kShadow;
    const float dark = 0.6f + 0.4f * (1 - static_cast<float>(world.params().overcast));
    const float py = static_cast<float>(y) + 0.5f, u = f.u.row(py), v = f.v.row(py);
    each_pixel(f, camera, y, [&](int x, float z, float inverse, float cover) {
      if (z > wall[x] * 1.0001f || (!shadow && z > depth[x])) return;
      // The footprint grows where the face is seen from the side; the root of the two sizes is a
      // fair mean.
      const float footprint = std::sqrt(z * z * z / (camera.focal * camera.focal * f.d));
      const float px = static_cast<float>(x) + 0.5f;
      float alpha;
      const Vec3 albedo =
          surface_colour(textures, *f.face, (u + f.u.dx * px) * inverse,
                         (v + f.v.dx * px) * inverse, std::max(footprint, z / camera.focal), alpha);
      if (alpha <= 0) return;
      cover *= alpha * f.fade * (shadow ? dark : 1);
      row[x] = mix(row[x], mix(albedo * f.light, light.horizon, haze(light, z)), cover);
      if (cover >= 0.5f && !shadow) depth[x] = z;
    });
  }

  std::vector<ReadyFace> prepare_all(const Camera& camera, const Light& light,
                                     const std::vector<Object>& cars) const {
    struct Seen {
      const Object* object;
      float distance;
    };
    std::vector<Seen> seen;
    const auto consider = [&](const Object& o) {
      const Vec3 to = o.centre - camera.position;
      const float ahead = dot(to, camera.forward), distance = length(to);
      if (ahead + o.radius < kNear || distance > kFar) return;
      // shadows lie under everything: first
      const bool flat = o.faces[0].material == Material::kShadow;
      seen.push_back({&o, flat ? 10 * kFar : distance - 0.5f * std::min(o.radius, 8.0f)});
    };
    const std::vector<Object>& things = world.things();
    const auto by_x = [](const Object& o, float x) { return o.centre.x < x; };
    const auto first =
        std::lower_bound(things.begin(), things.end(), camera.position.x - kFar, by_x);
    const auto last = std::lower_bound(first, things.end(), camera.position.x + kFar, by_x);
    for (auto it = first; it != last; ++it) consider(*it);
    for (const Object& car : cars) consider(car);
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
        if (face.two_sided && dot(camera.position - face.origin, normal) < 0)
          normal = normal * -1.0f;
        const float sun = face.material == Material::kLeaves || face.material == Material::kHedge
                              ? 0.55f
                              : std::max(0.0f, dot(normal, light.sun_direction));
        f.light = light.sun * sun + light.ambient * (0.7f + 0.3f * normal.z);
        f.fade = 1 - smoothstep(kFar - 120, kFar - 10, length(o.centre - camera.position));
        ready.push_back(f);
      }
    }
    return ready;
  }

  // Exposure, tone curve, vignette, sensor noise.
  void develop(int y, float exposure, uint32_t frame_number, uint8_t* rgb) const {
    const Vec3* row = &image[static_cast<size_t>(y * options.width)];
    const float noise =
        options.sensor_noise ? 4.5f * static_cast<float>(world.params().noise) : 0.0f;
    const float half = static_cast<float>(options.width) / 2,
                dy = (static_cast<float>(y) + 0.5f - static_cast<float>(options.height) / 2) / half;
    const uint32_t seed = static_cast<uint32_t>(world.params().seed) ^ frame_number * 0x9E3779B9u;
    for (int x = 0; x < options.width; ++x) {
      const float dx = (static_cast<float>(x) + 0.5f - half) / half;
      const float gain =
          exposure * (1 - 0.16f * (dx * dx + dy * dy)) * static_cast<float>(tone.size()) / 4;
      const float channel[3] = {row[x].x, row[x].y, row[x].z};
      uint32_t h = seed ^ static_cast<uint32_t>(y * options.width + x) * 0x85EBCA6Bu;
      h = (h ^ h >> 16) * 0x7FEB352Du;
      h = (h ^ h >> 15) * 0x846CA68Bu;
      h ^= h >> 16;
      for (int c = 0; c < 3; ++c) {
        const int index =
            std::clamp(static_cast<int>(channel[c] * gain), 0, static_cast<int>(tone.size()) - 1);
        // 10 bits of the hash for each channel, as the sum of two even numbers: a triangle,
        // deviation 0.2 before scaling
        const float shake =
            static_cast<float>((h >> (10 * c) & 31) + (h >> (10 * c + 5) & 31)) / 62.0f - 0.5f;
        rgb[3 * x + c] = static_cast<uint8_t>(
            std::clamp(static_cast<int>(static_cast<float>(tone[static_cast<size_t>(index)]) +
                                        noise * 2 * shake + 0.5f),
                       0, 255));
      }
    }
  }
};

Renderer::Renderer(const World& world, const RenderOptions& options) {
  if (options.height < 16 || options.width < 16 || options.height > 4096 || options.width > 4096) {
    throw Error(Category::kConfig,
                "a picture of " + std::to_string(options.height) + "x" +
                    std::to_string(options.width) + " pixels",
                "--size", "give a height and a width from 16 to 4096");
  }
  impl_ = std::make_unique<Impl>(world, options);
}

Renderer::~Renderer() = default;

double Renderer::focal_pixels() const { return static_cast<double>(impl_->focal()); }

Frame Renderer::render(int64_t frame_number, double time_seconds) {
  Impl& m = *impl_;
  Frame frame;
  frame.height = m.options.height;
  frame.width = m.options.width;
  frame.rgb.resize(static_cast<size_t>(frame.height * frame.width * 3));
  frame.depth.resize(static_cast<size_t>(frame.height * frame.width));
  frame.truth = m.world.truth(time_seconds);

  const Pose& pose = frame.truth.pose;
  Camera camera;
  camera.position = {static_cast<float>(pose.position[0]), static_cast<float>(pose.position[1]),
                     static_cast<float>(pose.position[2])};
  camera.focal = m.focal();
  camera.width = static_cast<float>(frame.width);
  camera.height = static_cast<float>(frame.height);
  camera.forward = pose.forward;
  camera.step_x = pose.right * (1 / camera.focal);
  camera.step_y = pose.down * (1 / camera.focal);
  camera.origin =
      pose.forward - camera.step_x * (camera.width / 2) - camera.step_y * (camera.height / 2);

  const Light light = make_light(m.world.params(), m.world.light(time_seconds));
  const std::vector<Object> cars = m.world.cars(time_seconds);
  const std::vector<ReadyFace> faces = m.prepare_all(camera, light, cars);
  const float exposure = static_cast<float>(m.world.exposure(time_seconds)) * 0.62f;
  std::fill(m.nearest.begin(), m.nearest.end(), std::numeric_limits<float>::infinity());
  parallel_for(kBands, 1, [&](int64_t begin, int64_t end) {
    for (int band = static_cast<int>(begin); band < end; ++band) {
      const auto each_row = [&](const ReadyFace& f, const auto& use) {
        const int first = f.y_begin + (band - f.y_begin % kBands + kBands) % kBands;
        for (int y = first; y < f.y_end; y += kBands) use(y);
      };
      for (const ReadyFace& f : faces) {
        const Material kind = f.face->material;
        const bool holes =
            kind == Material::kLeaves || kind == Material::kTyre || kind == Material::kShadow;
        if (!holes && f.fade >= 1) each_row(f, [&](int y) { m.mark(f, camera, y); });
      }
      for (int y = band; y < frame.height; y += kBands) {
        m.background(light, camera, y, static_cast<float>(time_seconds),
                     &frame.depth[static_cast<size_t>(y * frame.width)]);
      }
      for (const ReadyFace& f : faces) {
        each_row(f, [&](int y) {
          m.draw(f, light, camera, y, &frame.depth[static_cast<size_t>(y * frame.width)]);
        });
      }
      for (int y = band; y < frame.height; y += kBands) {
        m.develop(y, exposure, static_cast<uint32_t>(frame_number),
                  &frame.rgb[static_cast<size_t>(3 * y * frame.width)]);
      }
    }
  });
  return frame;
}

}  // namespace dojo::scene
