// An open video file: FFmpeg's demuxer and decoder for its first video stream that is not a cover
// picture. Or a folder of pictures (image_folder.h), each a packet of its own. The file is not
// trusted: use this in a worker process (decode_worker.h), not in the main one. It opens nothing:
// what FFmpeg reads was opened before, and where a file names others, such as a playlist does, it
// is refused. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dojo/video/ffmpeg_input.h"
#include "dojo/video/ffmpeg_log.h"
#include "dojo/video/media_source.h"

struct AVCodecContext;
struct AVFormatContext;
struct AVFrame;
struct AVPacket;
struct AVStream;

namespace dojo {

// Larger pictures are refused (Error kUnsupported) before memory is spent on them.
constexpr int64_t kMaxPixels = int64_t{8192} * 8192;

class MediaFile {
 public:
  // Throws Error(kInput) where FFmpeg finds no video, Error(kUnsupported) for what would open
  // further files. `progress` is called after each packet and each picture.
  explicit MediaFile(MediaSource source, std::function<void()> progress = {});
  ~MediaFile();
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  const std::string& path() const { return source_.path; }
  int64_t file_bytes() const;  // of a video file; of a folder of pictures, how many there are
  AVFormatContext* format() const { return format_; }
  std::string container() const;  // FFmpeg's names for it, "mov,mp4,..."; or "pictures"
  AVStream* stream() const;
  AVCodecContext* decoder();  // opened at the first call: one thread, no hardware
  int rotation() const;       // degrees clockwise that a player turns the picture: 0, 90, 180, 270

  // Reads the next packet of the video stream into packet(). False at the end of the file, and at
  // the first packet that the file holds only in part; then end_reason() says why, and is empty
  // after a proper end.
  bool read();
  AVPacket* packet() const { return packet_; }
  const std::string& end_reason() const { return end_reason_; }

  // Feeds packet(), or, at the end of the file, null, to the decoder. False if the decoder calls it
  // damaged.
  bool send(AVPacket* packet);
  // The next frame that is shown, or null if the decoder wants another packet (or has ended).
  AVFrame* receive();

  // What the decoder complained about since the last call; empty if nothing. Complaints mean
  // damaged pictures.
  std::string take_complaints();

  // Next read() begins at or before the packet with this time stamp. False if the container cannot.
  bool seek(int64_t timestamp);
  void restart();  // as if just opened

 private:
  void open();
  void open_input();
  void open_pictures();
  bool read_picture();
  void close();
  bool is_pictures() const { return source_.file == nullptr; }

  const MediaSource source_;
  std::string end_reason_;
  std::function<void()> progress_;
  AVFormatContext* format_ = nullptr;
  AVCodecContext* decoder_ = nullptr;
  AVPacket* packet_ = nullptr;
  AVFrame* frame_ = nullptr;
  int stream_ = -1;
  std::optional<FfmpegInput> input_;  // of a video file
  size_t next_picture_ = 0;
  std::string complaint_;  // ours; FFmpeg's are in ffmpeg_log.h
};

}  // namespace dojo
