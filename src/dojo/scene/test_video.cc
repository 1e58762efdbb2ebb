// Reading video back with FFmpeg itself, for the tests beside this file.
#include "dojo/scene/test_video.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>

namespace dojo {

Decoded decode(const std::string& path, const ChangePacket& change) {
  Decoded out;
  AVFormatContext* format = nullptr;
  EXPECT_EQ(avformat_open_input(&format, path.c_str(), nullptr, nullptr), 0);
  EXPECT_GE(avformat_find_stream_info(format, nullptr), 0);
  const AVStream* stream = format->streams[0];
  AVCodecContext* codec = avcodec_alloc_context3(avcodec_find_decoder(stream->codecpar->codec_id));
  avcodec_parameters_to_context(codec, stream->codecpar);
  codec->thread_count = 1;
  avcodec_open2(codec, nullptr, nullptr);
  out.codec = avcodec_get_name(stream->codecpar->codec_id);
  out.space = av_color_space_name(stream->codecpar->color_space);
  out.rate = av_q2d(stream->avg_frame_rate);
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();
  for (bool more = true; more;) {
    more = av_read_frame(format, packet) >= 0;
    if (more && change) {
      const std::vector<uint8_t> bytes = change({packet->data, static_cast<size_t>(packet->size)});
      AVPacket* changed = av_packet_alloc();
      EXPECT_EQ(av_new_packet(changed, static_cast<int>(bytes.size())), 0);
      av_packet_copy_props(changed, packet);
      std::copy(bytes.begin(), bytes.end(), changed->data);
      av_packet_free(&packet);
      packet = changed;
    }
    if (more) {
      out.states.push_back(find_state({packet->data, static_cast<size_t>(packet->size)}, 4));
      out.seconds.push_back(static_cast<double>(packet->pts) * av_q2d(stream->time_base));
    }
    out.key_frames += more && packet->flags & AV_PKT_FLAG_KEY;
    avcodec_send_packet(codec, more ? packet : nullptr);
    while (avcodec_receive_frame(codec, frame) >= 0) {
      out.b_frames += frame->pict_type == AV_PICTURE_TYPE_B;
      std::vector<uint8_t>& y = out.luma.emplace_back();
      for (int r = 0; r < frame->height; ++r) {
        const uint8_t* row = frame->data[0] + r * frame->linesize[0];
        y.insert(y.end(), row, row + frame->width);
      }
    }
    av_packet_unref(packet);
  }
  av_packet_free(&packet);
  av_frame_free(&frame);
  avcodec_free_context(&codec);
  avformat_close_input(&format);
  return out;
}

}  // namespace dojo
