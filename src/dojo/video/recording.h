// A recording: one video file, or a part of it, with the exact times of its frames. Recordings, not clips, are split into
// training and held-out sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dojo {

struct Recording {
  std::string path;
  std::string name;                 // short and unique: the path below the folder that was searched
  int64_t width = 0, height = 0;    // as shown (after rotation)
  std::string codec;                // FFmpeg's name: "h264", "hevc", ...
  std::vector<double> pts_seconds;  // [frames] ascending, from the packets; frame 0 is the first that is shown
  std::vector<int64_t> key_frames;  // frame numbers where decoding can start, ascending
  int64_t first_frame = 0;          // clips are taken from [first_frame, end_frame)
  int64_t end_frame = 0;

  int64_t num_frames() const { return static_cast<int64_t>(pts_seconds.size()); }
};

}  // namespace dojo
