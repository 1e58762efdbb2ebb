#include "dojo/scene/encode.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"

namespace dojo::scene {

struct VideoWriter::Impl {
  std::string path, temporary;
  EncodeOptions options;
  AVFormatContext* format = nullptr;
  AVCodecContext* codec = nullptr;
  AVStream* stream = nullptr;
  SwsContext* scaler = nullptr;
  AVFrame* frame = nullptr;
  AVPacket* packet = nullptr;
  std::vector<uint8_t> source;  // a picture and what the scaler reads beyond its end
  int64_t next_pts = 0;
  bool x264 = false;
  std::deque<std::pair<int64_t, std::vector<uint8_t>>>
      nals;  // by pts: of frames still in the encoder

  ~Impl() {
    sws_freeContext(scaler);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&codec);
    if (format) {
      if (format->pb) avio_closep(&format->pb);
      avformat_free_context(format);
    }
    std::error_code ignored;
    if (!temporary.empty()) std::filesystem::remove(temporary, ignored);
  }

  void check(int code, const char* doing) const {
    if (code >= 0) return;
    char reason[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(code, reason, sizeof reason);
    throw Error(Category::kIo, std::string("cannot ") + doing + ": " + reason, path,
                "see that the folder can be written and the disk has room");
  }

  void open() {
    // The temporary's name has no ending of a video: a folder search never meets half a file.
    remove_leftovers_of(path);
    temporary = temporary_of(path).string();
    check(avformat_alloc_output_context2(&format, nullptr, "mp4", temporary.c_str()),
          "set up the file");
    const AVCodec* encoder = avcodec_find_encoder_by_name("libx264");
    x264 = encoder != nullptr;
    if (!encoder && !options.only_h264) encoder = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    if (!encoder)
      throw Error(Category::kUnsupported, "this FFmpeg lacks the encoder: libx264", path,
                  "install one with libx264");
    codec = avcodec_alloc_context3(encoder);
    DOJO_CHECK(codec != nullptr);
    codec->width = static_cast<int>(options.width);
    codec->height = static_cast<int>(options.height);
    codec->time_base = {1, static_cast<int>(options.fps)};
    codec->framerate = {static_cast<int>(options.fps), 1};
    codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->gop_size = static_cast<int>(options.gop);
    codec->max_b_frames = 0;
    codec->thread_count = 1;  // the bytes must not depend on the machine's cores, and a process has
                              // one pool of threads
    codec->color_range = AVCOL_RANGE_MPEG;
    codec->colorspace = AVCOL_SPC_BT709;
    codec->color_primaries = AVCOL_PRI_BT709;
    codec->color_trc = AVCOL_TRC_BT709;
    codec->flags |= AV_CODEC_FLAG_BITEXACT;
    codec->log_level_offset = 16;  // of what it has to say only errors are news
    if (format->oformat->flags & AVFMT_GLOBALHEADER) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    const bool by_rate = options.bits_per_second > 0;
    if (by_rate) codec->bit_rate = options.bits_per_second;
    if (x264) {
      av_opt_set(codec->priv_data, "preset", "veryfast", 0);
      if (by_rate)
        av_opt_set(codec->priv_data, "x264-params", "scenecut=0", 0);
      else
        av_opt_set(codec->priv_data, "crf", std::to_string(options.crf).c_str(), 0);
    } else if (!by_rate) {
      codec->flags |= AV_CODEC_FLAG_QSCALE;
      codec->global_quality = FF_QP2LAMBDA * 3;
    }
    const int opened = avcodec_open2(codec, encoder, nullptr);
    if (opened < 0) {
      throw Error(Category::kConfig,
                  "the encoder does not take " + std::to_string(options.height) + "x" +
                      std::to_string(options.width),
                  path, "give an even height and width");
    }
    stream = avformat_new_stream(format, nullptr);
    DOJO_CHECK(stream != nullptr);
    stream->time_base = codec->time_base;
    stream->avg_frame_rate = codec->framerate;
    check(avcodec_parameters_from_context(stream->codecpar, codec), "describe the stream");
    format->flags |= AVFMT_FLAG_BITEXACT;
    // A name such as "run:1" is no protocol of FFmpeg's.
    check(avio_open(&format->pb, ("file:" + temporary).c_str(), AVIO_FLAG_WRITE),
          "create the file");
    check(avformat_write_header(format, nullptr), "write the header");

    frame = av_frame_alloc();
    packet = av_packet_alloc();
    DOJO_CHECK(frame && packet);
    frame->format = codec->pix_fmt;
    frame->width = codec->width;
    frame->height = codec->height;
    frame->color_range = codec->color_range;
    frame->colorspace = codec->colorspace;
    check(av_frame_get_buffer(frame, 0), "allocate a frame");
    scaler =
        sws_getContext(codec->width, codec->height, AV_PIX_FMT_RGB24, codec->width, codec->height,
                       AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr,
                       nullptr, nullptr);
    DOJO_CHECK(scaler != nullptr);
    const int* bt709 = sws_getCoefficients(SWS_CS_ITU709);
    sws_setColorspaceDetails(scaler, bt709, 1, bt709, 0, 0, 1 << 16, 1 << 16);
  }

  // Puts a NAL unit before the picture's first slice. The encoder gives units after start codes;
  // the muxer writes their lengths instead.
  void insert(std::span<const uint8_t> nal) {
    const std::span<const uint8_t> old(packet->data, static_cast<size_t>(packet->size));
    size_t slice = 0;
    for (; slice + 3 < old.size(); ++slice) {
      const int type = old[slice + 3] & 31;
      if (old[slice] == 0 && old[slice + 1] == 0 && old[slice + 2] == 1 && type >= 1 && type <= 5)
        break;
    }
    DOJO_CHECK(slice + 3 < old.size());
    if (slice > 0 && old[slice - 1] == 0) --slice;  // a start code of four bytes
    AVPacket* longer = av_packet_alloc();
    DOJO_CHECK(longer != nullptr);
    check(av_new_packet(longer, static_cast<int>(old.size() + 4 + nal.size())), "encode a frame");
    check(av_packet_copy_props(longer, packet), "encode a frame");
    static constexpr uint8_t kStart[] = {0, 0, 0, 1};
    uint8_t* out = std::copy_n(old.data(), slice, longer->data);
    out = std::copy(std::begin(kStart), std::end(kStart), out);
    out = std::copy(nal.begin(), nal.end(), out);
    std::copy(old.begin() + static_cast<std::ptrdiff_t>(slice), old.end(), out);
    av_packet_free(&packet);
    packet = longer;
  }

  void send(AVFrame* picture) {
    check(avcodec_send_frame(codec, picture), "encode a frame");
    for (;;) {
      const int got = avcodec_receive_packet(codec, packet);
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
      check(got, "encode a frame");
      if (!nals.empty() && nals.front().first == packet->pts) {
        insert(nals.front().second);
        nals.pop_front();
      }
      packet->duration = 1;
      av_packet_rescale_ts(packet, codec->time_base, stream->time_base);
      packet->stream_index = stream->index;
      check(av_interleaved_write_frame(format, packet), "write a frame");
    }
  }
};

VideoWriter::VideoWriter(std::string path, const EncodeOptions& options)
    : impl_(std::make_unique<Impl>()) {
  if (options.height % 2 || options.width % 2 || options.height < 16 || options.width < 16) {
    throw Error(Category::kConfig,
                "video of " + std::to_string(options.height) + "x" + std::to_string(options.width) +
                    " pixels",
                path, "give an even height and width of at least 16");
  }
  if (options.fps < 1 || options.fps > 1000) {
    throw Error(Category::kConfig, std::to_string(options.fps) + " frames a second", path,
                "give 1 to 1000");
  }
  impl_->path = std::move(path);
  impl_->options = options;
  impl_->open();
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::add(std::span<const uint8_t> rgb, std::span<const uint8_t> nal,
                      int64_t left_out) {
  Impl& m = *impl_;
  DOJO_CHECK_EQ(static_cast<int64_t>(rgb.size()), m.options.height * m.options.width * 3);
  m.check(av_frame_make_writable(m.frame), "allocate a frame");
  m.source.resize(rgb.size() + AV_INPUT_BUFFER_PADDING_SIZE);
  std::copy(rgb.begin(), rgb.end(), m.source.begin());
  const uint8_t* source[1] = {m.source.data()};
  const int stride[1] = {static_cast<int>(m.options.width * 3)};
  sws_scale(m.scaler, source, stride, 0, static_cast<int>(m.options.height), m.frame->data,
            m.frame->linesize);
  m.next_pts += left_out;
  if (!nal.empty()) {
    if (!m.x264)
      throw Error(Category::kUnsupported, "telemetry in video needs an FFmpeg with libx264", m.path,
                  "install one, or render without telemetry");
    m.nals.emplace_back(m.next_pts, std::vector<uint8_t>(nal.begin(), nal.end()));
  }
  m.frame->pts = m.next_pts++;
  m.send(m.frame);
}

void VideoWriter::finish() {
  Impl& m = *impl_;
  m.send(nullptr);
  m.check(av_write_trailer(m.format), "finish the file");
  m.check(avio_closep(&m.format->pb), "finish the file");
  const int fd = open(m.temporary.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (!synced || std::rename(m.temporary.c_str(), m.path.c_str()) != 0)
    m.check(AVERROR(errno), "finish the file");
  m.temporary.clear();
}

}  // namespace dojo::scene
