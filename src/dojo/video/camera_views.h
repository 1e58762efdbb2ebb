// Clips of several cameras of a vehicle, aligned in time. An instant is a clip of the drive's
// reference camera, T of its frames; its views are, of each of C named cameras, the frames that
// were taken at the same times (align_cameras.h), or none:
//
//   front          8  12  16      the reference; T = 3
//   left_repeater  -   1   5      it began late
//   back           7  11  14      it began late, too, and lost a frame
//   left_pillar    -   -   -      its file is missing
//
//   ClipLoader loader(recordings, {.frames = 3, .seed = 1},
//                     {.batch = 8, .height = 128, .width = 256,
//                      .cameras = {.names = {"front", "left_repeater", "back", "left_pillar"}}});
//   const Batch& batch = loader.next();
//   batch.clips             // [B,C,T,H,W,3] u8, cameras in the order of the names
//   batch.mask              // [B,C,T] 1: it is the frame; 0: there is none, and its pixels are 0
//   batch.refs[0].views[k]  // [C,T] which file and which of its frames it is
//
// Recordings come from find_recordings() (find_recordings.h) and are indexed; the telemetry in
// them, from add_telemetry() (telemetry/read_telemetry.h), has the numbers by which frames belong
// together. Without it times decide. The decoding program must be found (worker_start.h).
//
// What a camera lacks in a drive is a mask, never an error: a file that is missing, late, short or
// unusable; a lost frame; one that is damaged (but with keep_damaged), or lies outside of its
// recording's [first_frame, end_frame). So no clip is ever replaced by another: each instant comes
// once in an epoch, also one of which no camera is left. Where the reference camera has no file
// there are no instants; a drive without that camera takes the one with the most frames instead.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/align_cameras.h"
#include "dojo/video/recording.h"

namespace dojo {

struct CameraOptions {
  std::vector<std::string> names = {};  // C of them; none: clips of one file each
  std::string reference = "front";      // sets the times; it need not be among the names
  // A camera that no recording is of is empty in each clip: for a network of more cameras than
  // these recordings have. Else it is an error, for then its name is hardly meant.
  bool may_be_absent = false;
};

// Which frames the views of each instant are. Thread-safe.
class CameraViews {
 public:
  // Throws Error(kConfig) where a camera is named twice, or where no recording is of one of them
  // (of any of them, if they may be absent), Error(kInput) where no frame of theirs belongs to one
  // of a reference camera. REQUIRES: all recordings are indexed.
  CameraViews(const std::vector<Recording>& recordings, const CameraOptions& options);

  // Whether its clips are instants. Drives with none of the cameras have none.
  bool is_reference(int32_t recording) const {
    return !rows_[static_cast<size_t>(recording)].empty();
  }
  // Whether a view shows frames of it.
  bool is_shown(int32_t recording) const { return is_shown_[static_cast<size_t>(recording)]; }

  // [C,T] of the instant with these frames. REQUIRES: is_reference(recording).
  std::vector<CameraFrame> views(int32_t recording, std::span<const int64_t> frames) const;

  // For a person: which of the cameras, or that the reference, no recording is of. Mostly empty.
  const std::string& message() const { return message_; }

 private:
  size_t cameras_;
  std::vector<std::vector<CameraFrame>> rows_;  // [recordings][frames * C]; of reference cameras
  std::vector<bool> is_shown_;                  // [recordings]
  std::string message_;
};

}  // namespace dojo
