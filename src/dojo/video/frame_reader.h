// Reads frames now, for evaluation and for people: one decoding process of its own, one call, the
// pixels. Not thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/video/recording.h"
#include "dojo/video/sampler.h"
#include "dojo/video/worker_process.h"

namespace dojo {

// Some of the frames are damaged; others of the file may be read.
class DamagedFrame : public Error {
 public:
  using Error::Error;
};

class FrameReader {
 public:
  explicit FrameReader(const WorkerOptions& options = {}) : worker_(options) {}

  // The exact index of one file as a recording. Throws Error (input, io, unsupported) with the
  // path.
  Recording open(const std::string& path);

  // [frames, height, width, 3] u8 RGB; `frames` in any order. Throws DamagedFrame (kInput) if
  // one of them is damaged.
  std::vector<uint8_t> read(const Recording& recording, std::span<const int64_t> frames,
                            int64_t height, int64_t width);

  // MD5 of each stored picture, as `ffmpeg -f framemd5` prints it.
  std::vector<std::string> md5(const Recording& recording, std::span<const int64_t> frames);

  // The telemetry in the video, by frame: see telemetry/read_states.h. Throws Error.
  std::vector<std::pair<int64_t, VehicleState>> states(const Recording& recording);

  double cpu_seconds() const { return cpu_seconds_; }

 private:
  WorkerReply ask(const Recording& recording, std::span<const int64_t> frames, ReadRequest request);
  WorkerProcess worker_;
  double cpu_seconds_ = 0;
};

// The frames of one clip, [T, height, width, 3] u8; of several cameras [C,T,...], 0 where one has
// no frame.
std::vector<uint8_t> read_clip(FrameReader& reader, const std::vector<Recording>& recordings,
                               const ClipRef& clip, int64_t height, int64_t width);

Error error_from(const WorkerReply& reply, const std::string& path);
Error error_from(const Quarantined& problem);
Recording recording_from(const std::string& path, FrameIndex index);

}  // namespace dojo
