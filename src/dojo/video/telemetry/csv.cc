// Tables of telemetry: our own scene's, those of the vendor's extractor of TeslaCam messages, and
// people's own.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/video/telemetry/parse.h"
#include "dojo/video/telemetry/telemetry_files.h"

namespace dojo {
namespace {

enum Kind { kPlain, kAngle, kState };

struct Column {
  std::string_view name, signal;
  Kind kind = kPlain;
  double scale = 1;
};

// Other columns are passed over.
constexpr Column kColumns[] = {
    {"speed_mps", "speed_mps"},
    {"vehicle_speed_mps", "speed_mps"},
    {"speed_kmh", "speed_mps", kPlain, 1 / 3.6},
    {"yaw_rate_radps", "yaw_rate_radps"},
    {"steering_wheel_deg", "steering_wheel_deg"},
    {"steering_wheel_angle", "steering_wheel_deg"},
    {"heading_deg", "heading_deg", kAngle},
    {"latitude_deg", "latitude_deg"},
    {"longitude_deg", "longitude_deg", kAngle},
    {"altitude_m", "altitude_m"},
    {"x_m", "x_m"},
    {"y_m", "y_m"},
    {"z_m", "z_m"},
    {"acceleration_x_mps2", "acceleration_x_mps2"},
    {"acceleration_y_mps2", "acceleration_y_mps2"},
    {"acceleration_z_mps2", "acceleration_z_mps2"},
    {"linear_acceleration_mps2_x", "acceleration_x_mps2"},
    {"linear_acceleration_mps2_y", "acceleration_y_mps2"},
    {"linear_acceleration_mps2_z", "acceleration_z_mps2"},
    {"accelerator_pedal", "accelerator_pedal"},
    {"accelerator_pedal_position", "accelerator_pedal"},
    {"gear_state", "gear", kState},
    {"brake_applied", "brake", kState},
    {"blinker_on_left", "blinker_left", kState},
    {"blinker_on_right", "blinker_right", kState},
    {"autopilot_state", "autopilot", kState},
    {"frame_seq_no", "frame_seq_no", kState},
};

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (size_t begin = 0; begin <= line.size();) {
    const size_t end = std::min(line.find(',', begin), line.size());
    std::string_view field = trim(line.substr(begin, end - begin));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
      field = field.substr(1, field.size() - 2);
    fields.push_back(field);
    begin = end + 1;
  }
  return fields;
}

// NaN for an empty field, nothing for what is no number.
std::optional<double> number_in(std::string_view field) {
  if (field.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (field == "true" || field == "True") return 1;
  if (field == "false" || field == "False") return 0;
  return parse_number(field);
}

}  // namespace

Telemetry read_csv(const std::string& path, std::span<const double> frame_seconds) {
  const std::string text = read_file(path, 256 << 20);
  std::string_view content = text;
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  const std::vector<std::string_view> lines = lines_of(content);
  const auto fail = [&](size_t line, const std::string& what) {
    throw Error(Category::kInput, what, fmt::format("{}:{}", path, line + 1),
                "docs/telemetry.md lists the columns");
  };
  if (lines.empty()) fail(0, "the table is empty");

  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  size_t time_column = kNone, frame_column = kNone;
  Telemetry result{.tracks = {}, .source = path};
  std::vector<std::pair<size_t, const Column*>> used;
  const std::vector<std::string_view> names = split(lines[0]);
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "time_seconds") time_column = i;
    if (names[i] == "frame") frame_column = i;
    const auto known = std::find_if(std::begin(kColumns), std::end(kColumns),
                                    [&](const Column& c) { return c.name == names[i]; });
    if (known == std::end(kColumns)) continue;
    if (find(result, known->signal)) fail(0, fmt::format("two columns for {}", known->signal));
    used.emplace_back(i, known);
    result.tracks.push_back({.signal = std::string(known->signal),
                             .is_angle_degrees = known->kind == kAngle,
                             .is_state = known->kind == kState});
  }
  if (time_column == kNone && frame_column == kNone) fail(0, "no column time_seconds or frame");
  if (used.empty()) fail(0, "no column of a known name");

  for (size_t line = 1; line < lines.size(); ++line) {
    if (trim(lines[line]).empty()) continue;
    const std::vector<std::string_view> fields = split(lines[line]);
    if (fields.size() != names.size())
      fail(line, fmt::format("{} fields, the header has {}", fields.size(), names.size()));
    const auto number = [&](size_t column) {
      const std::optional<double> value = number_in(fields[column]);
      if (!value)
        fail(line, fmt::format("\"{}\" in the column {} is no number", fields[column].substr(0, 40),
                               names[column]));
      return *value;
    };
    double seconds = 0;
    if (time_column != kNone) {
      seconds = number(time_column);
    } else {
      const double frame = number(frame_column);
      if (!(frame >= 0 && frame < static_cast<double>(frame_seconds.size())) ||
          frame != std::floor(frame))
        fail(line, fmt::format("no frame {}: the video has {}", frame, frame_seconds.size()));
      seconds = frame_seconds[static_cast<size_t>(frame)];
    }
    for (size_t k = 0; k < used.size(); ++k) {
      result.tracks[k].seconds.push_back(seconds);
      result.tracks[k].values.push_back(number(used[k].first) * used[k].second->scale);
    }
  }
  for (Track& track : result.tracks) tidy(&track);
  return result;
}

}  // namespace dojo
