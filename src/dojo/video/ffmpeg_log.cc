#include "dojo/video/ffmpeg_log.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}

namespace dojo {
namespace {

constexpr size_t kLineBytes = 512, kEnoughBytes = 400;  // for one line of an error message

struct Log {
  std::string lines;      // of any level up to errors
  std::string complaint;  // the first error of a decoder
};
thread_local Log log_of_thread;

bool is_decoder(void* object) {
  const AVClass* type = object ? *static_cast<const AVClass* const*>(object) : nullptr;
  return type && std::strcmp(type->class_name, "AVCodecContext") == 0;
}

void keep_log(void* object, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_WARNING) return;
  if (level > AV_LOG_ERROR && std::strstr(format, kExternalTrack) == nullptr) return;
  char line[kLineBytes];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string text(line);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~') c = '?';
  if (text.empty()) return;
  Log& log = log_of_thread;
  if (log.lines.size() < kEnoughBytes) log.lines += (log.lines.empty() ? "" : "; ") + text;
  // Side messages that a player never shows are no damage of the picture.
  const bool side_message = text.starts_with("SEI ");
  if (is_decoder(object) && !side_message && log.complaint.empty()) log.complaint = text;
}

}  // namespace

std::string ffmpeg_error(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

void capture_ffmpeg_log() { av_log_set_callback(keep_log); }

std::string take_ffmpeg_log() { return std::exchange(log_of_thread.lines, {}); }

std::string take_ffmpeg_complaint() { return std::exchange(log_of_thread.complaint, {}); }

}  // namespace dojo
