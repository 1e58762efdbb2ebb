// What FFmpeg says while it reads a file: kept for the messages of errors, not printed. FFmpeg's
// log has no user pointer, so what was said is the one thread-local variable of this folder.
#pragma once

#include <string>

namespace dojo {

std::string ffmpeg_error(int code);  // FFmpeg's words for it

// From now on FFmpeg's messages go to a small buffer of the thread, not to stderr.
void capture_ffmpeg_log();

std::string take_ffmpeg_log();        // the first lines since the last call
std::string take_ffmpeg_complaint();  // the first one of a decoder since the last call

// FFmpeg's MP4 reader says this, and only as a warning, where the video lies in another file.
inline constexpr char kExternalTrack[] = "external track";

}  // namespace dojo
