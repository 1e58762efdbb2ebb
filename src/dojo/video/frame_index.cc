#include "dojo/video/frame_index.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "dojo/base/check.h"
#include "dojo/base/crc32c.h"
#include "dojo/base/error.h"
#include "dojo/video/media_file.h"
#include "dojo/video/packet_table.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
}

namespace dojo {
namespace {

struct ReadPacket : Packet {
  int64_t dts = 0;
  int64_t order =
      0;  // H.264 and HEVC: the picture's place in the order of output, as the stream says
};

// Reads the picture order count of H.264 and HEVC packets. Cameras exist whose time stamps
// contradict it; the decoder obeys the count, so such files must be found out.
class PictureOrder {
 public:
  explicit PictureOrder(const AVCodecParameters& p) {
    if (p.codec_id != AV_CODEC_ID_H264 && p.codec_id != AV_CODEC_ID_HEVC) return;
    parser_ = av_parser_init(p.codec_id);
    context_ = avcodec_alloc_context3(nullptr);
    DOJO_CHECK(parser_ && context_);
    avcodec_parameters_to_context(context_, &p);
    parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  }
  ~PictureOrder() {
    if (parser_) av_parser_close(parser_);
    avcodec_free_context(&context_);
  }
  PictureOrder(const PictureOrder&) = delete;
  PictureOrder& operator=(const PictureOrder&) = delete;

  int64_t of(const AVPacket& packet, bool start) {
    if (!parser_) return 0;
    uint8_t* data = nullptr;
    int size = 0;
    av_parser_parse2(parser_, context_, &data, &size, packet.data, packet.size, packet.pts,
                     packet.dts, packet.pos);
    // The count begins anew at each instantaneous refresh, and only there may it fall to 0 at a
    // key.
    const int64_t count = parser_->output_picture_number;
    if (start && count <= 0) ++period_;
    return period_ * (int64_t{1} << 33) + count;
  }

 private:
  AVCodecParserContext* parser_ = nullptr;
  AVCodecContext* context_ = nullptr;
  int64_t period_ = 0;
};

// The NAL unit types of an H.264 or HEVC packet, whether its units carry lengths (MP4) or start
// codes.
template <typename Visit>
void visit_nal_headers(const uint8_t* data, int size, const AVCodecParameters& p,
                       const Visit& visit) {
  const bool has_config = p.extradata_size > 0 && p.extradata[0] == 1;
  if (has_config) {
    const int at = p.codec_id == AV_CODEC_ID_H264 ? 4 : 21;
    const int length_bytes = p.extradata_size > at ? (p.extradata[at] & 3) + 1 : 4;
    for (int64_t i = 0; i + length_bytes < size;) {
      int64_t length = 0;
      for (int k = 0; k < length_bytes; ++k) length = length << 8 | data[i + k];
      i += length_bytes;
      visit(data[i]);
      i += length;
    }
  } else {
    for (int i = 0; i + 3 < size; ++i)
      if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) visit(data[i + 3]);
  }
}

// Whether every picture that follows this key packet in presentation order can be decoded without
// what came before it. A container's key flag does not promise it: H.264 recovery points are
// flagged too.
bool decoding_starts(const AVPacket& packet, const AVCodecParameters& p) {
  if (!(packet.flags & AV_PKT_FLAG_KEY)) return false;
  bool start = false;
  if (p.codec_id == AV_CODEC_ID_H264) {
    visit_nal_headers(packet.data, packet.size, p,
                      [&](uint8_t header) { start |= (header & 31) == 5; });  // IDR
  } else if (p.codec_id == AV_CODEC_ID_HEVC) {
    visit_nal_headers(packet.data, packet.size, p, [&](uint8_t header) {
      const int type = header >> 1 & 63;
      start |=
          type >= 16 && type <= 21;  // BLA, IDR, CRA: leading pictures belong to the key before
    });
  } else {
    switch (p.codec_id) {
      case AV_CODEC_ID_AV1:
      case AV_CODEC_ID_VP9:
      case AV_CODEC_ID_VP8:
      case AV_CODEC_ID_MPEG4:
      case AV_CODEC_ID_MJPEG:
      case AV_CODEC_ID_PNG:
        return true;
      default:
        return false;
    }
  }
  return start;
}

// Codecs where each packet of an MP4 or Matroska file is exactly one shown picture.
bool one_picture_each(AVCodecID id) {
  return id == AV_CODEC_ID_H264 || id == AV_CODEC_ID_HEVC || id == AV_CODEC_ID_AV1 ||
         id == AV_CODEC_ID_VP9 || id == AV_CODEC_ID_MJPEG || id == AV_CODEC_ID_PNG;
}

// The times of the frames of a sequential decode, by decoding all. `by_pts`: every frame has a time
// of its own, and they ascend. Where they do not, frame i gets the i-th time.
std::vector<int64_t> count_by_decoding(MediaFile& file, bool* by_pts) {
  const AVStream& s = *file.stream();
  const AVRational rate = av_guess_frame_rate(file.format(), file.stream(), nullptr);
  const int64_t step = rate.num > 0 && rate.den > 0
                           ? std::max<int64_t>(1, av_rescale_q(1, av_inv_q(rate), s.time_base))
                           : 1;
  std::vector<int64_t> pts;
  *by_pts = true;
  for (bool more = true; more;) {
    more = file.read();
    file.send(more ? file.packet() : nullptr);
    while (AVFrame* frame = file.receive()) {
      int64_t t = frame->pts != AV_NOPTS_VALUE ? frame->pts : frame->best_effort_timestamp;
      if (frame->pts == AV_NOPTS_VALUE || (!pts.empty() && t <= pts.back())) *by_pts = false;
      if (t == AV_NOPTS_VALUE) t = pts.empty() ? 0 : pts.back() + step;
      pts.push_back(t);
    }
    file.take_complaints();  // damaged parts are found again, frame by frame, when clips are read
  }
  if (!*by_pts) {
    std::sort(pts.begin(), pts.end());
    for (size_t i = 1; i < pts.size(); ++i) pts[i] = std::max(pts[i], pts[i - 1] + 1);
  }
  return pts;
}

}  // namespace

const FrameIndex::Key& FrameIndex::key_before(int64_t frame) const {
  const auto after = std::upper_bound(keys.begin(), keys.end(), frame,
                                      [](int64_t f, const Key& k) { return f < k.frame; });
  return *(after - 1);  // the first key has frame 0
}

double FrameIndex::seconds(int64_t frame) const {
  return static_cast<double>(pts[static_cast<size_t>(frame)]) * static_cast<double>(time_base_num) /
         static_cast<double>(time_base_den);
}

uint32_t packet_crc_of(const AVPacket& packet) {
  const auto crc = [](const uint8_t* data, size_t size, uint32_t before) {
    return crc32c(std::span(data, size), before);
  };
  uint32_t sum = crc(packet.data, static_cast<size_t>(packet.size), 0);
  for (int i = 0; i < packet.side_data_elems; ++i)
    if (const AVPacketSideData& side = packet.side_data[i]; side.type == AV_PKT_DATA_NEW_EXTRADATA)
      sum = crc(side.data, side.size, sum);
  return sum;
}

uint32_t header_crc_of(const MediaFile& file) {
  const AVCodecParameters& p = *file.stream()->codecpar;
  const AVRational base = file.stream()->time_base;
  const std::string facts =
      fmt::format("{} {} {} {} {} {} {} {} {} {} {}", static_cast<int>(p.codec_id), p.width,
                  p.height, p.format, static_cast<int>(p.color_range),
                  static_cast<int>(p.color_space), static_cast<int>(p.color_primaries),
                  static_cast<int>(p.color_trc), base.num, base.den, file.rotation());
  return crc32c(std::span(p.extradata, static_cast<size_t>(p.extradata_size)), crc32c(facts));
}

FrameIndex build_index(MediaFile& file) {
  FrameIndex index;
  const AVCodecParameters& p = *file.stream()->codecpar;
  index.codec = avcodec_get_name(p.codec_id);
  index.container = file.container();
  const char* pixel_format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(p.format));
  index.pixel_format = pixel_format ? pixel_format : "unknown";
  index.rotation = file.rotation();
  index.stored_width = p.width;
  index.stored_height = p.height;
  index.width = index.rotation % 180 ? p.height : p.width;
  index.height = index.rotation % 180 ? p.width : p.height;
  index.time_base_num = file.stream()->time_base.num;
  index.time_base_den = file.stream()->time_base.den;

  const bool good_container = index.container.find("mp4") != std::string::npos ||
                              index.container.find("matroska") != std::string::npos ||
                              index.container == "pictures";
  bool complete_times = good_container;  // every packet has a time of its own
  std::vector<ReadPacket> packets;
  PictureOrder order(p);
  const auto most = static_cast<size_t>(std::max<int64_t>(0, file.file_bytes()));
  while (file.read()) {
    const AVPacket& packet = *file.packet();
    if (packets.size() >= most)  // an edit list can make millions of a few
      throw Error(Category::kInput,
                  fmt::format("its tables make more packets of it than it has bytes, {}", most),
                  file.path());
    complete_times &= packet.pts != AV_NOPTS_VALUE;
    if (av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, nullptr))
      complete_times = false;
    const bool start = decoding_starts(packet, p);
    packets.push_back({{.pts = packet.pts,
                        .offset = packet.pos,
                        .size = packet.size,
                        .crc = packet_crc_of(packet),
                        .key = start,
                        .shown = !(packet.flags & AV_PKT_FLAG_DISCARD)},
                       packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts,
                       order.of(packet, start)});
  }
  if (packets.empty())
    throw Error(Category::kInput,
                "the file has no video packet" +
                    (file.end_reason().empty() ? "" : " (" + file.end_reason() + ")"),
                file.path());
  const std::string end_reason = file.end_reason();
  index.packets = encode_packets(std::vector<Packet>(packets.begin(), packets.end()));
  index.header_crc = header_crc_of(file);

  std::vector<int64_t> times;  // of the packets that are shown
  for (const ReadPacket& packet : packets)
    if (packet.shown) times.push_back(packet.pts);
  std::sort(times.begin(), times.end());
  complete_times &= std::adjacent_find(times.begin(), times.end()) == times.end();
  std::vector<ReadPacket> by_time(packets);
  std::sort(by_time.begin(), by_time.end(),
            [](const ReadPacket& a, const ReadPacket& b) { return a.pts < b.pts; });
  complete_times &=
      std::is_sorted(by_time.begin(), by_time.end(),
                     [](const ReadPacket& a, const ReadPacket& b) { return a.order < b.order; });
  const bool starts_well =
      packets[0].key && std::all_of(packets.begin(), packets.end(),
                                    [&](const ReadPacket& q) { return q.pts >= packets[0].pts; });

  index.counted = !(complete_times && starts_well && one_picture_each(p.codec_id));
  if (!index.counted) {
    index.pts = std::move(times);
    index.seekable = true;
  } else {
    file.restart();
    bool by_pts = false;
    index.pts = count_by_decoding(file, &by_pts);
    index.seekable = complete_times && starts_well && by_pts &&
                     std::includes(times.begin(), times.end(), index.pts.begin(), index.pts.end());
  }
  if (index.pts.empty())
    throw Error(Category::kInput, "the file has no picture that can be shown", file.path());

  // Numbers of the packets; those that are not shown get the number of the next shown one.
  const auto number = [&](int64_t pts) {
    return std::lower_bound(index.pts.begin(), index.pts.end(), pts) - index.pts.begin();
  };
  if (index.seekable) {
    for (const ReadPacket& packet : packets) {
      const int64_t n = number(packet.pts);
      if (packet.key && n < index.num_frames()) {
        if (!index.keys.empty() && index.keys.back().frame == n)
          index.keys.pop_back();  // the earlier shows nothing
        index.keys.push_back({n, n, packet.pts, packet.dts});
      } else if (!index.keys.empty()) {
        index.keys.back().leading = std::min(index.keys.back().leading, n);
      }
    }
    std::sort(index.keys.begin(), index.keys.end(),
              [](const auto& a, const auto& b) { return a.frame < b.frame; });
  }
  if (index.keys.empty() || index.keys[0].frame != 0)
    index.keys.insert(index.keys.begin(), {0, 0, packets[0].pts, packets[0].dts});
  if (!end_reason.empty())
    index.note =
        fmt::format("the file ends early, after frame {} ({:.3f} s): {}", index.num_frames() - 1,
                    index.seconds(index.num_frames() - 1), end_reason);
  return index;
}

}  // namespace dojo
