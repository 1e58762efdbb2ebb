// What a frame costs on its way from a decoded picture to a network, and what feeding its YCbCr
// planes to the network instead of RGB would spare. One thread; microseconds of the processor for a
// frame, the best of three rounds. Not part of the default build:
//   cmake --build BUILD --target dojo_convert_bench
//   BUILD/dojo_convert_bench [--size HxW] [--frames N] FILE...
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "dojo/base/clock.h"
#include "dojo/video/decoder.h"
#include "dojo/video/media_source.h"
#include "dojo/video/picture.h"

extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace dojo {
namespace {

constexpr int kRepeats = 3;

double cpu_microseconds() { return 1e6 * thread_cpu_seconds(); }

// Planes 4:2:0 of the smaller size, by the library and the kernel that RgbConverter uses.
class PlanesConverter {
 public:
  PlanesConverter(int height, int width)
      : height_(height), width_(width), stride_((width + 127) / 64 * 64), planes_(3) {
    for (std::vector<uint8_t>& plane : planes_)
      plane.resize(static_cast<size_t>(stride_) * static_cast<size_t>(height) + 64);
  }
  ~PlanesConverter() { sws_freeContext(context_); }
  PlanesConverter(const PlanesConverter&) = delete;
  PlanesConverter& operator=(const PlanesConverter&) = delete;

  void convert(const AVFrame& picture) {
    const bool shrinks = width_ * 2 <= picture.width || height_ * 2 <= picture.height;
    context_ = sws_getCachedContext(
        context_, picture.width, picture.height, static_cast<AVPixelFormat>(picture.format), width_,
        height_, AV_PIX_FMT_YUV420P,
        (shrinks ? SWS_AREA : SWS_BICUBIC) | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr, nullptr,
        nullptr);
    uint8_t* const to[4] = {planes_[0].data(), planes_[1].data(), planes_[2].data(), nullptr};
    const int strides[4] = {stride_, stride_, stride_, 0};
    sws_scale(context_, picture.data, picture.linesize, 0, picture.height, to, strides);
  }

 private:
  int height_, width_, stride_;
  std::vector<std::vector<uint8_t>> planes_;
  SwsContext* context_ = nullptr;
};

struct Costs {
  double decode = 1e18, rgb = 1e18, planes = 1e18;
};

Costs measure(const std::string& path, int height, int width, int64_t most) {
  Costs best;
  RgbConverter to_rgb;
  PlanesConverter to_planes(height, width);
  std::vector<uint8_t> rgb(static_cast<size_t>(height) * static_cast<size_t>(width) * 3);
  const FrameIndex index = Decoder(open_source(path)).index();
  std::vector<int64_t> frames(static_cast<size_t>(std::min(most, index.num_frames())));
  std::iota(frames.begin(), frames.end(), 0);
  const auto n = static_cast<double>(frames.size());
  for (int i = 0; i < kRepeats; ++i) {
    Decoder decoder(open_source(path), index);
    double in_rgb = 0, in_planes = 0;
    const double start = cpu_microseconds();
    decoder.read(frames, [&](int64_t, const AVFrame* picture, const std::string&) {
      if (!picture) return;
      const double a = cpu_microseconds();
      to_rgb.convert(*picture, 0, height, width, rgb);
      const double b = cpu_microseconds();
      to_planes.convert(*picture);
      in_rgb += b - a;
      in_planes += cpu_microseconds() - b;
    });
    const double all = cpu_microseconds() - start;
    best.decode = std::min(best.decode, (all - in_rgb - in_planes) / n);
    best.rgb = std::min(best.rgb, in_rgb / n);
    best.planes = std::min(best.planes, in_planes / n);
  }
  return best;
}

}  // namespace
}  // namespace dojo

int main(int argc, char** argv) {
  int height = 128, width = 256;
  int64_t frames = 200;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--size" && i + 1 < argc && std::sscanf(argv[i + 1], "%dx%d", &height, &width) == 2)
      ++i;
    else if (arg == "--frames" && i + 1 < argc)
      frames = std::atoll(argv[++i]);
    else
      files.push_back(arg);
  }
  fmt::print(
      "| file | decode us | to RGB us | to planes us | planes spare of decoding and converting |\n"
      "|---|---|---|---|---|\n");
  for (const std::string& file : files) {
    const dojo::Costs c = dojo::measure(file, height, width, frames);
    fmt::print("| {} | {:.0f} | {:.0f} | {:.0f} | {:.1f} % |\n", file.substr(file.rfind('/') + 1),
               c.decode, c.rgb, c.planes, 100 * (c.rgb - c.planes) / (c.decode + c.rgb));
  }
  return files.empty() ? 2 : 0;
}
