#include "dojo/model/ego.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "dojo/base/random.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/interpreter.h"
#include "dojo/model/test_network.h"

namespace dojo {
namespace {

EgoOptions tiny() { return {.batch = 2, .frames = 3, .height = 32, .width = 48, .channels = 8}; }
const EgoScale kScale{.mean = {10, 0.01, 3}, .deviation = {5, 0.1, 40}, .frames = {9, 9, 9}};

std::vector<std::byte> noise_clip(const EgoOptions& o, uint64_t seed) {
  return noise_bytes(o.batch * o.frames * o.height * o.width * 3, seed);
}

Graph training_graph(const EgoOptions& o) {
  return loss_graph([&](Builder& b) { return ego_training(b, o, kScale); });
}

TEST(Ego, UntrainedItAnswersTheMeanSpeedStraightAhead) {
  const EgoOptions o = tiny();
  const auto executor = make_interpreter(ego_inference(o, kScale));
  initialize(*executor, 1);
  executor->write("clip", noise_clip(o, 5));
  ASSERT_TRUE(executor->run());
  EXPECT_EQ(executor->read_f32("signals"), (std::vector<float>{10, 0, 0, 10, 0, 0}));
}

// Of an untrained network the loss can be counted: Huber's of each label's distance from the
// centre, in deviations.
TEST(Ego, TheLossIsTheMeanOverTheClipsThatHaveALabelOfEachSignal) {
  const EgoOptions o = tiny();
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

TEST(Ego, TheMirrorImageTurnsTheOtherWayAtTheSameSpeed) {
  const EgoOptions o = tiny();
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

TEST(Ego, TheOrderOfTheFramesMatters) {
  const EgoOptions o = tiny();
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

TEST(Ego, TrainingAndInferenceShareTheirParameters) {
  const auto trained = parameter_shapes(training_graph(tiny()));
  EXPECT_EQ(trained, parameter_shapes(ego_inference(tiny(), kScale)));
  EXPECT_EQ(trained.count("encoder.block.a.weight"), 1u);
}

// Along a random direction in the space of all parameters.
TEST(Ego, TheGradientIsTheSlopeOfTheLoss) {
  const EgoOptions o = tiny();
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

}  // namespace
}  // namespace dojo
