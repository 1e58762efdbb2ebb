// The little of three-dimensional geometry that logs of poses need.
#pragma once

#include <array>
#include <cmath>

namespace dojo {

using Vec3 = std::array<double, 3>;
using Mat3 = std::array<Vec3, 3>;  // rows

inline double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline double length(const Vec3& a) { return std::sqrt(dot(a, a)); }

// The rotation of a unit quaternion (w, x, y, z), Hamilton's convention.
inline Mat3 rotation_of(double w, double x, double y, double z) {
  return {{{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
           {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
           {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}}};
}

// The rotation vector (axis times angle in radians) that turns orientation `from` into `to`, both
// from a body's axes to the world's; in the world's axes. For less than half a turn.
inline Vec3 turn_between(const Mat3& from, const Mat3& to) {
  Mat3 r{};  // to * transpose(from)
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) r[i][j] = dot(to[i], from[j]);
  const Vec3 twice_sine = {r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]};
  const double sine = length(twice_sine) / 2, cosine = (r[0][0] + r[1][1] + r[2][2] - 1) / 2;
  const double scale = sine > 1e-12 ? std::atan2(sine, cosine) / (2 * sine) : 0.5;
  return {twice_sine[0] * scale, twice_sine[1] * scale, twice_sine[2] * scale};
}

}  // namespace dojo
