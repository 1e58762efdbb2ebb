#include "dojo/numerics/bias.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dojo/base/random.h"

namespace dojo {
namespace {

constexpr FloatKind kConfigurable[] = {FloatKind::kCFloat8_1_4_3, FloatKind::kCFloat8_1_5_2,
                                       FloatKind::kShp};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

BiasChoice choice(FloatKind kind, const std::vector<float>& x, double share = 0) {
  BiasCounts counts(kind);
  counts.add(x);
  return counts.choose(share);
}

TEST(Bias, MaxAbsIsTheLargestBiasThatHoldsTheLargestNumber) {
  for (FloatKind kind : kConfigurable) {
    for (int bias = 0; bias <= kMaxBias; ++bias) {
      const auto most = static_cast<float>(largest(float_format(kind, bias)));
      EXPECT_EQ(choice(kind, {0, most / 3, -most}).bias, bias);
      EXPECT_EQ(choice(kind, {std::nextafter(most, 0.0f)}).bias, bias);
      const BiasChoice beyond = choice(kind, {std::nextafter(most, kInfinity)});
      EXPECT_EQ(beyond.bias, std::max(0, bias - 1));
      EXPECT_EQ(beyond.saturated, bias == 0 ? 1 : 0);
    }
  }
}

TEST(Bias, CountsAreWhatCountingOneByOneGives) {
  for (FloatKind kind : kConfigurable) {
    Random random(1);
    std::vector<float> x;
    for (int i = 0; i < 2001; ++i)
      x.push_back(static_cast<float>(random.normal() * std::exp2(random.uniform(-70, 35))));
    x.insert(x.end(), {0, -0.0f, kInfinity, -kInfinity, NAN, -NAN, 0x1p-149f});
    BiasCounts counts(kind);
    counts.add(x);
    EXPECT_EQ(counts.nans(), 2);
    EXPECT_EQ(counts.numbers(), std::ssize(x) - 2);
    EXPECT_EQ(counts.nonzero(), std::ssize(x) - 4);
    for (int bias = 0; bias <= kMaxBias; ++bias) {
      const double most = largest(float_format(kind, bias));
      int64_t expected = 0;
      for (float v : x) expected += std::fabs(static_cast<double>(v)) > most;
      ASSERT_EQ(counts.saturated(bias), expected) << bias;
    }
  }
}

TEST(Bias, PercentileLetsThatShareSaturate) {
  std::vector<float> x(1000, 1.0f);
  for (size_t i = 0; i < 10; ++i) x[i * 97] = 1000;  // one in a hundred
  const FloatKind kind = FloatKind::kCFloat8_1_4_3;
  EXPECT_EQ(choice(kind, x).bias, 5);         // 1.875 * 2^9 < 1000 <= 1.875 * 2^10
  EXPECT_EQ(choice(kind, x, 0.009).bias, 5);  // ten of a thousand are more than nine
  const BiasChoice percentile = choice(kind, x, 0.01);
  EXPECT_EQ(percentile.bias, 15);
  EXPECT_EQ(percentile.saturated, 10);
}

TEST(Bias, WhatNoBiasHoldsIsCounted) {
  const BiasChoice infinite = choice(FloatKind::kCFloat8_1_4_3, {1, kInfinity, 70000});
  EXPECT_EQ(infinite.bias, 0);
  EXPECT_EQ(infinite.saturated, 2);
  EXPECT_EQ(choice(FloatKind::kCFloat8_1_4_3, {NAN, 1}).bias, 15);
}

TEST(Bias, ZerosAreHeldByEveryBias) {
  EXPECT_EQ(choice(FloatKind::kShp, {}).bias, kMaxBias);
  EXPECT_EQ(choice(FloatKind::kShp, {0, -0.0f}).bias, kMaxBias);
}

TEST(Bias, PiecesGiveTheCountsOfTheWhole) {
  Random random(2);
  std::vector<float> x(1000);
  for (float& v : x) v = static_cast<float>(random.normal() * std::exp2(random.uniform(-70, 35)));
  BiasCounts whole(FloatKind::kShp), a(FloatKind::kShp), b(FloatKind::kShp);
  whole.add(x);
  a.add(std::span(x).first(333));
  b.add(std::span(x).subspan(333));
  a.add(b);
  for (int bias = 0; bias <= kMaxBias; ++bias) EXPECT_EQ(a.saturated(bias), whole.saturated(bias));
  EXPECT_EQ(a.nonzero(), whole.nonzero());
}

void observe(DelayedBias* delayed, float x) {
  BiasCounts counts(FloatKind::kCFloat8_1_4_3);
  counts.add(std::vector{x});
  delayed->observe(counts);
}

TEST(Bias, DelayedIsTheLeastOfTheLatestSteps) {
  DelayedBias delayed({.window = 3, .margin = 1, .initial_bias = 20});
  EXPECT_EQ(delayed.bias(), 20);
  observe(&delayed, 0);  // says nothing
  EXPECT_EQ(delayed.bias(), 20);
  observe(&delayed, 1);
  EXPECT_EQ(delayed.bias(), 14);
  observe(&delayed, 8);
  EXPECT_EQ(delayed.bias(), 11);
  observe(&delayed, 1);
  EXPECT_EQ(delayed.bias(), 11);
  observe(&delayed, 1);
  EXPECT_EQ(delayed.bias(), 11);
  DelayedBias resumed({.window = 3, .margin = 1, .initial_bias = 20});
  resumed.restore(delayed.history());
  observe(&delayed, 1);  // the step with 8 is forgotten
  EXPECT_EQ(delayed.bias(), 14);
  observe(&resumed, 1);
  EXPECT_EQ(resumed.bias(), 14);
  observe(&delayed, 1e9f);
  EXPECT_EQ(delayed.bias(), 0);
}

}  // namespace
}  // namespace dojo
