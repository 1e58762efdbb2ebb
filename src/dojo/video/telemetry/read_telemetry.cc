#include "dojo/video/telemetry/read_telemetry.h"

#include <filesystem>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/video/image_folder.h"
#include "dojo/video/telemetry/parse.h"
#include "dojo/video/telemetry/telemetry_files.h"
#include "dojo/video/vehicle_folder.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

// The file of poses that belongs to a video, or nothing.
fs::path poses_of(const fs::path& video, size_t frames) {
  std::error_code error;
  const std::string stem = video.stem().string();
  // KITTI's own place: poses/07.txt for sequences/07/image_2/000000.png.
  const fs::path sequence = video.parent_path().parent_path();
  if (has_picture_extension(video.string()) && sequence.parent_path().filename() == "sequences") {
    const fs::path kept =
        sequence.parent_path().parent_path() / "poses" / (sequence.filename().string() + ".txt");
    if (fs::is_regular_file(kept, error)) return kept;
  }
  const fs::path own = video.parent_path() / (stem + "_poses.txt");
  if (fs::is_regular_file(own, error)) return own;
  // KITTI's are named after the sequence, videos made of it often "SEQUENCE_something".
  for (size_t cut = stem.rfind('_'); cut != std::string::npos && cut > 0;
       cut = stem.rfind('_', cut - 1)) {
    const fs::path path = video.parent_path() / (stem.substr(0, cut) + "_poses.txt");
    if (!fs::is_regular_file(path, error)) continue;
    if (lines_of(read_file(path, 256 << 20)).size() == frames) return path;
  }
  return {};
}

Telemetry read_any(const Recording& recording, FrameReader& reader) {
  const std::vector<double> seconds = frame_seconds(recording);
  if (recording.codec == "h264")
    if (const auto states = reader.states(recording); !states.empty())
      return states_to_telemetry(states, seconds);
  const fs::path video = recording.path;
  std::error_code error;
  const auto beside = [&](const char* extension) {
    return fs::path(video).replace_extension(extension);
  };
  if (fs::is_regular_file(beside(".csv"), error)) return read_csv(beside(".csv").string(), seconds);
  const std::string folder = video.has_parent_path() ? video.parent_path().string() : ".";
  if (has_comma_log(folder)) return read_comma(folder, seconds);
  if (fs::is_regular_file(beside(".gpx"), error))
    return read_gpx(beside(".gpx").string(), start_of_name(video.filename().string()));
  if (const fs::path poses = poses_of(video, seconds.size()); !poses.empty())
    return read_poses(poses.string(), seconds);
  return {};
}

}  // namespace

Telemetry read_telemetry(const Recording& recording, FrameReader& reader,
                         const TelemetryOptions& options) {
  Telemetry telemetry = read_any(recording, reader);
  add_derived(&telemetry);
  if (!options.keep_location) drop_location(&telemetry);
  return telemetry;
}

std::vector<std::string> add_telemetry(std::vector<Recording>* recordings, FrameReader& reader,
                                       const TelemetryOptions& options) {
  std::vector<std::string> messages;
  for (Recording& r : *recordings) {
    try {
      Telemetry telemetry = read_telemetry(r, reader, options);
      if (!telemetry.tracks.empty())
        r.telemetry = std::make_shared<const Telemetry>(std::move(telemetry));
    } catch (const Error& e) {
      messages.push_back(r.name + ": its telemetry is not usable: " + e.what());
    }
  }
  return messages;
}

Telemetry states_to_telemetry(const std::vector<std::pair<int64_t, VehicleState>>& states,
                              const std::vector<double>& frame_seconds) {
  Telemetry result{.tracks = {}, .source = "SEI of the video"};
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const auto add = [&](const char* signal, const auto& value, Track kind = {}) {
    kind.signal = signal;
    for (const auto& [frame, state] : states) {
      kind.seconds.push_back(frame_seconds.at(static_cast<size_t>(frame)));
      kind.values.push_back(static_cast<double>(value(state)));
    }
    tidy(&kind);
    if (!kind.seconds.empty()) result.tracks.push_back(std::move(kind));
  };
  const auto fix = [](const VehicleState& s, double value) {
    return s.latitude_deg == 0 && s.longitude_deg == 0 && s.heading_deg == 0 ? kNan : value;
  };
  using S = const VehicleState&;
  const Track angle{.signal = {}, .is_angle_degrees = true}, hold{.signal = {}, .is_state = true};
  add("speed_mps", [](S s) { return s.vehicle_speed_mps; });
  add("steering_wheel_deg", [](S s) { return s.steering_wheel_angle; });
  add("accelerator_pedal", [](S s) { return s.accelerator_pedal_position; });
  add(
      "heading_deg", [&](S s) { return fix(s, s.heading_deg); }, angle);
  add("latitude_deg", [&](S s) { return fix(s, s.latitude_deg); });
  add(
      "longitude_deg", [&](S s) { return fix(s, s.longitude_deg); }, angle);
  add("acceleration_x_mps2", [](S s) { return s.linear_acceleration_mps2_x; });
  add("acceleration_y_mps2", [](S s) { return s.linear_acceleration_mps2_y; });
  add("acceleration_z_mps2", [](S s) { return s.linear_acceleration_mps2_z; });
  add(
      "gear", [](S s) { return s.gear_state; }, hold);
  add(
      "brake", [](S s) { return s.brake_applied; }, hold);
  add(
      "blinker_left", [](S s) { return s.blinker_on_left; }, hold);
  add(
      "blinker_right", [](S s) { return s.blinker_on_right; }, hold);
  add(
      "autopilot", [](S s) { return s.autopilot_state; }, hold);
  add(
      "frame_seq_no", [](S s) { return s.frame_seq_no; }, hold);
  return result;
}

std::vector<double> frame_seconds(const Recording& recording) {
  std::vector<double> seconds = recording.pts_seconds;
  if (seconds.empty()) return seconds;
  for (double& s : seconds) s -= recording.pts_seconds[0];
  return seconds;
}

std::vector<double> values_at_frames(const Recording& recording, std::string_view signal) {
  std::vector<double> values(recording.pts_seconds.size(),
                             std::numeric_limits<double>::quiet_NaN());
  const Track* track = recording.telemetry ? find(*recording.telemetry, signal) : nullptr;
  if (!track) return values;
  const std::vector<double> seconds = frame_seconds(recording);
  for (size_t i = 0; i < values.size(); ++i) values[i] = value_at(*track, seconds[i]);
  return values;
}

}  // namespace dojo
