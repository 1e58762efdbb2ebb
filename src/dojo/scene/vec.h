// Points and directions of the scene: metres, x and y on the ground, z up.
#pragma once

#include <cmath>

namespace dojo::scene {

struct Vec3 {
  float x = 0, y = 0, z = 0;
};

inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(Vec3 a, float k) { return {a.x * k, a.y * k, a.z * k}; }
inline Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float length(Vec3 a) { return std::sqrt(dot(a, a)); }
inline Vec3 normalized(Vec3 a) { return a * (1.0f / length(a)); }
inline Vec3 mix(Vec3 a, Vec3 b, float t) { return a + (b - a) * t; }  // also for colours
inline float clamp01(float v) { return v < 0 ? 0 : v > 1 ? 1 : v; }
inline float smoothstep(float begin, float end, float v) {
  const float t = clamp01((v - begin) / (end - begin));
  return t * t * (3 - 2 * t);
}

}  // namespace dojo::scene
