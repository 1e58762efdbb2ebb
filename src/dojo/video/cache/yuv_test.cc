#include "dojo/video/cache/yuv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "dojo/base/random.h"

namespace dojo {
namespace {

struct Picture {
  int64_t height, width;
  std::vector<uint8_t> y, cb, cr;
  Picture(int64_t h, int64_t w)
      : height(h),
        width(w),
        y(static_cast<size_t>((h + 1) / 2 * 2 * stride())),
        cb(static_cast<size_t>((h + 1) / 2 * stride())),
        cr(cb) {}
  int64_t stride() const { return (width + 1) / 2 * 2 + 6; }
  YuvPlanes<uint8_t> planes() { return {y.data(), cb.data(), cr.data(), stride(), stride()}; }
  YuvPlanes<const uint8_t> planes() const {
    return {y.data(), cb.data(), cr.data(), stride(), stride()};
  }
  bool operator==(const Picture&) const = default;
};

std::vector<uint8_t> random_bytes(int64_t n, uint64_t seed) {
  Random random(seed, stream_id("yuv"));
  std::vector<uint8_t> bytes(static_cast<size_t>(n));
  for (uint8_t& b : bytes)  // extremes are where arithmetic overflows
    b = random.chance(0.3) ? (random.chance(0.5) ? 255 : 0)
                           : static_cast<uint8_t>(random.below(256));
  return bytes;
}

TEST(Yuv, VectorsGiveTheBytesOfTheDefinition) {
  for (int64_t height : {2, 3, 16, 17})
    for (int64_t width : {1, 2, 15, 16, 31, 32, 33, 64, 127, 128, 200, 256, 321}) {
      const std::vector<uint8_t> rgb =
          random_bytes(height * width * 3, static_cast<uint64_t>(height * 1000 + width));
      Picture fast(height, width), slow(height, width);
      rgb_to_yuv420(rgb.data(), height, width, fast.planes());
      rgb_to_yuv420_scalar(rgb.data(), height, width, slow.planes());
      ASSERT_EQ(fast, slow) << height << "x" << width;
      // Back from planes that no picture has.
      slow.y = random_bytes(static_cast<int64_t>(slow.y.size()), 5);
      slow.cb = random_bytes(static_cast<int64_t>(slow.cb.size()), 6);
      slow.cr = random_bytes(static_cast<int64_t>(slow.cr.size()), 7);
      std::vector<uint8_t> a(rgb.size()), b(rgb.size());
      const Picture& planes = slow;
      yuv420_to_rgb(planes.planes(), height, width, a.data());
      yuv420_to_rgb_scalar(planes.planes(), height, width, b.data());
      ASSERT_EQ(a, b) << height << "x" << width;
    }
}

TEST(Yuv, EveryColourComesBackWithinThreeLevels) {
  int worst = 0;
  for (int r = 0; r < 256; r += 3)
    for (int g = 0; g < 256; g += 3) {
      // Pixels of one colour in 2x2, so that nothing is lost by sharing it.
      const int64_t width = 172;
      std::vector<uint8_t> rgb(static_cast<size_t>(2 * width * 3)), back(rgb.size());
      for (int64_t x = 0; x < width; ++x)
        for (int64_t row = 0; row < 2; ++row) {
          uint8_t* p = rgb.data() + (row * width + x) * 3;
          p[0] = static_cast<uint8_t>(r), p[1] = static_cast<uint8_t>(g);
          p[2] = static_cast<uint8_t>(x / 2 * 3);
        }
      Picture yuv(2, width);
      rgb_to_yuv420(rgb.data(), 2, width, yuv.planes());
      yuv420_to_rgb(std::as_const(yuv).planes(), 2, width, back.data());
      for (size_t i = 0; i < rgb.size(); ++i)
        worst = std::max(worst, std::abs(int{rgb[i]} - int{back[i]}));
    }
  EXPECT_LE(worst, 3);
}

TEST(Yuv, GreyStaysAsItIs) {
  std::vector<uint8_t> rgb(256 * 2 * 3);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i / 3);
  Picture yuv(2, 256);
  rgb_to_yuv420(rgb.data(), 2, 256, yuv.planes());
  std::vector<uint8_t> back(rgb.size());
  yuv420_to_rgb(std::as_const(yuv).planes(), 2, 256, back.data());
  EXPECT_EQ(back, rgb);
}

TEST(Yuv, SquaredErrorIsTheSumOfSquares) {
  for (int64_t n : {0, 1, 63, 64, 1000, 98304, 600001}) {
    std::vector<uint8_t> a = random_bytes(n, 1), b = random_bytes(n, 2);
    int64_t sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    EXPECT_EQ(squared_error(a.data(), b.data(), n), sum);
    std::fill(a.begin(), a.end(), uint8_t{255});
    std::fill(b.begin(), b.end(), uint8_t{0});
    EXPECT_EQ(squared_error(a.data(), b.data(), n), n * 65025);
  }
}

}  // namespace
}  // namespace dojo
