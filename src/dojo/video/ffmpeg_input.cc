#include "dojo/video/ffmpeg_input.h"

#include <cerrno>
#include <cstdio>
#include <new>

extern "C" {
#include <libavformat/avio.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
}

namespace dojo {
namespace {

constexpr int kBufferBytes = 32768;  // what FFmpeg itself takes for files

}  // namespace

FfmpegInput::FfmpegInput(SharedFile file) : file_(std::move(file)) {
  auto* buffer = static_cast<uint8_t*>(av_malloc(kBufferBytes));
  if (buffer) context_ = avio_alloc_context(buffer, kBufferBytes, 0, this, read, nullptr, seek);
  if (context_) return;
  av_free(buffer);
  throw std::bad_alloc();
}

FfmpegInput::~FfmpegInput() {
  av_freep(&context_->buffer);  // FFmpeg may have put another in its place
  avio_context_free(&context_);
}

int FfmpegInput::read(void* self, uint8_t* to, int size) {
  auto& input = *static_cast<FfmpegInput*>(self);
  const int64_t n = input.file_->read(input.at_, to, size);
  if (n < 0) return AVERROR(errno);
  if (n == 0) return AVERROR_EOF;
  input.at_ += n;
  return static_cast<int>(n);
}

int64_t FfmpegInput::seek(void* self, int64_t offset, int whence) {
  auto& input = *static_cast<FfmpegInput*>(self);
  const int64_t size = input.file_->size();
  if (size < 0) return AVERROR(EIO);
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return size;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      offset += input.at_;
      break;
    case SEEK_END:
      offset += size;
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (offset < 0) return AVERROR(EINVAL);
  return input.at_ = offset;
}

}  // namespace dojo
