// Writes frames as an H.264 file (MPEG-4 part 2 where FFmpeg was built without libx264): yuv420p,
// BT.709 tags, a key frame each `gop`, no B-frames. The same frames give the same bytes. The file
// appears under its name only when finish() has written all of it; what a killed process left of it
// is removed by the next that writes it. Telemetry of our own goes into
// the access units as SEI.
//
//   scene::VideoWriter writer("drives/drive-00.mp4", {.height = 256, .width = 512, .fps = 20});
//   writer.add(frame.rgb);
//   writer.finish();
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace dojo::scene {

struct EncodeOptions {
  int64_t height = 256, width = 512;  // even numbers
  int64_t fps = 20;
  int64_t crf = 18;  // libx264's quality: 0 lossless, 18 hardly visible, 51 worst
  int64_t bits_per_second =
      0;                   // > 0: the mean rate, instead of a quality; no further key frames then
  int64_t gop = 30;        // frames from key frame to key frame
  bool only_h264 = false;  // rather fail than write MPEG-4
};

// Not thread-safe; one thread does the work.
class VideoWriter {
 public:
  // Throws Error(kConfig) for sizes that the codec cannot take, Error(kIo) where the file cannot be
  // made.
  VideoWriter(std::string path, const EncodeOptions& options);
  ~VideoWriter();  // without finish(): the unfinished file is removed
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  // `rgb`: [H,W,3]. `nal`: a NAL unit without start code that goes before the picture in its access
  // unit, or nothing. `left_out`: frames of time that pass before this one without a picture.
  // Throws Error(kIo), for example for a full disk; Error(kUnsupported) for a NAL unit without
  // libx264.
  void add(std::span<const uint8_t> rgb, std::span<const uint8_t> nal = {}, int64_t left_out = 0);
  void finish();  // flushes, fsyncs, renames

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dojo::scene
