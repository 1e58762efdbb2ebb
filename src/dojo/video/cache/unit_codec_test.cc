#include "dojo/video/cache/unit_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "dojo/base/error.h"
#include "dojo/video/cache/moving_picture.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

constexpr int64_t kHeight = 128, kWidth = 256;

using Frames = std::vector<std::vector<uint8_t>>;

std::vector<uint8_t> encode(UnitEncoder* encoder, const Frames& frames) {
  const std::vector<const uint8_t*> in = pointers(frames);
  const std::span<const uint8_t> unit = encoder->encode(in);
  return {unit.begin(), unit.end()};
}

Frames decode(UnitDecoder* decoder, std::span<const uint8_t> unit, size_t count,
              int64_t height = kHeight, int64_t width = kWidth) {
  Frames frames(count, std::vector<uint8_t>(static_cast<size_t>(height * width * 3)));
  const std::vector<uint8_t*> out = pointers(&frames);
  EXPECT_TRUE(decoder->decode(unit, out));
  return frames;
}

std::vector<UnitCodec> codecs() {
  std::vector<UnitCodec> all;
  for (const UnitCodec& c : {UnitCodec{}, UnitCodec{.encoder = "mpeg4", .quantiser = 3},
                             UnitCodec{.encoder = "mjpeg", .quantiser = 4}})
    try {
      UnitEncoder(c, kHeight, kWidth);
      all.push_back(c);
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kUnsupported);  // this FFmpeg lacks it
    }
  return all;
}

TEST(UnitCodec, ErrorIsBoundedAndSizeIsSmall) {
  ASSERT_FALSE(codecs().empty());
  for (const UnitCodec& codec : codecs()) {
    UnitEncoder encoder(codec, kHeight, kWidth);
    UnitDecoder decoder(codec.encoder, kHeight, kWidth);
    double worst = 99;
    int largest = 0;
    size_t bytes = 0;
    for (int64_t first = 0; first < 40; first += 8) {
      const Frames in = moving_pictures(kHeight, kWidth, first, 8);
      const std::vector<uint8_t> unit = encode(&encoder, in);
      bytes += unit.size();
      const Frames out = decode(&decoder, unit, 8);
      for (size_t i = 0; i < 8; ++i) {
        worst = std::min(worst, psnr(in[i].data(), out[i].data(), kHeight * kWidth * 3));
        for (size_t k = 0; k < in[i].size(); ++k)
          largest = std::max(largest, std::abs(int{in[i][k]} - int{out[i][k]}));
      }
    }
    // docs/video.md states what real clips have.
    EXPECT_GT(worst, 33) << codec.text();
    EXPECT_LE(largest, 64) << codec.text();
    EXPECT_LT(bytes / 40, kHeight * kWidth * 3 / 10) << codec.text();
    RecordProperty(codec.encoder + "_bytes_per_frame", static_cast<int>(bytes / 40));
    RecordProperty(codec.encoder + "_worst_psnr_x100", static_cast<int>(worst * 100));
    RecordProperty(codec.encoder + "_largest_error", largest);
  }
}

TEST(UnitCodec, AUnitDoesNotDependOnWhatWasCodedBefore) {
  for (const UnitCodec& codec : codecs()) {
    UnitEncoder busy(codec, kHeight, kWidth);
    UnitDecoder decoder(codec.encoder, kHeight, kWidth), other(codec.encoder, kHeight, kWidth);
    encode(&busy, Frames(8, std::vector<uint8_t>(kHeight * kWidth * 3, 255)));
    encode(&busy, moving_pictures(kHeight, kWidth, 500, 3));  // a short unit
    for (int64_t first : {0, 8, 80}) {
      const Frames in = moving_pictures(kHeight, kWidth, first, 8);
      UnitEncoder fresh(codec, kHeight, kWidth);
      const std::vector<uint8_t> a = encode(&busy, in), b = encode(&fresh, in);
      EXPECT_EQ(decode(&decoder, a, 8), decode(&other, b, 8)) << codec.text();
    }
  }
}

TEST(UnitCodec, FirstFramesComeWithoutTheRestAndSomeWithoutTheOthers) {
  for (const UnitCodec& codec : codecs()) {
    UnitEncoder encoder(codec, kHeight, kWidth);
    UnitDecoder decoder(codec.encoder, kHeight, kWidth);
    const std::vector<uint8_t> unit = encode(&encoder, moving_pictures(kHeight, kWidth, 0, 8));
    const Frames all = decode(&decoder, unit, 8);
    for (size_t count : {1, 5, 8, 3, 8}) {
      const Frames some = decode(&decoder, unit, count);
      ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << codec.text() << count;
    }
    std::vector<uint8_t> fifth(all[0].size());
    std::vector<uint8_t*> out(8, nullptr);
    out[4] = fifth.data();
    ASSERT_TRUE(decoder.decode(unit, out));
    EXPECT_EQ(fifth, all[4]);
  }
}

TEST(UnitCodec, TakesOddAndSmallSizesAndUnitsOfOne) {
  for (const UnitCodec& codec : codecs())
    for (const auto& [height, width] : {std::pair{33, 47}, {16, 16}, {160, 320}, {127, 255}}) {
      UnitEncoder encoder(codec, height, width);
      UnitDecoder decoder(codec.encoder, height, width);
      for (int64_t count : {1, 4}) {
        const Frames in = moving_pictures(height, width, 0, count);
        const Frames out =
            decode(&decoder, encode(&encoder, in), static_cast<size_t>(count), height, width);
        for (size_t i = 0; i < in.size(); ++i)
          EXPECT_GT(psnr(in[i].data(), out[i].data(), height * width * 3), 28)
              << codec.text() << " " << width << "x" << height;
      }
    }
}

TEST(UnitCodec, WhatIsNoUnitIsRefused) {
  for (const UnitCodec& codec : codecs()) {
    UnitEncoder encoder(codec, kHeight, kWidth);
    UnitDecoder decoder(codec.encoder, kHeight, kWidth);
    const std::vector<uint8_t> unit = encode(&encoder, moving_pictures(kHeight, kWidth, 0, 8));
    Frames frames = moving_pictures(kHeight, kWidth, 0, 9);
    const std::vector<uint8_t*> out = pointers(&frames);
    const std::span<uint8_t* const> eight(out.data(), 8);
    EXPECT_FALSE(decoder.decode(unit, out));  // of nine
    EXPECT_FALSE(decoder.decode({}, eight));
    for (size_t cut : {1, 4, 40, 1000})
      EXPECT_FALSE(decoder.decode(std::span(unit).first(unit.size() - cut), eight));
    UnitDecoder smaller(codec.encoder, 64, 128);
    Frames small = moving_pictures(64, 128, 0, 8);
    EXPECT_FALSE(smaller.decode(unit, pointers(&small)));
    EXPECT_TRUE(decoder.decode(unit, eight));  // and it goes on
  }
}

TEST(UnitCodec, MissingEncodersAndImpossibleSettingsAreErrors) {
  EXPECT_THROW(UnitEncoder({.encoder = "nosuch"}, 128, 256), Error);
  EXPECT_THROW(UnitDecoder("nosuch", 128, 256), Error);
  EXPECT_THROW(UnitEncoder({.encoder = "mpeg4"}, 0, 256), Error);
  EXPECT_THROW(UnitEncoder({.encoder = "mjpeg", .unit_frames = 0}, 16, 16), Error);
  ASSERT_TRUE(best_unit_codec());
  EXPECT_EQ(best_unit_codec()->unit_frames, 8);
}

}  // namespace
}  // namespace dojo
