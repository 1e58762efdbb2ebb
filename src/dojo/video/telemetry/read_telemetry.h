// The telemetry of a recording, wherever it is; the first of these that there is:
//
//   in the video         SEI messages of a TeslaCam (H.264)
//   NAME.csv             beside NAME.mp4
//   comma2k19's logs     in the folder of the video
//   NAME.gpx             beside NAME.mp4
//   poses                NAME_poses.txt beside NAME.mp4; BEGINNING_poses.txt with one line for each
//                        frame; KITTI's poses/07.txt for sequences/07
//
// docs/telemetry.md says what each gives. Signals that follow from others are added (track.h).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dojo/video/frame_reader.h"
#include "dojo/video/telemetry/track.h"
#include "dojo/video/telemetry/vehicle_state.h"

namespace dojo {

struct TelemetryOptions {
  bool keep_location = false;  // else latitude, longitude, altitude and positions are dropped
};

// No tracks where there is no telemetry. `reader`: its process reads the SEI. Throws Error where
// what is there makes no sense.
Telemetry read_telemetry(const Recording& recording, FrameReader& reader,
                         const TelemetryOptions& options = {});

// Sets the telemetry of those that have some. Returns what a person should know: which telemetry
// was not usable and why.
std::vector<std::string> add_telemetry(std::vector<Recording>* recordings, FrameReader& reader,
                                       const TelemetryOptions& options = {});

// Tracks of the messages of a video's frames; `states` as FrameReader::states() gives them. Of a
// message without satellite fix (latitude, longitude and heading 0) these three are left out, and
// so is a signal that is NaN.
Telemetry states_to_telemetry(const std::vector<std::pair<int64_t, VehicleState>>& states,
                              const std::vector<double>& frame_seconds);

// The time of each frame since frame 0.
std::vector<double> frame_seconds(const Recording& recording);

// One value for each frame; NaN where the signal is not known.
std::vector<double> values_at_frames(const Recording& recording, std::string_view signal);

}  // namespace dojo
