#include "dojo/video/planes_to_rgb.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "dojo/base/random.h"

namespace dojo {
namespace {

// Weights of red and blue in luma: ITU-R BT.709-6, BT.601-7, BT.2020-2. FFmpeg's tables follow:
// 65536 * 255 / 224 times the inverse matrix.
struct Matrix {
  double kr, kb;
  int table[4];
};
Matrix matrix(double kr, double kb) {
  const double kg = 1 - kr - kb, scale = 65536.0 * 255 / 224;
  const auto whole = [&](double v) { return static_cast<int>(std::lround(v * scale)); };
  return {kr,
          kb,
          {whole(2 * (1 - kr)), whole(2 * (1 - kb)), whole(2 * (1 - kb) * kb / kg),
           whole(2 * (1 - kr) * kr / kg)}};
}
const Matrix kMatrices[] = {matrix(0.2126, 0.0722), matrix(0.299, 0.114), matrix(0.2627, 0.0593)};

TEST(PlanesToRgb, VectorsGiveTheBytesOfTheDefinition) {
  Random random(1, stream_id("planes"));
  for (int64_t width : {1, 7, 16, 31, 32, 33, 64, 127, 256, 321})
    for (const Matrix& m : kMatrices)
      for (bool full : {false, true}) {
        std::vector<uint8_t> planes(static_cast<size_t>(3 * width));
        for (uint8_t& b : planes)  // extremes are where arithmetic overflows
          b = random.chance(0.3) ? (random.chance(0.5) ? 255 : 0)
                                 : static_cast<uint8_t>(random.below(256));
        const uint8_t* y = planes.data();
        const ColourWeights weights = ColourWeights::of(m.table, full);
        std::vector<uint8_t> fast(planes.size()), slow(planes.size());
        planes_to_rgb(y, y + width, y + 2 * width, width, weights, fast.data());
        planes_to_rgb_scalar(y, y + width, y + 2 * width, width, weights, slow.data());
        ASSERT_EQ(fast, slow) << width;
      }
}

TEST(PlanesToRgb, EveryColourIsThatOfTheStandardWithinARounding) {
  for (const Matrix& m : kMatrices)
    for (bool full : {false, true}) {
      const ColourWeights weights = ColourWeights::of(m.table, full);
      const double kg = 1 - m.kr - m.kb;
      double worst = 0;
      for (int y = 0; y < 256; y += 3)
        for (int u = 0; u < 256; u += 3)
          for (int v = 0; v < 256; v += 3) {
            const auto y8 = static_cast<uint8_t>(y), u8 = static_cast<uint8_t>(u),
                       v8 = static_cast<uint8_t>(v);
            uint8_t rgb[3];
            planes_to_rgb(&y8, &u8, &v8, 1, weights, rgb);
            const double luma = full ? y : (y - 16) * 255.0 / 219;
            const double cb = (u - 128) * (full ? 1 : 255.0 / 224),
                         cr = (v - 128) * (full ? 1 : 255.0 / 224);
            const double exact[3] = {
                luma + 2 * (1 - m.kr) * cr,
                luma - 2 * (1 - m.kb) * m.kb / kg * cb - 2 * (1 - m.kr) * m.kr / kg * cr,
                luma + 2 * (1 - m.kb) * cb};
            for (int c = 0; c < 3; ++c)
              worst = std::max(worst, std::abs(rgb[c] - std::clamp(exact[c], 0.0, 255.0)));
          }
      EXPECT_LE(worst, 0.6);
      EXPECT_GE(worst, 0.49);  // the test looks at something
    }
}

TEST(PlanesToRgb, GreyStaysGreyBlackIsBlackAndWhiteIsWhite) {
  for (bool full : {false, true}) {
    const ColourWeights weights = ColourWeights::of(kMatrices[0].table, full);
    for (int y = 0; y < 256; ++y) {
      const auto y8 = static_cast<uint8_t>(y);
      const uint8_t middle = 128;
      uint8_t rgb[3];
      planes_to_rgb(&y8, &middle, &middle, 1, weights, rgb);
      EXPECT_EQ(rgb[0], rgb[1]);
      EXPECT_EQ(rgb[0], rgb[2]);
      EXPECT_NEAR(rgb[0], full ? y : std::clamp((y - 16) * 255.0 / 219, 0.0, 255.0), 0.6);
      if (full || y <= 16 || y >= 235) {  // exact at the ends, and everywhere in full range
        EXPECT_EQ(rgb[0], full ? y : y <= 16 ? 0 : 255);
      }
    }
  }
}

}  // namespace
}  // namespace dojo
