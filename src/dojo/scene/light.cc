#include "dojo/scene/light.h"

#include <algorithm>
#include <cmath>

namespace dojo::scene {

Light make_light(const DriveParams& p, double brightness, const Pose* own) {
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
  l.cloud = 0.55f + 0.45f * l.horizon.x;
  l.lamps = p.journey;

  if (p.rain > 0) {
    const float dim = 1 - 0.45f * static_cast<float>(p.rain);
    l.sun = l.sun * 0.2f;
    l.ambient = l.ambient * dim;
    l.horizon = l.horizon * dim;
    l.zenith = l.zenith * dim;
    l.cloud *= dim;
    l.exposure = 1 + 0.3f * static_cast<float>(p.rain);
  }
  if (p.darkness > 0) {
    const float k = static_cast<float>(p.darkness);
    l.sun = Vec3{0.30f, 0.17f, 0.09f} * (1 - 0.9f * k);
    l.ambient = mix(Vec3{0.55f, 0.58f, 0.70f}, Vec3{0.10f, 0.12f, 0.18f}, k) * b;
    l.horizon = mix(Vec3{0.55f, 0.50f, 0.52f}, Vec3{0.15f, 0.15f, 0.20f}, k) * b;
    l.sunset = mix(Vec3{1.10f, 0.65f, 0.35f}, Vec3{0.65f, 0.30f, 0.13f}, k) * b;
    l.zenith = mix(Vec3{0.20f, 0.27f, 0.50f}, Vec3{0.03f, 0.045f, 0.11f}, k) * b;
    l.cloud = 0.7f * l.horizon.x;
    l.exposure = 1 + 1.3f * k;
    l.darkness = k;
    if (own) {
      l.headlamps = Vec3{2.3f, 2.15f, 1.8f} * k;
      l.car_x = static_cast<float>(own->position[0]);
      l.car_y = static_cast<float>(own->position[1]);
      l.ahead_x = static_cast<float>(std::cos(own->yaw));
      l.ahead_y = static_cast<float>(std::sin(own->yaw));
    }
  }
  return l;
}

Vec3 sky_colour(const Textures& textures, double overcast, const Light& light, Vec3 ray,
                float focal, float time) {
  const Vec3 r = normalized(ray);
  const float up = std::max(0.0f, r.z);
  Vec3 horizon = light.horizon;
  if (light.darkness > 0) {
    const float towards = r.x * light.sun_direction.x + r.y * light.sun_direction.y;
    horizon = mix(horizon, light.sunset, smoothstep(-0.5f, 1, towards) * (1 - 0.5f * up));
  }
  Vec3 colour = mix(horizon, light.zenith, clamp01(1.9f * std::sqrt(up) - 0.15f));
  const float grey = static_cast<float>(overcast);
  if (up > 0.015f) {  // clouds on a plane above
    const float k = 60 / (up + 0.06f), size = k * k / 60 / focal;
    const float density =
        0.6f * textures.soft.sample(r.x * k + 0.6f * time, r.y * k, size) +
        0.4f * textures.soft.sample(r.x * k * 3.1f + 2.2f * time, r.y * k * 3.1f, size * 3.1f);
    const float cover =
        smoothstep(0.35f - 0.9f * grey, 1.5f, density) * smoothstep(0.015f, 0.12f, up);
    colour =
        mix(colour,
            mix(Vec3{1.15f, 1.13f, 1.1f}, Vec3{0.42f, 0.44f, 0.47f}, 0.75f * grey) * light.cloud,
            cover * 0.8f);
  }
  const float glow = dot(r, light.sun_direction);
  if (glow > 0.9f) colour = colour + light.sun * (0.45f * (glow - 0.9f) * 10 * (glow - 0.9f) * 10);
  if (up < 0.11f) {  // far hills
    const float azimuth = std::atan2(r.y, r.x);
    const float ridge = 0.030f + 0.016f * textures.soft.sample(azimuth * 70, 9, 0) +
                        0.006f * textures.soft.sample(azimuth * 400, 40, 0);
    const float shade = 1 + 0.10f * textures.soft.sample(azimuth * 500, r.z * 900, 3);
    const Vec3 hill =
        mix(Vec3{0.05f, 0.075f, 0.05f} * (light.ambient + light.sun * 0.3f), light.horizon, 0.55f) *
        shade;
    colour = mix(colour, hill, clamp01(0.5f + (ridge - r.z) * focal));
  }
  return colour;
}

}  // namespace dojo::scene
