// Signals over time, as vehicles and trackers log them, and their values at the times of frames.
//
//   speed_mps, yaw_rate_radps (left is positive), steering_wheel_deg
//   heading_deg (clockwise from north), acceleration_x_mps2, _y_, _z_, accelerator_pedal
//   gear, brake, blinker_left, blinker_right, autopilot, frame_seq_no
//   latitude_deg, longitude_deg, altitude_m, x_m, y_m, z_m (axes of the source)
//
// Times are seconds since frame 0 of the recording that the track belongs to. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dojo {

struct Track {
  std::string signal;
  std::vector<double> seconds;  // ascending, each once
  std::vector<double> values;   // as many
  bool is_angle_degrees = false;
  bool is_state = false;       // a gear or a switch: holds its value until the next sample
  double max_gap_seconds = 1;  // nothing is known between samples that lie farther apart
};

// The value at a time, between the two samples around it: linear; for angles the short way round,
// in the range of the first sample's turn; for states the earlier one's. NaN before the first
// sample, after the last one and in gaps.
double value_at(const Track& track, double seconds);

struct Telemetry {
  std::vector<Track> tracks;  // each signal at most once
  std::string source;         // for people: "SEI of the video", "drive.gpx"
};

const Track* find(const Telemetry& telemetry, std::string_view signal);  // null where there is none

// Puts samples into the order of time, takes out those that are not finite and those whose time
// comes a second time. Call it once on what a file said; value_at() relies on it.
void tidy(Track* track);

// The change per second of `track` (of angles the short way): the slope of the straight line that
// fits the samples within `window_seconds` best, at their mean time. Nothing across gaps.
Track rate_of(const Track& track, double window_seconds, std::string signal);

// Of all samples; equal telemetry has equal hashes.
uint64_t hash_of(const Telemetry& telemetry);

// Adds what follows from other signals and is not given:
//   speed_mps       from latitude and longitude, else from x_m, y_m, z_m
//   heading_deg     from latitude and longitude, where the vehicle has moved by 0.5 m or more
//   yaw_rate_radps  from heading_deg
void add_derived(Telemetry* telemetry);

// Takes out latitude, longitude, altitude and positions: they tell where somebody lives.
void drop_location(Telemetry* telemetry);

}  // namespace dojo
