#include "dojo/train/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace dojo {
namespace {

constexpr ClipGeometry kGeometry = {
    .frames = 4, .in_height = 40, .in_width = 60, .height = 32, .width = 48};
constexpr AugmentOptions kNothing = {
    .flip = 0, .flip_vertical = 0, .crop = 0, .brightness = 0, .synthetic = 0};

std::vector<uint8_t> ramps(
    const ClipGeometry& g) {  // red grows to the right, green downwards, blue with time
  std::vector<uint8_t> clip;
  for (int64_t t = 0; t < g.frames; ++t)
    for (int64_t y = 0; y < g.in_height; ++y)
      for (int64_t x = 0; x < g.in_width; ++x) {
        clip.push_back(static_cast<uint8_t>(4 * x));
        clip.push_back(static_cast<uint8_t>(6 * y));
        clip.push_back(static_cast<uint8_t>(50 * t));
      }
  return clip;
}

std::vector<uint8_t> augmented(const AugmentOptions& o, const ClipGeometry& g, uint64_t seed) {
  std::vector<uint8_t> out(static_cast<size_t>(g.frames * g.height * g.width * 3));
  augment_clip(o, g, Random(seed), ramps(g), out);
  return out;
}

TEST(AugmentClip, WithoutVariationAndWithEqualSizesIsACopy) {
  ClipGeometry g = kGeometry;
  g.height = g.in_height;
  g.width = g.in_width;
  EXPECT_EQ(augmented(kNothing, g, 1), ramps(g));
}

TEST(AugmentClip, ShrinkingKeepsRampsAsRamps) {
  const auto out = augmented(kNothing, kGeometry, 1);
  for (int64_t y = 2; y < 30; ++y)
    for (int64_t x = 2; x < 46; ++x) {
      const size_t i = static_cast<size_t>(((2 * 32 + y) * 48 + x) * 3);
      ASSERT_NEAR(out[i], 4 * ((static_cast<double>(x) + 0.5) * 1.25 - 0.5), 1);
      ASSERT_NEAR(out[i + 1], 6 * ((static_cast<double>(y) + 0.5) * 1.25 - 0.5), 1);
      ASSERT_EQ(out[i + 2], 100);
    }
}

TEST(AugmentClip, IsAPureFunctionOfTheRandomStream) {
  EXPECT_EQ(augmented({}, kGeometry, 7), augmented({}, kGeometry, 7));
  EXPECT_NE(augmented({}, kGeometry, 7), augmented({}, kGeometry, 8));
}

TEST(AugmentClip, MirrorsTheWholeClip) {
  AugmentOptions o = kNothing;
  o.flip = 1;
  const auto out = augmented(o, kGeometry, 1), plain = augmented(kNothing, kGeometry, 1);
  for (int64_t x = 0; x < 48; ++x)
    EXPECT_EQ(out[static_cast<size_t>(x * 3)], plain[static_cast<size_t>((47 - x) * 3)]);
}

TEST(AugmentClip, SyntheticMotionShowsOneStillFrameThatMovesSteadily) {
  AugmentOptions o = kNothing;
  o.synthetic = 1;
  const auto out = augmented(o, kGeometry, 3);
  const size_t frame = 32 * 48 * 3;
  double first_step = 0, two_steps = 0;
  for (size_t i = 0; i < frame; ++i) {
    ASSERT_EQ(
        out[i - i % 3 + 2],
        out[frame * 3 + i - i % 3 + 2]);  // blue is the time of the still frame: the same in all
    first_step += std::abs(out[frame + i] - out[i]);
    two_steps += std::abs(out[2 * frame + i] - out[i]);
  }
  EXPECT_GT(first_step, 0);
  EXPECT_GT(two_steps, 1.2 * first_step);
}

TEST(AugmentClip, IsMirroredAsItSays) {
  AugmentOptions o = kNothing;
  o.flip = 0.5;
  o.crop = 1;
  o.brightness = 1;
  int mirrored = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const std::vector<uint8_t> out = augmented(o, kGeometry, seed);
    const bool falls = out[0] > out[static_cast<size_t>(3 * (kGeometry.width - 1))];
    EXPECT_EQ(is_mirrored(o, Random(seed)), falls) << seed;
    mirrored += falls;
  }
  EXPECT_GT(mirrored, 8);
  EXPECT_LT(mirrored, 32);
}

}  // namespace
}  // namespace dojo
