// A file that is open already, as FFmpeg's demuxers read one. Not thread-safe.
#pragma once

#include <cstdint>

#include "dojo/video/media_source.h"

struct AVIOContext;

namespace dojo {

class FfmpegInput {
 public:
  explicit FfmpegInput(SharedFile file);
  ~FfmpegInput();
  FfmpegInput(const FfmpegInput&) = delete;
  FfmpegInput& operator=(const FfmpegInput&) = delete;

  AVIOContext* context() const { return context_; }  // at the start of the file at first

 private:
  static int read(void* self, uint8_t* to, int size);
  static int64_t seek(void* self, int64_t offset, int whence);

  SharedFile file_;
  int64_t at_ = 0;
  AVIOContext* context_ = nullptr;
};

}  // namespace dojo
