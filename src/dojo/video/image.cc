#include "dojo/video/image.h"

#include <string_view>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace dojo {

std::vector<uint8_t> encode_png(std::span<const uint8_t> rgb, int64_t width, int64_t height) {
  DOJO_CHECK(static_cast<int64_t>(rgb.size()) == width * height * 3 && width > 0 && height > 0);
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
  if (!codec) throw Error(Category::kUnsupported, "this FFmpeg has no PNG encoder");
  AVCodecContext* encoder = avcodec_alloc_context3(codec);
  AVFrame* frame = av_frame_alloc();
  AVPacket* packet = av_packet_alloc();
  DOJO_CHECK(encoder && frame && packet);
  encoder->width = frame->width = static_cast<int>(width);
  encoder->height = frame->height = static_cast<int>(height);
  encoder->pix_fmt = AV_PIX_FMT_RGB24;
  frame->format = AV_PIX_FMT_RGB24;
  encoder->time_base = {1, 1};
  encoder->thread_count = 1;
  encoder->compression_level = 6;
  std::vector<uint8_t> bytes;
  bool good = avcodec_open2(encoder, codec, nullptr) >= 0 && av_frame_get_buffer(frame, 0) >= 0;
  if (good) {
    for (int64_t y = 0; y < height; ++y)
      std::memcpy(frame->data[0] + y * frame->linesize[0], rgb.data() + y * width * 3,
                  static_cast<size_t>(width * 3));
    good = avcodec_send_frame(encoder, frame) >= 0 && avcodec_receive_packet(encoder, packet) >= 0;
  }
  if (good) bytes.assign(packet->data, packet->data + packet->size);
  av_packet_free(&packet);
  av_frame_free(&frame);
  avcodec_free_context(&encoder);
  if (!good)
    throw Error(Category::kIo,
                fmt::format("the PNG encoder failed on a picture of {}x{}", width, height));
  return bytes;
}

void write_png(const std::string& path, std::span<const uint8_t> rgb, int64_t width,
               int64_t height) {
  const std::vector<uint8_t> bytes = encode_png(rgb, width, height);
  write_file_atomic(path,
                    std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace dojo
