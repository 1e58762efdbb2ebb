#include "dojo/video/media_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/video/image_folder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
}

namespace dojo {
namespace {

// Containers that vehicles and players write. Not playlists and scripts, which could name other
// files.
constexpr char kFormats[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,h264,hevc,obu,ivf,ogg,asf,m4v,"
    "mpegvideo,mjpeg";

struct Log {
  std::string lines;      // of any level up to errors
  std::string complaint;  // the first error of a decoder
};
thread_local Log log_of_thread;

void keep_log(void* object, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string text(line);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > '~') c = '?';
  if (text.empty()) return;
  Log& log = log_of_thread;
  if (log.lines.size() < 400) log.lines += (log.lines.empty() ? "" : "; ") + text;
  const AVClass* type = object ? *static_cast<const AVClass* const*>(object) : nullptr;
  const bool decoder = type && std::strcmp(type->class_name, "AVCodecContext") == 0;
  // Side messages that a player never shows are no damage of the picture.
  if (decoder && text.rfind("SEI ", 0) != 0 && log.complaint.empty()) log.complaint = text;
}

}  // namespace

std::string ffmpeg_error(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

void capture_ffmpeg_log() { av_log_set_callback(keep_log); }

std::string take_ffmpeg_log() { return std::exchange(log_of_thread.lines, {}); }

MediaFile::MediaFile(std::string path, std::function<void()> progress)
    : path_(std::move(path)), progress_(std::move(progress)) {
  packet_ = av_packet_alloc();
  frame_ = av_frame_alloc();
  DOJO_CHECK(packet_ && frame_);
  try {
    open();
  } catch (...) {
    close();
    av_packet_free(&packet_);
    av_frame_free(&frame_);
    throw;
  }
}

MediaFile::~MediaFile() {
  close();
  av_packet_free(&packet_);
  av_frame_free(&frame_);
}

void MediaFile::close() {
  avcodec_free_context(&decoder_);
  if (pictures_) avformat_free_context(std::exchange(format_, nullptr));
  avformat_close_input(&format_);
  pictures_.reset();
}

void MediaFile::open() {
  take_ffmpeg_log();
  end_reason_.clear();
  if (access(path_.c_str(), R_OK) != 0)
    throw Error(Category::kIo, std::string("the file cannot be read: ") + std::strerror(errno),
                path_);
  if (has_picture_extension(path_)) return open_pictures();
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  av_dict_set(&options, "format_whitelist", kFormats, 0);
  const int opened = avformat_open_input(&format_, ("file:" + path_).c_str(), nullptr, &options);
  av_dict_free(&options);
  if (opened < 0) {
    const std::string log = take_ffmpeg_log();
    const bool system =
        opened == AVERROR(EACCES) || opened == AVERROR(EIO) || opened == AVERROR(EISDIR);
    throw Error(system ? Category::kIo : Category::kInput,
                "no video file that FFmpeg can read: " + (log.empty() ? ffmpeg_error(opened) : log),
                path_);
  }
  // Sizes are known from the header in most containers: refuse bombs before frames are decoded for
  // the missing facts.
  const auto refuse_large = [&] {
    for (unsigned i = 0; i < format_->nb_streams; ++i) {
      const AVCodecParameters& p = *format_->streams[i]->codecpar;
      if (p.codec_type == AVMEDIA_TYPE_VIDEO && int64_t{p.width} * p.height > kMaxPixels)
        throw Error(Category::kUnsupported,
                    fmt::format("pictures of {}x{} are larger than 8192x8192", p.width, p.height),
                    path_);
    }
  };
  refuse_large();
  const int info = avformat_find_stream_info(format_, nullptr);
  if (info < 0) throw Error(Category::kInput, "no streams: " + ffmpeg_error(info), path_);
  refuse_large();
  stream_ = -1;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* s = format_->streams[i];
    const bool cover = s->disposition & AV_DISPOSITION_ATTACHED_PIC;
    if (stream_ < 0 && s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !cover)
      stream_ = static_cast<int>(i);
    else
      s->discard = AVDISCARD_ALL;
  }
  if (stream_ < 0) throw Error(Category::kInput, "the file has no video stream", path_);
  const AVCodecParameters& p = *stream()->codecpar;
  if (p.width < 1 || p.height < 1 || p.format < 0) {
    const std::string log = take_ffmpeg_log();
    throw Error(Category::kInput,
                "no picture can be decoded" + (log.empty() ? std::string() : ": " + log), path_);
  }
  take_ffmpeg_log();
  log_of_thread.complaint.clear();
}

// FFmpeg has a demuxer for this, but it invents the times and wants patterns for names.
void MediaFile::open_pictures() {
  pictures_ = std::make_unique<const PictureSeries>(read_picture_series(path_));
  next_picture_ = 0;
  format_ = avformat_alloc_context();
  DOJO_CHECK(format_);
  AVStream* s = avformat_new_stream(format_, nullptr);
  DOJO_CHECK(s);
  stream_ = s->index;
  s->time_base = {1, 1000000};
  AVCodecParameters& p = *s->codecpar;
  p.codec_type = AVMEDIA_TYPE_VIDEO;
  const char letter = path_[path_.size() - 2];  // of .png, .jpg, .jpeg
  const bool png = letter == 'n' || letter == 'N';
  p.codec_id = png ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG;
  // The first picture that can be decoded tells size and format.
  while (p.width < 1 && read_picture()) {
    send(packet_);
    if (const AVFrame* frame = receive()) {
      p.width = frame->width;
      p.height = frame->height;
      p.format = frame->format;
      p.color_range = frame->color_range;
    }
    avcodec_free_context(&decoder_);
  }
  next_picture_ = 0;
  take_complaints();
  const std::string log = take_ffmpeg_log();
  if (p.width < 1)
    throw Error(Category::kInput,
                "no picture can be decoded" + (log.empty() ? std::string() : ": " + log), path_);
}

bool MediaFile::read_picture() {
  av_packet_unref(packet_);
  if (next_picture_ == pictures_->files.size()) return false;
  const std::string bytes = read_file(pictures_->files[next_picture_], 256 << 20);
  // An empty packet would mean the end to a decoder: an empty file is one bad byte.
  const int made = av_new_packet(packet_, std::max(1, static_cast<int>(bytes.size())));
  if (made < 0) throw std::bad_alloc();
  packet_->data[0] = 0;
  std::copy(bytes.begin(), bytes.end(), packet_->data);
  packet_->pts = packet_->dts = pictures_->microseconds[next_picture_];
  packet_->flags |= AV_PKT_FLAG_KEY;
  packet_->stream_index = stream_;
  ++next_picture_;
  return true;
}

std::string MediaFile::container() const { return pictures_ ? "pictures" : format_->iformat->name; }

AVStream* MediaFile::stream() const { return format_->streams[stream_]; }

int MediaFile::rotation() const {
  const int32_t* matrix = nullptr;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
  const AVCodecParameters& p = *stream()->codecpar;
  const AVPacketSideData* data =
      av_packet_side_data_get(p.coded_side_data, p.nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  if (data && data->size >= 9 * sizeof(int32_t))
    matrix = reinterpret_cast<const int32_t*>(data->data);
#else
  matrix = reinterpret_cast<const int32_t*>(
      av_stream_get_side_data(stream(), AV_PKT_DATA_DISPLAYMATRIX, nullptr));
#endif
  if (!matrix) return 0;
  const double degrees = -av_display_rotation_get(matrix);  // clockwise; NaN for a singular matrix
  for (int turn : {90, 180, 270})
    if (std::abs(degrees - turn) < 1 || std::abs(degrees + 360 - turn) < 1) return turn;
  return 0;
}

AVCodecContext* MediaFile::decoder() {
  if (decoder_) return decoder_;
  const AVCodec* codec = avcodec_find_decoder(stream()->codecpar->codec_id);
  if (!codec)
    throw Error(
        Category::kUnsupported,
        std::string("FFmpeg has no decoder for ") + avcodec_get_name(stream()->codecpar->codec_id),
        path_);
  decoder_ = avcodec_alloc_context3(codec);
  DOJO_CHECK(decoder_);
  avcodec_parameters_to_context(decoder_, stream()->codecpar);
  decoder_->thread_count = 1;
  decoder_->pkt_timebase = stream()->time_base;
  decoder_->max_pixels = kMaxPixels;
  const int opened = avcodec_open2(decoder_, codec, nullptr);
  if (opened < 0)
    throw Error(Category::kInput, "the decoder refuses the stream: " + ffmpeg_error(opened), path_);
  return decoder_;
}

bool MediaFile::read() {
  if (!end_reason_.empty()) return false;
  if (pictures_) {
    const bool more = read_picture();
    if (more && progress_) progress_();
    return more;
  }
  for (;;) {
    av_packet_unref(packet_);
    const int got = av_read_frame(format_, packet_);
    if (got == AVERROR(EAGAIN)) continue;
    if (got < 0) {
      if (got != AVERROR_EOF)
        end_reason_ = "reading stops: " + ffmpeg_error(got);
      else if (format_->pb && format_->pb->error < 0)
        end_reason_ = "reading stops: " + ffmpeg_error(format_->pb->error);
      else if (take_ffmpeg_log().find("ended prematurely") != std::string::npos)
        end_reason_ = "by its own account it has more";  // only Matroska's reader tells
      return false;
    }
    if (progress_) progress_();
    if (packet_->stream_index != stream_) continue;
    if (packet_->flags & AV_PKT_FLAG_CORRUPT) {
      end_reason_ = "the file holds only a part of a packet";
      return false;
    }
    return true;
  }
}

bool MediaFile::send(AVPacket* packet) {
  const int sent = avcodec_send_packet(decoder(), packet);
  if (sent < 0 && sent != AVERROR(EAGAIN) && sent != AVERROR_EOF && complaint_.empty())
    complaint_ = "the decoder refuses a packet: " + ffmpeg_error(sent);
  return sent >= 0;
}

AVFrame* MediaFile::receive() {
  for (int damaged = 0; damaged < 64; ++damaged) {
    const int got = avcodec_receive_frame(decoder(), frame_);
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return nullptr;
    if (got < 0) {  // one damaged picture; the next may be good
      if (complaint_.empty()) complaint_ = "a picture cannot be decoded: " + ffmpeg_error(got);
      if (got == AVERROR(ENOMEM))
        throw Error(Category::kInput, "decoding needs more memory than a worker may have", path_);
      continue;
    }
    if (progress_) progress_();
    if (frame_->decode_error_flags || (frame_->flags & AV_FRAME_FLAG_CORRUPT))
      if (complaint_.empty()) complaint_ = "the decoder marks the picture as damaged";
    return frame_;
  }
  return nullptr;
}

std::string MediaFile::take_complaints() {
  std::string text = std::exchange(complaint_, {});
  std::string logged = std::exchange(log_of_thread.complaint, {});
  return logged.empty() ? text : logged;
}

bool MediaFile::seek(int64_t timestamp) {
  end_reason_.clear();
  if (decoder_) avcodec_flush_buffers(decoder_);
  if (pictures_) {
    const std::vector<int64_t>& times = pictures_->microseconds;
    const auto after = std::upper_bound(times.begin(), times.end(), timestamp);
    next_picture_ = static_cast<size_t>(std::max<ptrdiff_t>(0, after - times.begin() - 1));
    return true;
  }
  return av_seek_frame(format_, stream_, timestamp, AVSEEK_FLAG_BACKWARD) >= 0;
}

void MediaFile::restart() {
  close();
  open();
}

}  // namespace dojo
