// The cameras of one drive, frame by frame: for each frame of a reference camera the frame of every
// other camera that was taken at the same time, or none. A camera that is missing, late, short or
// drops frames is a mask, never an error.
//
//   front          0  1  2  3  4  5
//   left_repeater  -  0  1  -  2  3       (starts late, drops one)
//
// Frames with the same frame_seq_no in their telemetry belong together, whatever their times say.
// Where one of two frames has no such number, times decide: those of the names plus those in the
// file, corrected by what the numbered frames of the same two files tell. Numbers that do not
// ascend within a file are not believed. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/recording.h"

namespace dojo {

// One file of one camera.
struct CameraFile {
  std::string camera;
  size_t recording = 0;  // the caller's number for it
  std::vector<double>
      seconds;  // of each frame, ascending, on a clock that all cameras share roughly
  std::vector<int64_t> sequence;  // of each frame its frame_seq_no, -1 where it has none; or empty
};

struct CameraFrame {
  size_t recording = 0;
  int64_t frame = -1;  // -1: the camera has none
  bool operator==(const CameraFrame&) const = default;
};

struct AlignedCameras {
  std::vector<std::string> cameras;  // sorted
  size_t reference = 0;              // among them
  std::vector<std::vector<CameraFrame>>
      frames;  // [cameras][frames of the reference camera, in order of time]
  int64_t by_sequence = 0, by_time = 0;  // pairs found
  double worst_skew_seconds = 0;  // of the pairs by time; at most half a frame of the reference

  int64_t num_frames() const {
    return cameras.empty() ? 0 : static_cast<int64_t>(frames[reference].size());
  }
};

// `reference`: the name of a camera; where it is missing, the camera with the most frames takes its
// place.
AlignedCameras align_cameras(std::span<const CameraFile> files,
                             const std::string& reference = "front");

// The files of one drive (vehicle_folder.h), with the numbers of their telemetry where that has
// been read.
std::vector<CameraFile> files_of_drive(const std::vector<Recording>& recordings,
                                       const std::string& drive);

}  // namespace dojo
