// What was written, for tests: the content of a file of video, read with FFmpeg itself, and tables.
#pragma once

#include <gtest/gtest.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "dojo/video/telemetry/sei.h"

namespace dojo {

struct Decoded {
  std::vector<std::vector<uint8_t>> luma;  // [frames][H*W], studio range
  AVCodecID codec{};
  AVColorSpace space{};
  int64_t key_frames = 0, b_frames = 0;
  double rate = 0;
  std::vector<std::optional<VehicleState>> states;  // of each packet
  std::vector<double> seconds;                      // of each packet
};

inline Decoded decode(const std::string& path) {
  Decoded out;
  AVFormatContext* format = nullptr;
  EXPECT_EQ(avformat_open_input(&format, path.c_str(), nullptr, nullptr), 0);
  EXPECT_GE(avformat_find_stream_info(format, nullptr), 0);
  const AVStream* stream = format->streams[0];
  AVCodecContext* codec = avcodec_alloc_context3(avcodec_find_decoder(stream->codecpar->codec_id));
  avcodec_parameters_to_context(codec, stream->codecpar);
  codec->thread_count = 1;
  avcodec_open2(codec, nullptr, nullptr);
  out.codec = stream->codecpar->codec_id;
  out.space = stream->codecpar->color_space;
  out.rate = av_q2d(stream->avg_frame_rate);
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();
  for (bool more = true; more;) {
    more = av_read_frame(format, packet) >= 0;
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

// Rows of a table by column.
using Table = std::map<std::string, std::vector<double>>;
inline Table read_table(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line, field;
  std::getline(file, line);
  std::vector<std::string> names;
  for (std::stringstream header(line); std::getline(header, field, ',');) names.push_back(field);
  Table table;
  while (std::getline(file, line)) {
    std::stringstream row(line);
    for (const std::string& name : names) {
      std::getline(row, field, ',');
      table[name].push_back(std::stod(field));
    }
  }
  return table;
}

}  // namespace dojo
