// Segments of comma2k19 (github.com/commaai/comma2k19, README): a minute of video, what the car's
// bus said, and the pose that a global optimisation found; positions in metres and orientations
// (quaternions w, x, y, z) in the frame of reference that turns with the earth (ECEF, WGS 84).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>

#include "dojo/base/error.h"
#include "dojo/video/telemetry/npy.h"
#include "dojo/video/telemetry/rotation.h"
#include "dojo/video/telemetry/telemetry_files.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;
constexpr double kDegreesPerRadian = 180 / std::numbers::pi;

// `name`: as the set has it, "global_pose/frame_times". Empty where there is none.
std::string find_log(const std::string& folder, std::string name) {
  std::error_code error;
  if (fs::is_regular_file(fs::path(folder) / name, error))
    return (fs::path(folder) / name).string();
  std::replace(name.begin(), name.end(), '/', '_');
  const fs::path flat = fs::path(folder) / (name + ".npy");
  return fs::is_regular_file(flat, error) ? flat.string() : std::string();
}

std::optional<NpyArray> read_log(const std::string& folder, const std::string& name, int64_t rows,
                                 int64_t columns) {
  const std::string path = find_log(folder, name);
  if (path.empty()) return std::nullopt;
  NpyArray array = read_npy(path);
  if ((rows >= 0 && array.rows() != rows) || std::ssize(array.values) != array.rows() * columns)
    throw Error(Category::kInput,
                fmt::format("{} numbers, expected {} rows of {}", array.values.size(),
                            rows >= 0 ? rows : array.rows(), columns),
                path);
  return array;
}

Track track_of(std::string signal, const std::vector<double>& seconds, std::vector<double> values,
               bool angle = false) {
  return {.signal = std::move(signal),
          .seconds = seconds,
          .values = std::move(values),
          .is_angle_degrees = angle};
}

struct Place {
  double latitude, longitude, altitude;  // radians and metres
};

// Bowring's formula (Survey Review 23, 1976); its error on the ground is far below a millimetre.
Place place_of(const Vec3& p) {
  constexpr double a = 6378137.0, f = 1 / 298.257223563, b = a * (1 - f);  // WGS 84
  constexpr double e2 = f * (2 - f), e2_second = (a * a - b * b) / (b * b);
  const double r = std::hypot(p[0], p[1]), u = std::atan2(p[2] * a, r * b);
  const double latitude = std::atan2(p[2] + e2_second * b * std::pow(std::sin(u), 3),
                                     r - e2 * a * std::pow(std::cos(u), 3));
  const double n = a / std::sqrt(1 - e2 * std::sin(latitude) * std::sin(latitude));
  return {latitude, std::atan2(p[1], p[0]),
          r * std::cos(latitude) + p[2] * std::sin(latitude) - a * a / n};
}

// From the clock of the log to seconds since frame 0 of the video: straight lines between the
// frames, and on beyond.
void to_video_time(const std::vector<double>& frame_times, std::span<const double> frame_seconds,
                   Track* track) {
  const auto n = static_cast<int64_t>(std::min(frame_times.size(), frame_seconds.size()));
  for (double& t : track->seconds) {
    const int64_t after =
        std::upper_bound(frame_times.begin(), frame_times.begin() + n, t) - frame_times.begin();
    const auto k = static_cast<size_t>(std::clamp<int64_t>(after - 1, 0, n - 2));
    t = frame_seconds[k] + (t - frame_times[k]) * (frame_seconds[k + 1] - frame_seconds[k]) /
                               (frame_times[k + 1] - frame_times[k]);
  }
}

}  // namespace

bool has_comma_log(const std::string& folder) {
  return !find_log(folder, "global_pose/frame_times").empty();
}

Telemetry read_comma(const std::string& folder, std::span<const double> frame_seconds) {
  Telemetry result{.tracks = {}, .source = folder + " (comma2k19 log)"};
  const std::optional<NpyArray> times = read_log(folder, "global_pose/frame_times", -1, 1);
  if (!times) throw Error(Category::kInput, "no global_pose/frame_times", folder);
  const std::vector<double>& t = times->values;
  if (std::min(t.size(), frame_seconds.size()) < 2 ||
      std::adjacent_find(t.begin(), t.end(), std::greater_equal<>()) != t.end())
    throw Error(Category::kInput, "frame_times does not ascend, or has less than two", folder);

  for (const auto& [log, signal] :
       {std::pair("speed", "speed_mps"), std::pair("steering_angle", "steering_wheel_deg")}) {
    const std::string name = std::string("processed_log/CAN/") + log;
    const std::optional<NpyArray> at = read_log(folder, name + "/t", -1, 1);
    const std::optional<NpyArray> value =
        at ? read_log(folder, name + "/value", at->rows(), 1) : std::nullopt;
    if (value) result.tracks.push_back(track_of(signal, at->values, value->values));
  }

  const int64_t n = times->rows();
  const std::optional<NpyArray> positions = read_log(folder, "global_pose/frame_positions", n, 3),
                                velocities = read_log(folder, "global_pose/frame_velocities", n, 3),
                                orientations =
                                    read_log(folder, "global_pose/frame_orientations", n, 4);
  std::vector<Vec3> up(t.size());
  if (positions) {
    std::vector<double> latitude, longitude, altitude;
    for (size_t i = 0; i < t.size(); ++i) {
      const double* p = &positions->values[3 * i];
      const Place place = place_of({p[0], p[1], p[2]});
      up[i] = {std::cos(place.latitude) * std::cos(place.longitude),
               std::cos(place.latitude) * std::sin(place.longitude), std::sin(place.latitude)};
      latitude.push_back(place.latitude * kDegreesPerRadian);
      longitude.push_back(place.longitude * kDegreesPerRadian);
      altitude.push_back(place.altitude);
    }
    result.tracks.push_back(track_of("latitude_deg", t, std::move(latitude)));
    result.tracks.push_back(track_of("longitude_deg", t, std::move(longitude), true));
    result.tracks.push_back(track_of("altitude_m", t, std::move(altitude)));
  }
  if (velocities && !find(result, "speed_mps")) {
    std::vector<double> speed;
    for (size_t i = 0; i < t.size(); ++i) {
      const double* v = &velocities->values[3 * i];
      speed.push_back(length({v[0], v[1], v[2]}));
    }
    result.tracks.push_back(track_of("speed_mps", t, std::move(speed)));
  }
  if (positions && orientations) {
    Track rate{.signal = "yaw_rate_radps"};
    for (size_t i = 0; i + 1 < t.size(); ++i) {
      const double *a = &orientations->values[4 * i], *b = a + 4;
      const Vec3 turn =
          turn_between(rotation_of(a[0], a[1], a[2], a[3]), rotation_of(b[0], b[1], b[2], b[3]));
      rate.seconds.push_back((t[i] + t[i + 1]) / 2);
      rate.values.push_back(dot(turn, up[i]) / (t[i + 1] - t[i]));
    }
    result.tracks.push_back(std::move(rate));
  }
  for (Track& track : result.tracks) {
    to_video_time(t, frame_seconds, &track);
    tidy(&track);
  }
  return result;
}

}  // namespace dojo
