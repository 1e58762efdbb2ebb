#include "dojo/video/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <tuple>
#include <vector>

#include "dojo/base/random.h"

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

namespace dojo {
namespace {

struct FreeFrame {
  void operator()(AVFrame* f) const { av_frame_free(&f); }
};
using Frame = std::unique_ptr<AVFrame, FreeFrame>;

// Sample `value(component, y, x)`, in 0..255, at each place of each plane.
template <class Value>
Frame make_frame(AVPixelFormat format, int width, int height, Value value) {
  Frame frame(av_frame_alloc());
  frame->format = format;
  frame->width = width;
  frame->height = height;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  for (int c = 0; c < d->nb_components; ++c) {
    const AVComponentDescriptor& at = d->comp[c];
    const bool colour = (c == 1 || c == 2) && !(d->flags & AV_PIX_FMT_FLAG_RGB);
    const int h = colour ? AV_CEIL_RSHIFT(height, d->log2_chroma_h) : height,
              w = colour ? AV_CEIL_RSHIFT(width, d->log2_chroma_w) : width;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        uint8_t* to =
            frame->data[at.plane] + y * frame->linesize[at.plane] + x * at.step + at.offset;
        const int v = value(c, y, x) << (at.depth - 8) << at.shift;
        *to = static_cast<uint8_t>(v);
        if (at.depth > 8) to[1] = static_cast<uint8_t>(v >> 8);
      }
  }
  return frame;
}

std::vector<uint8_t> convert(const AVFrame& frame, int rotation, int64_t height, int64_t width) {
  std::vector<uint8_t> rgb(static_cast<size_t>(height * width * 3));
  RgbConverter().convert(frame, rotation, height, width, rgb);
  return rgb;
}

// A strong orange, Y'CbCr (130, 60, 190), by the definition of each standard (BT.709-6, BT.601-7,
// BT.2020-2), with black at 16 or 0.
TEST(Picture, ColoursFollowTheStreamsMatrixAndRangeInEveryFormat) {
  const std::tuple<AVColorSpace, double, double> matrices[] = {
      {AVCOL_SPC_BT709, 0.2126, 0.0722},
      {AVCOL_SPC_SMPTE170M, 0.299, 0.114},
      {AVCOL_SPC_BT2020_NCL, 0.2627, 0.0593}};
  for (const auto& [space, kr, kb] : matrices)
    for (bool full : {false, true})
      for (AVPixelFormat format : {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P,
                                   AV_PIX_FMT_NV12, AV_PIX_FMT_YUV420P10}) {
        const std::array<int, 3> colour = {130, 60, 190};
        const Frame frame = make_frame(
            format, 64, 48, [&](int c, int, int) { return colour[static_cast<size_t>(c)]; });
        frame->colorspace = space;
        frame->color_range = full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
        const double luma = full ? 130 : (130 - 16) * 255.0 / 219,
                     cb = (60 - 128) * (full ? 1 : 255.0 / 224),
                     cr = (190 - 128) * (full ? 1 : 255.0 / 224), kg = 1 - kr - kb;
        const double want[3] = {luma + 2 * (1 - kr) * cr,
                                luma - (2 * (1 - kb) * kb * cb + 2 * (1 - kr) * kr * cr) / kg,
                                luma + 2 * (1 - kb) * cb};
        for (auto [h, w] : {std::pair{16, 32}, {48, 64}, {70, 90}}) {
          const std::vector<uint8_t> rgb = convert(*frame, 0, h, w);
          for (size_t i = 0; i < rgb.size(); ++i)
            ASSERT_NEAR(rgb[i], std::clamp(want[i % 3], 0.0, 255.0), 1.6)
                << av_get_pix_fmt_name(format) << " " << space << " " << full << " at " << i;
        }
      }
}

TEST(Picture, WithoutNamedColoursTheNumberOfLinesTells) {
  const auto green = [](int height) {
    const Frame frame = make_frame(AV_PIX_FMT_YUV420P, 64, height,
                                   [](int c, int, int) { return c == 0 ? 120 : 60; });
    return convert(*frame, 0, 8, 8)[1];
  };
  EXPECT_NE(green(718), green(720));
  EXPECT_EQ(green(720), green(1080));
}

// The plain mean over each output pixel's rectangle of the source, in real numbers.
TEST(Picture, ShrinkingTakesTheMeanOverEachPixelsArea) {
  Random random(3, stream_id("picture"));
  const int height = 96, width = 160;
  std::vector<int> luma(static_cast<size_t>(height * width));
  for (int& v : luma) v = 16 + static_cast<int>(random.below(220));
  const Frame frame = make_frame(AV_PIX_FMT_YUV420P, width, height, [&](int c, int y, int x) {
    return c == 0 ? luma[static_cast<size_t>(y * width + x)] : 128;
  });
  for (auto [h, w] : {std::pair{24, 40}, {16, 32}, {48, 80}}) {
    const std::vector<uint8_t> rgb = convert(*frame, 0, h, w);
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        double sum = 0;
        for (int sy = y * height / h; sy < (y + 1) * height / h; ++sy)
          for (int sx = x * width / w; sx < (x + 1) * width / w; ++sx)
            sum += luma[static_cast<size_t>(sy * width + sx)];
        const double mean = sum * h * w / (height * width);
        ASSERT_NEAR(rgb[static_cast<size_t>((y * w + x) * 3)], (mean - 16) * 255 / 219, 1.6)
            << h << "x" << w << " at " << y << ", " << x;
      }
  }
}

TEST(Picture, TurnsClockwiseWhateverTheFormat) {
  // Four flat quarters, so that turned pictures can be told apart.
  for (AVPixelFormat format : {AV_PIX_FMT_YUV420P, AV_PIX_FMT_GRAY8, AV_PIX_FMT_RGB24}) {
    const Frame frame = make_frame(format, 64, 32, [&](int c, int y, int x) {
      const bool luma = c == 0 || format == AV_PIX_FMT_RGB24;
      return luma ? 40 + 60 * (y / 16) + 30 * (x / 32) : 128;
    });
    const auto corners = [&](int rotation) {  // top left, top right, bottom left, bottom right
      const bool turned = rotation % 180 != 0;
      const int64_t h = turned ? 64 : 32, w = turned ? 32 : 64;
      const std::vector<uint8_t> rgb = convert(*frame, rotation, h, w);
      const auto at = [&](int64_t y, int64_t x) {
        return rgb[static_cast<size_t>((y * w + x) * 3)];
      };
      return std::array{at(2, 2), at(2, w - 3), at(h - 3, 2), at(h - 3, w - 3)};
    };
    const auto [a, b, c, d] = corners(0);
    EXPECT_LT(a, b);
    EXPECT_LT(b, c);
    EXPECT_LT(c, d);
    EXPECT_EQ(corners(90), (std::array{c, a, d, b})) << av_get_pix_fmt_name(format);
    EXPECT_EQ(corners(180), (std::array{d, c, b, a})) << av_get_pix_fmt_name(format);
    EXPECT_EQ(corners(270), (std::array{b, d, a, c})) << av_get_pix_fmt_name(format);
  }
}

}  // namespace
}  // namespace dojo
