#include "dojo/model/ego.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/interpreter.h"
#include "dojo/model/blocks.h"
#include "dojo/model/mae.h"
#include "dojo/model/test_network.h"

namespace dojo {
namespace {

EgoOptions tiny() { return {.batch = 2, .frames = 3, .height = 32, .width = 48, .channels = 8}; }
EgoOptions tiny_vit() {
  return {.network = EgoNetwork::kVit,
          .batch = 2,
          .frames = 4,
          .height = 8,
          .width = 12,
          .channels = 12,
          .patch = 4,
          .layers = 1,
          .heads = 2};
}
const EgoScale kScale{.mean = {10, 0.01, 3}, .deviation = {5, 0.1, 40}, .frames = {9, 9, 9}};

std::vector<std::byte> noise_clip(const EgoOptions& o, uint64_t seed) {
  return noise_bytes(o.batch * o.frames * o.height * o.width * 3, seed);
}

Graph training_graph(const EgoOptions& o) {
  return loss_graph([&](Builder& b) { return ego_training(b, o, kScale); });
}

// What holds for both networks.
class EgoNetworks : public testing::TestWithParam<EgoOptions> {};

TEST_P(EgoNetworks, UntrainedItAnswersTheMeanSpeedStraightAhead) {
  const EgoOptions o = GetParam();
  const auto executor = make_interpreter(ego_inference(o, kScale));
  initialize(*executor, 1);
  executor->write("clip", noise_clip(o, 5));
  ASSERT_TRUE(executor->run());
  EXPECT_EQ(executor->read_f32("signals"), (std::vector<float>{10, 0, 0, 10, 0, 0}));
}

// Of an untrained network the loss can be counted: Huber's of each label's distance from the
// centre, in deviations.
TEST_P(EgoNetworks, TheLossIsTheMeanOverTheClipsThatHaveALabelOfEachSignal) {
  const EgoOptions o = GetParam();
  const auto executor = make_interpreter(training_graph(o), Precision::kDouble);
  initialize(*executor, 1);
  executor->write("clip", noise_clip(o, 5));
  const auto loss = [&](const std::vector<float>& labels, const std::vector<float>& known) {
    executor->write_f32("labels", labels);
    executor->write_f32("known", known);
    EXPECT_TRUE(executor->run());
    EXPECT_EQ(executor->read_scalar("loss"), executor->read_scalar("mean_loss"));
    return static_cast<double>(executor->read_scalar("loss"));
  };
  const std::vector<float> labels = {12.5, 0.3f, -20, 25, 0, 1e6};
  // Deviations: 0.5, 3, -0.5 and 3, 0, 25000. Huber: 0.125, 2.5, 0.125 and 2.5, 0, 24999.5.
  EXPECT_NEAR(loss(labels, {1, 1, 1, 1, 1, 0}), (2.625 / 2 + 2.5 / 2 + 0.125) / 3, 1e-5);
  EXPECT_NEAR(loss(labels, {0, 1, 0, 1, 0, 0}), (2.5 + 2.5) / 3, 1e-5);
  EXPECT_EQ(loss(labels, {0, 0, 0, 0, 0, 0}), 0);
  EXPECT_EQ(loss(labels, {1, 1, 1, 1, 1, 0}),
            loss({12.5, 0.3f, -20, 25, 0, 0}, {1, 1, 1, 1, 1, 0}));
}

TEST_P(EgoNetworks, TheMirrorImageTurnsTheOtherWayAtTheSameSpeed) {
  const EgoOptions o = GetParam();
  const auto executor = make_interpreter(ego_inference(o, kScale), Precision::kDouble);
  initialize(*executor, 1);
  randomise(*executor, "head.weight", 0.3);
  randomise(*executor, "head.bias", 0.3);
  const std::vector<std::byte> clip = noise_clip(o, 7);
  const auto answer = [&](const std::vector<std::byte>& frames) {
    executor->write("clip", frames);
    EXPECT_TRUE(executor->run());
    return executor->read_f32("signals");
  };
  const std::vector<float> seen = answer(clip), turned = answer(mirrored(clip, o.width));
  for (size_t i = 0; i < seen.size(); ++i)
    EXPECT_NEAR(turned[i], kEgoSignals[i % 3].changes_sign ? -seen[i] : seen[i], 1e-4) << i;
  EXPECT_GT(std::abs(seen[1] - seen[4]), 1e-5);  // it looked at the clips
}

TEST_P(EgoNetworks, TheOrderOfTheFramesMatters) {
  const EgoOptions o = GetParam();
  const auto executor = make_interpreter(ego_inference(o, kScale));
  initialize(*executor, 1);
  randomise(*executor, "head.weight", 0.3);
  std::vector<std::byte> clip = noise_clip(o, 7);
  const auto speed = [&] {
    executor->write("clip", clip);
    EXPECT_TRUE(executor->run());
    return executor->read_f32("signals")[0];
  };
  const float forwards = speed();
  const auto frame = static_cast<std::ptrdiff_t>(o.height * o.width * 3);
  std::swap_ranges(clip.begin(), clip.begin() + frame, clip.begin() + 2 * frame);
  EXPECT_GT(std::abs(forwards - speed()), 1e-3);
}

TEST_P(EgoNetworks, TrainingAndInferenceShareTheirParameters) {
  const auto trained = parameter_shapes(training_graph(GetParam()));
  EXPECT_EQ(trained, parameter_shapes(ego_inference(GetParam(), kScale)));
}

TEST_P(EgoNetworks, OptionsSurviveAsMetadata) {
  const EgoOptions read = ego_options_from(to_metadata(GetParam()));
  EXPECT_EQ(read.network, GetParam().network);
  EXPECT_EQ(to_metadata(read), to_metadata(GetParam()));
  EXPECT_EQ(parameter_shapes(training_graph(read)).size(),
            parameter_shapes(training_graph(GetParam())).size());
}

// So that it can start from what that learned.
TEST(Ego, TheTransformerHasTheEncoderOfTheMaskedAutoencoder) {
  const VitOptions vit{.clips = 2,
                       .frames = 4,
                       .height = 8,
                       .width = 12,
                       .patch = 4,
                       .channels = 12,
                       .layers = 1,
                       .heads = 2};
  const auto of_mae = parameter_shapes(mae_inference({.encoder = vit,
                                                      .masked = 0.7,
                                                      .decoder_channels = 12,
                                                      .decoder_layers = 1,
                                                      .decoder_heads = 2}));
  size_t shared = 0;
  for (const auto& [name, shape] : parameter_shapes(training_graph(tiny_vit()))) {
    if (!name.starts_with("encoder.")) continue;
    ASSERT_TRUE(of_mae.contains(name)) << name;
    EXPECT_EQ(of_mae.at(name), shape) << name;
    ++shared;
  }
  EXPECT_EQ(shared, 16u);  // 2 of the patches, 12 of the block, 2 of the norm
}

TEST(Ego, AClipInTheMirrorIsItsMirrorImage) {
  Builder b("mirror");
  b.output("y", mirrored_clip(b, b.data("clip", {Format::kU8, {2, 3, 4, 6, 3}})));
  const auto executor = make_interpreter(std::move(b).finish());
  const std::vector<std::byte> clip = noise_bytes(2 * 3 * 4 * 6 * 3, 5);
  executor->write("clip", clip);
  ASSERT_TRUE(executor->run());
  std::vector<std::byte> turned(clip.size());
  executor->read("y", turned);
  EXPECT_EQ(turned, mirrored(clip, 6));
}

TEST(Ego, ANetworkThatThereIsNotIsRefused) {
  ModelMetadata metadata = to_metadata(tiny_vit());
  metadata["network"] = "resnet";
  EXPECT_THROW(ego_options_from(metadata), Error);
  metadata = to_metadata(tiny());
  metadata["network"] = "vit";  // without its layers
  EXPECT_THROW(ego_options_from(metadata), Error);
  EgoOptions o = tiny_vit();
  o.frames = 3;
  EXPECT_THROW(check(o), Error);
  EXPECT_NO_THROW(check(ego_options(EgoNetwork::kVit)));
}

// Along a random direction in the space of all parameters.
TEST_P(EgoNetworks, TheGradientIsTheSlopeOfTheLoss) {
  const EgoOptions o = GetParam();
  Builder b("ego");
  const TaskGraph task = ego_training(b, o, kScale);
  std::vector<std::string> names;
  std::vector<ValueId> parameters;
  for (const Input& input : b.graph().inputs)
    if (input.role == Role::kParameter) {
      parameters.push_back(input.value);
      names.push_back(b.graph().value(input.value).name);
    }
  const auto found = gradients(b, task.loss, parameters);
  for (size_t i = 0; i < found.size(); ++i) b.output("d." + names[i], found[i]);
  b.output("loss", task.loss, true);
  const auto executor = make_interpreter(std::move(b).finish(), Precision::kDouble);
  initialize(*executor, 3);
  randomise(*executor, "head.weight", 0.3);
  executor->write("clip", noise_clip(o, 11));
  executor->write_f32("labels", std::vector<float>{12, 0.02f, 1, 8, -0.1f, -30});
  executor->write_f32("known", std::vector<float>{1, 1, 1, 1, 0, 1});

  ASSERT_TRUE(executor->run());
  double slope = 0;
  std::vector<std::vector<float>> at, way;
  for (const std::string& name : names) {
    Random random(9, stream_id(name));
    at.push_back(executor->read_f32(name));
    const std::vector<float> d = executor->read_f32("d." + name);
    way.emplace_back();
    double square = 0;
    for (size_t i = 0; i < d.size(); ++i) {
      way.back().push_back(static_cast<float>(0.1 * random.normal()));
      slope += static_cast<double>(d[i]) * static_cast<double>(way.back()[i]);
      square += static_cast<double>(d[i]) * static_cast<double>(d[i]);
    }
    EXPECT_GT(square, 0) << name;
  }
  const auto loss_at = [&](float step) {
    for (size_t p = 0; p < names.size(); ++p) {
      std::vector<float> values = at[p];
      for (size_t i = 0; i < values.size(); ++i) values[i] += step * way[p][i];
      executor->write_f32(names[p], values);
    }
    EXPECT_TRUE(executor->run());
    return static_cast<double>(executor->read_scalar("loss"));
  };
  constexpr float kStep = 2e-3f;
  const double difference = (loss_at(kStep) - loss_at(-kStep)) / (2 * static_cast<double>(kStep));
  EXPECT_GT(std::abs(slope), 1e-2);
  EXPECT_NEAR(difference, slope, 0.02 * std::abs(slope));
}

INSTANTIATE_TEST_SUITE_P(Each, EgoNetworks, testing::Values(tiny(), tiny_vit()),
                         [](const auto& network) {
                           return std::string(name(network.param.network));
                         });

}  // namespace
}  // namespace dojo
