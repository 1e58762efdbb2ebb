// A recording: one video file, or a part of it, with the exact times of its frames. Recordings, not
// clips, are split into training and held-out sets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dojo/video/fingerprint.h"

namespace dojo {

struct FrameIndex;  // frame_index.h
struct Telemetry;   // telemetry/track.h

struct Recording {
  std::string path;
  std::string name;               // short and unique: the path below the folder that was searched
  int64_t width = 0, height = 0;  // as shown (after rotation)
  std::string codec;              // FFmpeg's name: "h264", "hevc", ...

  // [frames] ascending, from the packets; frame 0 is the first that is shown.
  std::vector<double> pts_seconds;
  std::vector<int64_t> key_frames;  // frame numbers where decoding can start, ascending

  int64_t first_frame = 0;  // clips are taken from [first_frame, end_frame)
  int64_t end_frame = 0;
  std::string camera;  // "front", "left_repeater", ...; empty where the name does not tell
  std::string drive;   // the name of the group of files that were recorded together; see
                       // vehicle_folder.h
  std::string note;    // what a person should know, such as where a cut file ends; mostly empty

  // What decoding needs; where it is null, a worker builds it when the file is first read.
  std::shared_ptr<const FrameIndex> index;
  Fingerprint fingerprint;  // of the file when it was indexed; all 0: not known

  // What the vehicle or a tracker logged; null until telemetry/read_telemetry.h has looked for it.
  std::shared_ptr<const Telemetry> telemetry;

  int64_t num_frames() const { return static_cast<int64_t>(pts_seconds.size()); }
  bool is_indexed() const { return !pts_seconds.empty(); }  // false: only path and name are known
};

// Fills in all that the index of the file tells.
void set_index(Recording* recording, std::shared_ptr<const FrameIndex> index);

// A file that was given up, or a part of one: see docs/video.md for which clips it costs.
struct Quarantined {
  std::string path;
  std::string category;    // "input", "io", "unsupported"
  std::string reason;      // with the time or frame where it happened
  bool whole_file = true;  // false: only damaged stretches of it, the rest is in use
  bool was_used = true;    // false: it was found unusable before a clip of it could be made
  int64_t noted_at = 0;    // seconds since 1970 when a catalogue first had it; 0: now
};

}  // namespace dojo
