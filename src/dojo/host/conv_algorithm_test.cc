#include "dojo/host/conv_algorithm.h"

#include <gtest/gtest.h>

#include <limits>

namespace dojo::host {
namespace {

// 3x3 with the same size of results, `tiles` of them 4x4.
onednn::ConvShape shape(int64_t channels, int64_t tiles) {
  return {.n = 1,
          .c = channels,
          .h = 4,
          .w = 4 * tiles,
          .m = channels,
          .out_h = 4,
          .out_w = 4 * tiles,
          .kernel_h = 3,
          .kernel_w = 3,
          .top = 1,
          .left = 1,
          .bottom = 1,
          .right = 1};
}

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

ConvAlgorithm by_rule(const onednn::ConvShape& s) {
  return choose_conv_algorithm(s, ConvWork::kForward, nullptr, kNoLimit);
}

TEST(ConvAlgorithm, TheRuleWantsManyChannelsAndTwiceAsManyTiles) {
  EXPECT_EQ(by_rule(shape(32, 64)), ConvAlgorithm::kWinograd);
  EXPECT_EQ(by_rule(shape(16, 64)), ConvAlgorithm::kOneDnn);
  EXPECT_EQ(by_rule(shape(32, 63)), ConvAlgorithm::kOneDnn);
  EXPECT_EQ(by_rule(shape(64, 127)), ConvAlgorithm::kOneDnn);
  EXPECT_EQ(by_rule(shape(64, 128)), ConvAlgorithm::kWinograd);
}

TEST(ConvAlgorithm, WhatWinogradDoesNotKnowIsLeftToOneDnn) {
  onednn::ConvShape strided = shape(32, 64), grouped = strided, odd = shape(40, 96);
  strided.stride_h = strided.stride_w = 2;
  grouped.group = 2;
  for (const onednn::ConvShape& s : {strided, grouped, odd}) {
    EXPECT_FALSE(winograd_of(s));
    EXPECT_EQ(by_rule(s), ConvAlgorithm::kOneDnn);
  }
}

TEST(ConvAlgorithm, NothingIsTimedThatCannotFitIntoTheMemory) {
  int64_t timed = 0;
  Algorithms algorithms({.file = "", .progress = [&](int64_t, const std::string&) { ++timed; }});
  onednn::ConvShape huge = shape(64, 1 << 20);
  huge.n = 1 << 10;  // 1 PiB of images
  EXPECT_EQ(choose_conv_algorithm(huge, ConvWork::kForward, &algorithms, int64_t{1} << 40),
            ConvAlgorithm::kWinograd);
  EXPECT_EQ(timed, 0);
  choose_conv_algorithm(shape(32, 2), ConvWork::kForward, &algorithms, kNoLimit);
  EXPECT_EQ(timed, 1);
}

}  // namespace
}  // namespace dojo::host
