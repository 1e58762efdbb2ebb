#include "dojo/video/media_file.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
}

namespace dojo {
namespace {

// Containers that vehicles and players write. Not playlists and scripts, which could name other
// files.
constexpr char kFormats[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,h264,hevc,obu,ivf,ogg,asf,m4v,"
    "mpegvideo,mjpeg";

// Those that do name other files. The list is for the message: what is not in kFormats is not read.
constexpr char kPlaylists[] = "hls,applehttp,concat,dash,imf,image2,sdp,rtsp,rtp,lavfi,tedcaptions";

constexpr int64_t kMaxPictureBytes = 256 << 20;

// A decoder that calls so many pictures damaged one after the other is fed again first.
constexpr int kMostDamagedInARow = 64;

// A demuxer wants a file that the one it reads names. None of kFormats should.
int refuse_to_open(AVFormatContext* context, AVIOContext**, const char* url, int, AVDictionary**) {
  av_log(context, AV_LOG_ERROR, "it names another file, which is not opened: %.200s\n", url);
  return AVERROR(EPERM);
}

// What FFmpeg is told: a name whose ending helps to tell raw streams, not a path that it could
// open.
std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

MediaFile::MediaFile(MediaSource source, std::function<void()> progress)
    : source_(std::move(source)), progress_(std::move(progress)) {
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

int64_t MediaFile::file_bytes() const {
  return is_pictures() ? static_cast<int64_t>(source_.picture_times.size()) : source_.file->size();
}

void MediaFile::close() {
  avcodec_free_context(&decoder_);
  if (is_pictures()) avformat_free_context(std::exchange(format_, nullptr));
  avformat_close_input(&format_);
  input_.reset();
}

void MediaFile::open() {
  take_ffmpeg_log();
  end_reason_.clear();
  if (is_pictures()) return open_pictures();
  open_input();
  // Sizes are known from the header in most containers: refuse bombs before frames are decoded for
  // the missing facts.
  const auto refuse_large = [&] {
    for (unsigned i = 0; i < format_->nb_streams; ++i) {
      const AVCodecParameters& p = *format_->streams[i]->codecpar;
      if (p.codec_type == AVMEDIA_TYPE_VIDEO && int64_t{p.width} * p.height > kMaxPixels)
        throw Error(Category::kUnsupported,
                    fmt::format("pictures of {}x{} are larger than 8192x8192", p.width, p.height),
                    path());
    }
  };
  refuse_large();
  const int info = avformat_find_stream_info(format_, nullptr);
  if (info < 0) throw Error(Category::kInput, "no streams: " + ffmpeg_error(info), path());
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
  if (stream_ < 0) throw Error(Category::kInput, "the file has no video stream", path());
  const AVCodecParameters& p = *stream()->codecpar;
  if (p.width < 1 || p.height < 1 || p.format < 0) {
    const std::string log = take_ffmpeg_log();
    throw Error(Category::kInput,
                "no picture can be decoded" + (log.empty() ? std::string() : ": " + log), path());
  }
  take_ffmpeg_log();
  take_ffmpeg_complaint();
}

// Probes the format first, so that what is refused can be named, and gives the file to its demuxer.
void MediaFile::open_input() {
  if (source_.file && source_.file->size() == 0)
    throw Error(Category::kInput, "the file is empty: 0 bytes", path());
  input_.emplace(source_.file);
  const std::string name = file_name(path());
  decltype(AVFormatContext::iformat) format = nullptr;
  const auto refuse = [&](int error) {
    const std::string log = take_ffmpeg_log();
    const bool system =
        error == AVERROR(EACCES) || error == AVERROR(EIO) || error == AVERROR(EISDIR);
    throw Error(system ? Category::kIo : Category::kInput,
                "no video file that FFmpeg can read: " + (log.empty() ? ffmpeg_error(error) : log),
                path());
  };
  const int probed =
      av_probe_input_buffer2(input_->context(), &format, name.c_str(), nullptr, 0, 0);
  if (probed < 0) refuse(probed);
  if (av_match_list(format->name, kPlaylists, ',') > 0)
    throw Error(Category::kUnsupported,
                std::string("a playlist or script (") + format->name +
                    "): the files that it names are not opened",
                path(), "give those files themselves");
  if (av_match_list(format->name, kFormats, ',') <= 0)
    throw Error(Category::kInput,
                std::string("no video file that is read here: FFmpeg takes it for ") + format->name,
                path());
  format_ = avformat_alloc_context();
  DOJO_CHECK(format_);
  format_->pb = input_->context();
  format_->io_open = refuse_to_open;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  av_dict_set(&options, "format_whitelist", kFormats, 0);
  const int opened = avformat_open_input(&format_, name.c_str(), format, &options);
  av_dict_free(&options);
  if (opened < 0) refuse(opened);
  const std::string log = take_ffmpeg_log();
  if (log.find(kExternalTrack) != std::string::npos)
    throw Error(Category::kUnsupported,
                "its video lies in another file, which is not opened: " + log, path(),
                "give that file itself");
}

// FFmpeg has a demuxer for this, but it invents the times and wants patterns for names.
void MediaFile::open_pictures() {
  next_picture_ = 0;
  format_ = avformat_alloc_context();
  DOJO_CHECK(format_);
  AVStream* s = avformat_new_stream(format_, nullptr);
  DOJO_CHECK(s);
  stream_ = s->index;
  s->time_base = {1, 1000000};
  AVCodecParameters& p = *s->codecpar;
  p.codec_type = AVMEDIA_TYPE_VIDEO;
  p.codec_id = av_match_ext(path().c_str(), "png") ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG;
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
                "no picture can be decoded" + (log.empty() ? std::string() : ": " + log), path());
}

bool MediaFile::read_picture() {
  av_packet_unref(packet_);
  if (next_picture_ == source_.picture_times.size()) return false;
  const SharedFile file = source_.open_picture(next_picture_);
  const int64_t size = file->size();
  if (size > kMaxPictureBytes)
    throw Error(Category::kInput, fmt::format("a picture of {} bytes", size), path());
  // An empty packet would mean the end to a decoder: an empty file is one bad byte.
  if (av_new_packet(packet_, static_cast<int>(std::max<int64_t>(1, size))) < 0)
    throw std::bad_alloc();
  packet_->data[0] = 0;
  if (file->read(0, packet_->data, size) != size)
    throw Error(Category::kIo, fmt::format("picture {} cannot be read", next_picture_ + 1), path());
  packet_->pts = packet_->dts = source_.picture_times[next_picture_];
  packet_->flags |= AV_PKT_FLAG_KEY;
  packet_->stream_index = stream_;
  ++next_picture_;
  return true;
}

std::string MediaFile::container() const {
  return is_pictures() ? "pictures" : format_->iformat->name;
}

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
        path());
  decoder_ = avcodec_alloc_context3(codec);
  DOJO_CHECK(decoder_);
  avcodec_parameters_to_context(decoder_, stream()->codecpar);
  decoder_->thread_count = 1;
  decoder_->pkt_timebase = stream()->time_base;
  decoder_->max_pixels = kMaxPixels;
  const int opened = avcodec_open2(decoder_, codec, nullptr);
  if (opened < 0)
    throw Error(Category::kInput, "the decoder refuses the stream: " + ffmpeg_error(opened),
                path());
  return decoder_;
}

bool MediaFile::read() {
  if (!end_reason_.empty()) return false;
  if (is_pictures()) {
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
    if ((packet_->flags & AV_PKT_FLAG_CORRUPT) && avio_feof(format_->pb)) {
      end_reason_ = "the file holds only a part of a packet";
      return false;
    }
    return true;
  }
}

bool MediaFile::send(AVPacket* packet) {
  if (packet && (packet->flags & AV_PKT_FLAG_CORRUPT) && complaint_.empty())
    complaint_ = "the container marks a packet as damaged";
  const int sent = avcodec_send_packet(decoder(), packet);
  if (sent < 0 && sent != AVERROR(EAGAIN) && sent != AVERROR_EOF && complaint_.empty())
    complaint_ = "the decoder refuses a packet: " + ffmpeg_error(sent);
  return sent >= 0;
}

AVFrame* MediaFile::receive() {
  for (int damaged = 0; damaged < kMostDamagedInARow; ++damaged) {
    const int got = avcodec_receive_frame(decoder(), frame_);
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return nullptr;
    if (got < 0) {  // one damaged picture; the next may be good
      if (complaint_.empty()) complaint_ = "a picture cannot be decoded: " + ffmpeg_error(got);
      if (got == AVERROR(ENOMEM))
        throw Error(Category::kInput, "decoding needs more memory than a worker may have", path());
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
  std::string logged = take_ffmpeg_complaint();
  return logged.empty() ? text : logged;
}

bool MediaFile::seek(int64_t timestamp) {
  end_reason_.clear();
  if (decoder_) avcodec_flush_buffers(decoder_);
  if (is_pictures()) {
    const std::vector<int64_t>& times = source_.picture_times;
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
