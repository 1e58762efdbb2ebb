// Logs that lie beside a video file, as tracks. The formats, their columns and units:
// docs/telemetry.md. Each function throws Error(kInput) with the file and, in text, the line, for
// what makes no sense; kIo for what cannot be read. Location is in the result; read_telemetry.h
// takes it out. Thread-safe.
//
// `frame_seconds`: the time of each frame of the video since frame 0, ascending.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "dojo/video/telemetry/track.h"

namespace dojo {

// A table with a header line. Times are in the column time_seconds, or are those of the frames in
// the column frame.
Telemetry read_csv(const std::string& path, std::span<const double> frame_seconds);

// The points of all tracks. `start`: when the recording began, in seconds since 1970 of the
// camera's local clock; its distance from UTC is found as the whole number of quarter hours that
// brings it nearest to the first point. Without it the first point is taken for frame 0.
Telemetry read_gpx(const std::string& path, std::optional<double> start);

// The folder of a segment of comma2k19: processed_log/CAN and global_pose, or the same files with
// underscores for slashes and the ending .npy. Frame i of the video belongs to the i-th entry of
// frame_times.
bool has_comma_log(const std::string& folder);
Telemetry read_comma(const std::string& folder, std::span<const double> frame_seconds);

// Poses of KITTI's odometry set: a line of 12 numbers for each frame, the first three rows of the
// matrix from the camera (x right, y down, z forward) to that of frame 0.
Telemetry read_poses(const std::string& path, std::span<const double> frame_seconds);

}  // namespace dojo
