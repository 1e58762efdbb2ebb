#include "dojo/video/cache/unit_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/video/cache/yuv.h"
#include "dojo/video/ffmpeg_log.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

namespace dojo {
namespace {

AVCodecID codec_id(const std::string& encoder) {
  if (encoder == "libx264") return AV_CODEC_ID_H264;
  if (encoder == "mpeg4") return AV_CODEC_ID_MPEG4;
  if (encoder == "mjpeg") return AV_CODEC_ID_MJPEG;
  return AV_CODEC_ID_NONE;
}

int even(int64_t side) { return static_cast<int>((side + 1) / 2 * 2); }

constexpr size_t kSizeBytes = sizeof(uint32_t);  // of each packet's size, at the unit's begin
constexpr int kOnlyErrors = 16;  // added to FFmpeg's log levels: warnings of a codec are no news

// What encoder and decoder have in common: FFmpeg's objects, for pictures of even sides.
struct Codec {
  int64_t height, width;
  AVCodecContext* context;
  AVFrame* frame;
  AVPacket* packet;

  Codec(const AVCodec* codec, int64_t h, int64_t w)
      : height(h),
        width(w),
        context(avcodec_alloc_context3(codec)),
        frame(av_frame_alloc()),
        packet(av_packet_alloc()) {
    DOJO_CHECK(context && frame && packet);
    context->width = even(width);
    context->height = even(height);
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    context->log_level_offset = kOnlyErrors;
  }
  ~Codec() {
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&context);
  }
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
};

YuvPlanes<uint8_t> planes_of(const AVFrame& frame) {
  DOJO_CHECK_EQ(frame.linesize[1], frame.linesize[2]);
  return {frame.data[0], frame.data[1], frame.data[2], frame.linesize[0], frame.linesize[1]};
}

// Types of NAL units (ITU-T H.264, table 7-1): supplementary enhancement information, and what
// delimits pictures.
constexpr int kNalTypeMask = 31, kNalSei = 6, kNalDelimiter = 9;

// Appends the packet without H.264's supplementary information and delimiters, which nobody reads.
void append_without_sei(const uint8_t* data, size_t size, std::vector<uint8_t>* out) {
  const auto start_code = [&](size_t from) {  // of the next NAL unit, or the end
    for (size_t i = from; i + 3 <= size; ++i)
      if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) return i;
    return size;
  };
  for (size_t at = start_code(0); at < size;) {
    const size_t next = start_code(at + 3);
    const int type = at + 3 < size ? data[at + 3] & kNalTypeMask : 0;
    if (type != kNalSei && type != kNalDelimiter) {
      size_t end = next;  // a longer start code's first zero belongs to the next one
      while (end > at + 3 && data[end - 1] == 0) --end;
      out->insert(out->end(), data + at, data + end);
    }
    at = next;
  }
}

}  // namespace

std::string UnitCodec::text() const {
  if (encoder != "libx264") return fmt::format("{} scale {}", encoder, quantiser);
  return fmt::format("{} {} qp {}{}{}", encoder, preset, quantiser, extra.empty() ? "" : " ",
                     extra);
}

std::string ffmpeg_version() {
  const unsigned v = avcodec_version();
  return fmt::format("libavcodec {}.{}.{}", v >> 16, v >> 8 & 0xff, v & 0xff);
}

std::optional<UnitCodec> best_unit_codec() {
  const UnitCodec candidates[] = {{},
                                  {.encoder = "mpeg4", .preset = {}, .quantiser = 6},
                                  {.encoder = "mjpeg", .preset = {}, .quantiser = 4}};
  for (const UnitCodec& c : candidates)
    if (avcodec_find_encoder_by_name(c.encoder.c_str()) &&
        avcodec_find_decoder(codec_id(c.encoder)))
      return c;
  return std::nullopt;
}

struct UnitEncoder::Impl : Codec {
  using Codec::Codec;
  int64_t frames = 0;
  bool h264 = false;
  std::vector<uint8_t> unit;

  void check(int code) const {
    if (code < 0)
      throw Error(Category::kIo, fmt::format("the encoder {} fails: {}", context->codec->name,
                                             ffmpeg_error(code)));
  }
};

UnitEncoder::UnitEncoder(const UnitCodec& options, int64_t height, int64_t width) {
  const AVCodec* encoder = codec_id(options.encoder) == AV_CODEC_ID_NONE
                               ? nullptr
                               : avcodec_find_encoder_by_name(options.encoder.c_str());
  if (!encoder)
    throw Error(Category::kUnsupported, "this FFmpeg has no encoder " + options.encoder, {},
                "install one that has it, or keep raw frames");
  impl_ = std::make_unique<Impl>(encoder, height, width);
  Impl& m = *impl_;
  m.h264 = options.encoder == "libx264";
  AVCodecContext& c = *m.context;
  c.time_base = {1, 25};  // any will do: nobody asks when a frame of a unit is shown
  c.framerate = {25, 1};
  c.pix_fmt = options.encoder == "mjpeg" ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  c.color_range = AVCOL_RANGE_JPEG;
  c.gop_size = static_cast<int>(options.unit_frames);
  c.max_b_frames = 0;
  m.frame->width = c.width;
  m.frame->height = c.height;
  m.frame->format = c.pix_fmt;
  if (m.h264) {
    // Nothing that looks back beyond the unit or ahead of the frame.
    std::string settings = fmt::format(
        "keyint={}:min-keyint=1:scenecut=0:bframes=0:rc-lookahead=0:sync-lookahead=0:mbtree=0:"
        "weightp=0:ref=1:threads=1:sliced-threads=0:repeat-headers=1:cpu-independent=1:"
        "force-cfr=1",
        std::max<int64_t>(1, options.unit_frames));
    if (!options.extra.empty()) settings += ":" + options.extra;
    av_opt_set(c.priv_data, "preset", options.preset.c_str(), 0);
    av_opt_set(c.priv_data, "forced-idr", "1", 0);
    av_opt_set(c.priv_data, "qp", std::to_string(options.quantiser).c_str(), 0);
    av_opt_set(c.priv_data, "x264-params", settings.c_str(), 0);
  } else {
    c.flags |= AV_CODEC_FLAG_QSCALE;
    c.global_quality = FF_QP2LAMBDA * static_cast<int>(options.quantiser);
    m.frame->quality = c.global_quality;
  }
  if (height < 1 || width < 1 || options.unit_frames < 1 ||
      avcodec_open2(m.context, encoder, nullptr) < 0)
    throw Error(Category::kConfig, fmt::format("the encoder {} does not take {} frames of {}x{}",
                                               options.text(), options.unit_frames, width, height));
  m.check(av_frame_get_buffer(m.frame, 0));
}

UnitEncoder::~UnitEncoder() = default;

std::span<const uint8_t> UnitEncoder::encode(std::span<const uint8_t* const> rgb) {
  Impl& m = *impl_;
  m.unit.assign(rgb.size() * kSizeBytes, 0);
  for (size_t i = 0; i < rgb.size(); ++i) {
    m.check(av_frame_make_writable(m.frame));
    rgb_to_yuv420(rgb[i], m.height, m.width, planes_of(*m.frame));
    m.frame->pts = m.frames++;
    m.frame->pict_type = i == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    m.check(avcodec_send_frame(m.context, m.frame));
    m.check(avcodec_receive_packet(m.context, m.packet));  // none of them holds frames back
    const size_t before = m.unit.size();
    if (m.h264)
      append_without_sei(m.packet->data, static_cast<size_t>(m.packet->size), &m.unit);
    else
      m.unit.insert(m.unit.end(), m.packet->data, m.packet->data + m.packet->size);
    av_packet_unref(m.packet);
    const uint32_t size = static_cast<uint32_t>(m.unit.size() - before);
    std::memcpy(m.unit.data() + kSizeBytes * i, &size, kSizeBytes);
  }
  return m.unit;
}

struct UnitDecoder::Impl : Codec {
  using Codec::Codec;
  std::vector<uint8_t> padded;

  // Takes what the decoder has ready. False for a picture that no unit of this size has.
  bool receive(std::span<uint8_t* const> rgb, size_t* done) {
    for (;;) {
      const int got = avcodec_receive_frame(context, frame);
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return true;
      const bool fits =
          got >= 0 && *done < rgb.size() && frame->width == even(width) &&
          frame->height == even(height) && !frame->decode_error_flags &&
          (frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVJ420P) &&
          frame->linesize[1] == frame->linesize[2];
      if (!fits) return false;
      if (uint8_t* out = rgb[(*done)++]) {
        const YuvPlanes<uint8_t> from = planes_of(*frame);
        yuv420_to_rgb({from.y, from.cb, from.cr, from.y_stride, from.c_stride}, height, width, out);
      }
    }
  }
};

UnitDecoder::UnitDecoder(const std::string& encoder, int64_t height, int64_t width) {
  const AVCodec* decoder = avcodec_find_decoder(codec_id(encoder));
  if (!decoder)
    throw Error(Category::kUnsupported, "this FFmpeg has no decoder for units of " + encoder);
  impl_ = std::make_unique<Impl>(decoder, height, width);
  AVCodecContext& c = *impl_->context;
  c.flags |= AV_CODEC_FLAG_LOW_DELAY;
  c.err_recognition = AV_EF_EXPLODE;
  if (avcodec_open2(&c, decoder, nullptr) < 0)
    throw Error(Category::kUnsupported, "the decoder for units of " + encoder + " does not open");
}

UnitDecoder::~UnitDecoder() = default;

bool UnitDecoder::decode(std::span<const uint8_t> unit, std::span<uint8_t* const> rgb) {
  Impl& m = *impl_;
  // As many sizes as there are frames: where the sizes end, they and the packets fill the unit.
  std::vector<uint32_t> sizes;
  size_t total = 0;
  while (total < unit.size() && (sizes.size() + 1) * kSizeBytes <= unit.size()) {
    uint32_t size = 0;
    std::memcpy(&size, unit.data() + kSizeBytes * sizes.size(), kSizeBytes);
    sizes.push_back(size);
    total += size + kSizeBytes;
  }
  if (total != unit.size() || rgb.size() > sizes.size()) return false;
  size_t done = 0, at = sizes.size() * kSizeBytes;
  bool good = true;
  for (size_t i = 0; i < rgb.size() && good; at += sizes[i++]) {
    m.padded.assign(sizes[i] + AV_INPUT_BUFFER_PADDING_SIZE, 0);
    std::memcpy(m.padded.data(), unit.data() + at, sizes[i]);
    m.packet->data = m.padded.data();
    m.packet->size = static_cast<int>(sizes[i]);
    good = sizes[i] > 0 && avcodec_send_packet(m.context, m.packet) >= 0 && m.receive(rgb, &done);
  }
  const bool held_back = good && done < rgb.size();
  if (held_back) good = avcodec_send_packet(m.context, nullptr) >= 0 && m.receive(rgb, &done);
  good = good && done == rgb.size();
  if (!good || held_back || rgb.size() < sizes.size()) avcodec_flush_buffers(m.context);
  return good;
}

double psnr(const uint8_t* a, const uint8_t* b, int64_t bytes) {
  const int64_t error = squared_error(a, b, bytes);
  return error == 0 ? 99
                    : 10 * std::log10(255.0 * 255.0 * static_cast<double>(bytes) /
                                      static_cast<double>(error));
}

}  // namespace dojo
