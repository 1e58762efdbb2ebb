#include <fmt/format.h>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/video/telemetry/parse.h"
#include "dojo/video/telemetry/rotation.h"
#include "dojo/video/telemetry/telemetry_files.h"

namespace dojo {

Telemetry read_poses(const std::string& path, std::span<const double> frame_seconds) {
  const std::string text = read_file(path, 256 << 20);
  std::vector<std::array<double, 12>> poses;
  for (const std::string_view line : lines_of(text)) {
    std::array<double, 12> pose;
    std::string_view rest = trim(line);
    size_t count = 0;
    for (; !rest.empty() && count < 12; ++count) {
      const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
      const std::optional<double> number = parse_number(word);
      if (!number) break;
      pose[count] = *number;
      rest = trim(rest.substr(word.size()));
    }
    if (count != 12 || !rest.empty())
      throw Error(Category::kInput, "a pose is a line of 12 numbers",
                  fmt::format("{}:{}", path, poses.size() + 1));
    poses.push_back(pose);
  }
  if (poses.size() != frame_seconds.size())
    throw Error(
        Category::kInput,
        fmt::format("{} poses, the video has {} frames", poses.size(), frame_seconds.size()), path);

  Telemetry result{.tracks = {{.signal = "x_m"},
                              {.signal = "y_m"},
                              {.signal = "z_m"},
                              {.signal = "yaw_rate_radps"}},
                   .source = path};
  for (size_t i = 0; i < poses.size(); ++i) {
    const auto& p = poses[i];
    for (size_t axis = 0; axis < 3; ++axis) {
      result.tracks[axis].seconds.push_back(frame_seconds[i]);
      result.tracks[axis].values.push_back(p[4 * axis + 3]);
    }
    if (i == 0) continue;
    const auto rotation = [](const std::array<double, 12>& m) {
      return Mat3{{{m[0], m[1], m[2]}, {m[4], m[5], m[6]}, {m[8], m[9], m[10]}}};
    };
    const Vec3 turn = turn_between(rotation(poses[i - 1]), rotation(p));
    const double dt = frame_seconds[i] - frame_seconds[i - 1];
    result.tracks[3].seconds.push_back(frame_seconds[i] - dt / 2);
    result.tracks[3].values.push_back(-turn[1] / dt);  // y points down
  }
  for (Track& track : result.tracks) tidy(&track);
  return result;
}

}  // namespace dojo
