#include "dojo/model/mae.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/graph/interpreter.h"
#include "dojo/model/test_mae.h"
#include "dojo/model/test_network.h"

namespace dojo {
namespace {

std::vector<std::byte> noise_clip(const MaeOptions& o, uint64_t seed) {
  const VitOptions& e = o.encoder;
  return noise_bytes(e.clips * e.frames * e.height * e.width * 3, seed);
}

std::unique_ptr<Executor> executor_of(const MaeOptions& o) {
  Builder b("mae");
  const TaskGraph task = mae_training(b, o);
  b.output("loss", task.loss, true);
  b.output("answer", task.answer);
  for (const auto& [name, value] : task.metrics) b.output(name, value);
  auto executor = make_interpreter(std::move(b).finish(), Precision::kDouble);
  initialize(*executor, 1);
  return executor;
}

void feed(Executor& e, const TubeMask& mask) {
  e.write("visible", std::as_bytes(std::span(mask.visible)));
  e.write("masked", std::as_bytes(std::span(mask.masked)));
}

TEST(Mae, AMaskIsATubeOfTheShareAskedFor) {
  MaeOptions o;
  for (const double share : {0.75, 0.9}) {
    o.masked = share;
    const int64_t places = 98, visible = o.visible_places(), tokens = o.encoder.tokens();
    EXPECT_NEAR(static_cast<double>(visible), (1 - share) * static_cast<double>(places), 0.51);
    Random random(5);
    const TubeMask mask = tube_mask(o, random);
    ASSERT_EQ(std::ssize(mask.visible), o.encoder.clips * o.visible_tokens());
    ASSERT_EQ(std::ssize(mask.masked), o.encoder.clips * o.masked_tokens());
    std::vector<std::set<int64_t>> seen_places;
    for (int64_t clip = 0; clip < o.encoder.clips; ++clip) {
      std::set<int32_t> all;
      const auto part = [&](const std::vector<int32_t>& list, int64_t count) {
        std::set<int64_t> found;
        for (int64_t i = 0; i < count; ++i) {
          const int32_t token = list[static_cast<size_t>(clip * count + i)];
          EXPECT_TRUE(all.insert(token).second) << token;
          found.insert(token % places);
        }
        return found;
      };
      seen_places.push_back(part(mask.visible, o.visible_tokens()));
      EXPECT_EQ(std::ssize(seen_places.back()), visible);  // the same in each frame
      EXPECT_EQ(std::ssize(part(mask.masked, o.masked_tokens())), places - visible);
      EXPECT_EQ(std::ssize(all), tokens);
      EXPECT_EQ(*all.begin(), 0);
      EXPECT_EQ(*all.rbegin(), tokens - 1);
    }
    EXPECT_NE(seen_places[0], seen_places[1]);
  }
}

// Over many masks each place is visible as often as any other.
TEST(Mae, EveryPlaceIsVisibleEquallyOften) {
  const MaeOptions o = tiny_mae();
  Random random(7);
  std::vector<int> count(6, 0);
  constexpr int kMasks = 3000;
  for (int i = 0; i < kMasks; ++i)
    for (int32_t token : tube_mask(o, random).visible) ++count[static_cast<size_t>(token % 6)];
  const double expected = kMasks * 2.0 * static_cast<double>(o.visible_tokens()) / 6;
  for (int n : count) EXPECT_NEAR(n, expected, 0.05 * expected);
}

TEST(Mae, WhatIsHiddenChangesTheLossOnlyAndNotTheAnswer) {
  const MaeOptions o = tiny_mae();
  const auto executor = executor_of(o);
  Random random(5);
  const TubeMask mask = tube_mask(o, random);
  feed(*executor, mask);
  std::vector<std::byte> clip = noise_clip(o, 3);
  const auto run = [&] {
    executor->write("clip", clip);
    EXPECT_TRUE(executor->run());
    return std::pair(executor->read_f32("answer"), executor->read_scalar("loss"));
  };
  const auto before = run();
  // The first pixel of a place of the first frame lies at (row * 4, column * 4).
  const auto change = [&](int32_t token) {
    const int64_t row = token / 3 * 4, column = token % 3 * 4;
    auto& byte = clip[static_cast<size_t>((row * 12 + column) * 3)];
    byte = static_cast<std::byte>(std::to_integer<int>(byte) ^ 128);
  };
  ASSERT_LT(mask.masked[0], 6);
  change(mask.masked[0]);
  const auto hidden = run();
  EXPECT_EQ(hidden.first, before.first);
  EXPECT_NE(hidden.second, before.second);
  ASSERT_LT(mask.visible[0], 6);
  change(mask.visible[0]);
  EXPECT_NE(run().first, before.first);
}

// A channel of a tubelet with n values of mean 0 and unbiased variance 1 has a mean square of
// (n - 1) / n; of one without any contrast it is 0.
TEST(Mae, TheLossOfPredictingTheMeanIsThatOfNormalisedValues) {
  const MaeOptions o = tiny_mae();
  const auto executor = executor_of(o);
  Random random(5);
  feed(*executor, tube_mask(o, random));
  executor->write("clip", noise_clip(o, 3));
  ASSERT_TRUE(executor->run());
  EXPECT_NEAR(executor->read_scalar("patch_mean_mse"), 31.0 / 32, 1e-4);
  std::vector<std::byte> grey(noise_clip(o, 3).size(), std::byte{77});
  executor->write("clip", grey);
  ASSERT_TRUE(executor->run());
  EXPECT_NEAR(executor->read_scalar("patch_mean_mse"), 0, 1e-9);
}

TEST(Mae, AnIndexThatIsNoTokenIsRefused) {
  const MaeOptions o = tiny_mae();
  const auto executor = executor_of(o);
  Random random(5);
  TubeMask mask = tube_mask(o, random);
  mask.masked[3] = static_cast<int32_t>(o.encoder.tokens());
  feed(*executor, mask);
  executor->write("clip", noise_clip(o, 3));
  try {
    executor->run();
    FAIL() << "there was no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_NE(e.message().find("index 12 of tuple 3"), std::string::npos) << e.message();
  }
}

TEST(Mae, SenselessOptionsAreRefused) {
  for (const double share : {0.0, 1.0, -1.0, double(NAN)}) {
    MaeOptions o;
    o.masked = share;
    EXPECT_THROW(check(o), Error) << share;
  }
  MaeOptions narrow, one;
  narrow.decoder_channels = 100;
  EXPECT_THROW(check(narrow), Error);
  one.encoder.height = one.encoder.width = 16;
  EXPECT_THROW(check(one), Error);
  EXPECT_NO_THROW(check(MaeOptions()));
  MaeOptions few;  // four places: nine tenths of them would be all
  few.encoder.height = few.encoder.width = 32;
  EXPECT_THROW(check(few), Error);
  few.masked = 0.75;
  EXPECT_NO_THROW(check(few));
}

// What an evaluation says of each clip is, on average, what the training step says of the batch;
// and hidden pixels are told exactly where the answer is the truth.
TEST(Mae, TheEvaluationTellsTheLossOfEachClipAndPixelsWithTheTrueContrast) {
  MaeOptions o = tiny_mae();
  const auto training = executor_of(o);
  const auto inference = make_interpreter(mae_inference(o), Precision::kDouble);
  initialize(*inference, 1);  // the same names, the same first values
  Random random(5);
  const TubeMask mask = tube_mask(o, random);
  const std::vector<std::byte> clip = noise_clip(o, 3);
  for (Executor* e : {training.get(), inference.get()}) {
    feed(*e, mask);
    e->write("clip", clip);
    ASSERT_TRUE(e->run());
  }
  for (const auto& [one, all] : {std::pair("mse", "loss"), {"patch_mean_mse", "patch_mean_mse"}}) {
    const std::vector<float> each = inference->read_f32(one);
    ASSERT_EQ(each.size(), 2u);
    EXPECT_NEAR((each[0] + each[1]) / 2, training->read_scalar(all), 1e-5);
  }
  const std::vector<float> mse = inference->read_f32("mse");
  EXPECT_GT(std::abs(mse[0] - mse[1]), 1e-4f);
  // Of the first hidden tubelet's first channel: 2 frames of 4x4 pixels of a clip 12 wide.
  const std::vector<float> answer = training->read_f32("answer"),
                           pixels = inference->read_f32("pixels");
  const int64_t row = mask.masked[0] / 3 * 4, column = mask.masked[0] % 3 * 4;
  std::vector<double> truth;
  for (int64_t t = 0; t < 2; ++t)
    for (int64_t y = 0; y < 4; ++y)
      for (int64_t x = 0; x < 4; ++x)
        truth.push_back(static_cast<double>(std::to_integer<int>(
                            clip[static_cast<size_t>(((t * 8 + row + y) * 12 + column + x) * 3)])) /
                        255);
  double mean = 0, squares = 0;
  for (double v : truth) mean += v / 32;
  for (double v : truth) squares += (v - mean) * (v - mean);
  const double deviation = std::sqrt(squares / 31);
  for (size_t i = 0; i < 32; ++i)
    EXPECT_NEAR(static_cast<double>(pixels[i]), mean + deviation * static_cast<double>(answer[i]),
                1e-5);
}

TEST(Mae, OptionsSurviveAsMetadataAndSenselessOnesAreInputErrors) {
  MaeOptions o = tiny_mae();
  const ModelMetadata good = to_metadata(o);
  const MaeOptions read = mae_options_from(good);
  EXPECT_EQ(to_metadata(read), good);
  EXPECT_EQ(read.encoder.patch, 4);
  EXPECT_EQ(read.encoder.heads, 2);
  EXPECT_EQ(read.masked, 0.7);
  EXPECT_EQ(read.decoder_channels, 12);
  for (const auto& [key, value] : good) {
    ModelMetadata missing = good;
    missing.erase(key);
    EXPECT_THROW(mae_options_from(missing), Error) << key;
  }
  for (const auto& [key, value] : {std::pair("masked", "nan"),
                                   {"masked", "0.9x"},
                                   {"masked", "1e999"},
                                   {"masked", "1"},
                                   {"patch", "0"},
                                   {"patch", "3"},
                                   {"frames", "3"},
                                   {"layers", "1,1"},
                                   {"frames", "9223372036854775807"},
                                   {"height", "16384"},
                                   {"channels", "x"},
                                   {"layers", "100000"},
                                   {"heads", "-2"},
                                   {"decoder_channels", "14"},
                                   {"decoder_heads", "0"},
                                   {"decoder_layers", ""}}) {
    ModelMetadata bad = good;
    bad[key] = value;
    if (std::string_view(key) == "height") bad["width"] = "16384";  // too many tokens
    try {
      mae_options_from(bad);
      ADD_FAILURE() << key << "=" << value;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput) << key << "=" << value;
    }
  }
}

TEST(Mae, AWidthComesWithHeadsAndADecoderInProportion) {
  MaeOptions o;
  const MaeOptions usual;
  set_width(&o, usual.encoder.channels);
  EXPECT_EQ(to_metadata(o), to_metadata(usual));
  for (int64_t channels = 12; channels <= 1536; channels += 12) {
    set_width(&o, channels);
    EXPECT_NO_THROW(check(o)) << channels;
  }
  EXPECT_THROW(set_width(&o, 18), Error);
  EXPECT_THROW(set_width(&o, 0), Error);
}

}  // namespace
}  // namespace dojo
