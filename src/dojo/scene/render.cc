#include "dojo/scene/render.h"

#include <algorithm>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/scene/light.h"
#include "dojo/scene/project.h"
#include "dojo/scene/rain.h"
#include "dojo/scene/shapes.h"
#include "dojo/scene/surface.h"

namespace dojo::scene {
namespace {

constexpr int kBands = 16;  // rows r with r % kBands equal are one item of work

}  // namespace

struct Renderer::Impl {
  const World& world;
  RenderOptions options;
  Textures textures;
  std::vector<Vec3> image;     // [H,W] linear light
  std::vector<float> nearest;  // [H,W] metres, see mark()
  std::vector<uint8_t> tone;
  Object own_car, own_shadow;  // in the car's own axes

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
    Random random(w.params().seed, stream_id("own car"));
    const Place middle{1.4f, 0, 1, 0};  // from the rear axle
    own_car = make_car(middle, CarKind::kSedan, draw_paint(random), 7);
    own_shadow = make_shadow(middle, 5.1f, 2.5f);
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
        row[x] = sky_colour(textures, world.params().overcast, light, ray, camera.focal, time);
        depth[x] = std::numeric_limits<float>::infinity();
        continue;
      }
      const float flat = std::sqrt(ray.x * ray.x + ray.y * ray.y), across = t / camera.focal;
      const float along = std::min(60.0f, across * flat * t / camera.position.z);
      const float px = camera.position.x + t * ray.x, py = camera.position.y + t * ray.y;
      const Ground ground =
          ground_at(textures, world, px, py, across, along, ray.x / flat, ray.y / flat);
      row[x] = ground.albedo * lit;
      if (light.lamps) {
        row[x] = row[x] + ground.albedo * (kLampLight * (ground.lamp * light.darkness) +
                                           headlight(light, px, py, 0));
      }
      if (ground.mirror > 0) row[x] = mix(row[x], light.horizon, ground.mirror * gloss(ray));
      row[x] = mix(row[x], light.horizon, haze(light, t));
      depth[x] = t;
    }
  }

  // First pass: how near the nearest wall is that covers the whole pixel. What lies behind it needs
  // no colour.
  void mark(const ReadyFace& f, const Camera& camera, int y) {
    float* wall = &nearest[static_cast<size_t>(y * options.width)];
    for_each_pixel(f, camera, y, [&](int x, float z, float, float cover) {
      if (cover >= 1 && z < wall[x]) wall[x] = z;
    });
  }

  void draw(const ReadyFace& f, const Light& light, const Camera& camera, int y, float* depth) {
    Vec3* row = &image[static_cast<size_t>(y * options.width)];
    const float* wall = &nearest[static_cast<size_t>(y * options.width)];
    const bool shadow = f.face->material == Material::kShadow;
    const float dark = 0.6f + 0.4f * (1 - static_cast<float>(world.params().overcast));
    const float py = static_cast<float>(y) + 0.5f, u = f.u.row(py), v = f.v.row(py);
    for_each_pixel(f, camera, y, [&](int x, float z, float inverse, float cover) {
      if (z > wall[x] * 1.0001f || (!shadow && z > depth[x])) return;
      // The footprint grows where the face is seen from the side; the root of the two sizes is a
      // fair mean.
      const float footprint = std::sqrt(z * z * z / (camera.focal * camera.focal * f.d));
      const float px = static_cast<float>(x) + 0.5f;
      const Surface surface =
          surface_at(textures, *f.face, (u + f.u.dx * px) * inverse, (v + f.v.dx * px) * inverse,
                     std::max(footprint, z / camera.focal));
      if (surface.alpha <= 0) return;
      cover *= surface.alpha * f.fade * (shadow ? dark : 1);
      Vec3 colour = surface.albedo * f.light;
      if (light.lamps) colour = colour + f.glow + kLampLight * (surface.window * light.darkness);
      row[x] = mix(row[x], mix(colour, light.horizon, haze(light, z)), cover);
      if (cover >= 0.5f && !shadow) depth[x] = z;
    });
  }

  // The car that the camera sits on: it moves with the camera, springs and all.
  void add_own_car(const Pose& body, std::vector<Object>& moving) const {
    const Vec3 origin{static_cast<float>(body.position[0]), static_cast<float>(body.position[1]),
                      static_cast<float>(body.position[2])};
    const auto turn = [&](Vec3 v) {
      return body.forward * v.x - body.right * v.y - body.down * v.z;
    };
    moving.push_back(own_shadow);
    moving.push_back(own_car);
    for (size_t i = moving.size() - 2; i < moving.size(); ++i) {
      moving[i].centre = origin + turn(moving[i].centre);
      for (Face& face : moving[i].faces) {
        face.origin = origin + turn(face.origin);
        face.axis_u = turn(face.axis_u);
        face.axis_v = turn(face.axis_v);
      }
    }
  }

  // Exposure, tone curve, vignette, sensor noise.
  void develop(const Vec3* row, int y, float exposure, uint32_t frame_number, uint32_t camera,
               uint8_t* rgb) const {
    const float noise =
        options.sensor_noise ? 4.5f * static_cast<float>(world.params().noise) : 0.0f;
    const float half = static_cast<float>(options.width) / 2,
                dy = (static_cast<float>(y) + 0.5f - static_cast<float>(options.height) / 2) / half;
    const uint32_t seed = static_cast<uint32_t>(world.params().seed) ^ frame_number * 0x9E3779B9u ^
                          camera * 0xC2B2AE35u;
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

double Renderer::focal_pixels() const {
  const Impl& m = *impl_;
  return static_cast<double>(static_cast<float>(static_cast<double>(m.options.width) / 2 /
                                                std::tan(m.world.params().field_of_view / 2)));
}

Frame Renderer::render(int64_t frame_number, double time_seconds) {
  const Truth truth = impl_->world.truth(time_seconds);
  Frame frame =
      render(frame_number, time_seconds, {.pose = truth.pose, .focal_pixels = focal_pixels()});
  frame.truth = truth;
  return frame;
}

Frame Renderer::render(int64_t frame_number, double time_seconds, const View& view) {
  Impl& m = *impl_;
  Frame frame;
  frame.height = m.options.height;
  frame.width = m.options.width;
  frame.rgb.resize(static_cast<size_t>(frame.height * frame.width * 3));
  frame.depth.resize(static_cast<size_t>(frame.height * frame.width));

  const Pose& pose = view.pose;
  Camera camera;
  camera.position = {static_cast<float>(pose.position[0]), static_cast<float>(pose.position[1]),
                     static_cast<float>(pose.position[2])};
  camera.focal = static_cast<float>(view.focal_pixels);
  camera.width = static_cast<float>(frame.width);
  camera.height = static_cast<float>(frame.height);
  camera.forward = pose.forward;
  camera.step_x = pose.right * (1 / camera.focal);
  camera.step_y = pose.down * (1 / camera.focal);
  camera.origin =
      pose.forward - camera.step_x * (camera.width / 2) - camera.step_y * (camera.height / 2);

  const Light light = make_light(m.world.params(), m.world.light(time_seconds), view.own);
  std::vector<Object> moving = m.world.cars(time_seconds);
  if (view.own && view.sees_own_car) m.add_own_car(*view.own, moving);
  const std::vector<ReadyFace> faces = project_faces(m.world, moving, camera, light);
  const float exposure =
      static_cast<float>(m.world.exposure(time_seconds)) * 0.62f * light.exposure;
  const Rain rain(m.world.params(), view.camera, frame_number, time_seconds,
                  static_cast<int>(frame.height), static_cast<int>(frame.width));
  const auto develop = [&](const Vec3* row, int y) {
    m.develop(row, y, exposure, static_cast<uint32_t>(frame_number), view.camera,
              &frame.rgb[static_cast<size_t>(3 * y * frame.width)]);
  };
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
      if (!rain.none()) continue;
      for (int y = band; y < frame.height; y += kBands)
        develop(&m.image[static_cast<size_t>(y * frame.width)], y);
    }
  });
  if (rain.none()) return frame;
  parallel_for(frame.height, 8, [&](int64_t begin, int64_t end) {  // drops show other rows
    std::vector<Vec3> row(static_cast<size_t>(frame.width));
    for (int y = static_cast<int>(begin); y < end; ++y) {
      const auto source = m.image.begin() + y * frame.width;
      std::copy(source, source + frame.width, row.begin());
      rain.apply(light, m.image, y, row.data());
      develop(row.data(), y);
    }
  });
  return frame;
}

}  // namespace dojo::scene
