#include "dojo/model/predict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/interpreter.h"

namespace dojo {
namespace {

PredictOptions tiny() {
  return {.batch = 2,
          .frames = 3,
          .height = 16,
          .width = 32,
          .channels = 8,
          .levels = {4, 2},
          .rounds = {2, 1}};
}

std::vector<std::byte> noise_clip(const PredictOptions& o, uint64_t seed) {
  Random random(seed);
  std::vector<std::byte> clip(
      static_cast<size_t>(o.batch * (o.frames + 1) * o.height * o.width * 3));
  for (std::byte& v : clip) v = static_cast<std::byte>(random.below(256));
  return clip;
}

Graph training_graph(const PredictOptions& o) {
  Builder b("predict");
  const TaskGraph task = predict_training(b, o);
  b.output("loss", task.loss, true);
  for (const auto& [name, value] : task.metrics) b.output(name, value);
  return std::move(b).finish();
}

TEST(Predict, StartsExactlyAtCopyLast) {
  const PredictOptions o = tiny();
  const auto executor = make_interpreter(training_graph(o), Precision::kDouble);
  initialize(*executor, 1);
  executor->write("clip", noise_clip(o, 5));
  ASSERT_TRUE(executor->run());
  EXPECT_GT(executor->read_scalar("copy_last_mse"), 0.1);  // two noise frames: 1/6
  EXPECT_NEAR(executor->read_scalar("mse"), executor->read_scalar("copy_last_mse"), 1e-6);
}

TEST(Predict, UntrainedInferenceReturnsTheLastFrame) {
  const PredictOptions o = tiny();
  const auto executor = make_interpreter(predict_inference(o));
  initialize(*executor, 1);
  Random random(3);
  std::vector<float> frames(static_cast<size_t>(o.batch * o.frames * o.height * o.width * 3));
  for (float& v : frames) v = static_cast<float>(random.uniform());
  executor->write_f32("frames", frames);
  ASSERT_TRUE(executor->run());
  const std::vector<float> next = executor->read_f32("next");
  const size_t frame = next.size() / static_cast<size_t>(o.batch), clip = 3 * frame;
  for (size_t i = 0; i < frame; ++i)
    ASSERT_NEAR(next[frame + i], frames[clip + 2 * frame + i], 1e-5);
}

TEST(Predict, TheMirrorImageOfTheFramesGivesTheMirrorImageOfThePrediction) {
  const PredictOptions o = tiny();
  const auto executor = make_interpreter(predict_inference(o), Precision::kDouble);
  initialize(*executor, 1);
  Random random(9);
  for (const char* head : {"level4.head", "level2.head", "final"}) {  // not zero, as after training
    const std::string name = std::string(head) + ".weight";
    const Input* input = executor->graph().find_input(name);
    std::vector<float> weight(
        static_cast<size_t>(executor->graph().type(input->value).num_elements()));
    for (float& v : weight) v = static_cast<float>(0.1 * random.normal());
    executor->write_f32(name, weight);
  }
  std::vector<float> frames(static_cast<size_t>(o.batch * o.frames * o.height * o.width * 3));
  for (float& v : frames) v = static_cast<float>(random.uniform());
  const auto mirrored = [&](const std::vector<float>& images) {  // [..., W, 3]
    std::vector<float> out(images.size());
    const size_t w = static_cast<size_t>(o.width);
    for (size_t i = 0; i < images.size(); ++i) {
      const size_t row = i / (3 * w), x = i / 3 % w;
      out[(row * w + (w - 1 - x)) * 3 + i % 3] = images[i];
    }
    return out;
  };
  const auto predicted = [&](const std::vector<float>& images) {
    executor->write_f32("frames", images);
    EXPECT_TRUE(executor->run());
    return executor->read_f32("next");
  };
  const std::vector<float> next = mirrored(predicted(frames)), other = predicted(mirrored(frames));
  for (size_t i = 0; i < next.size(); ++i) {
    ASSERT_NEAR(next[i], other[i], 1e-4);
  }
}

TEST(Predict, TrainingAndInferenceShareTheirParameters) {
  const auto parameters = [](const Graph& g) {
    std::map<std::string, Shape> found;
    for (const Input& input : g.inputs)
      if (input.role == Role::kParameter)
        found[g.value(input.value).name] = g.type(input.value).shape;
    return found;
  };
  EXPECT_EQ(parameters(training_graph(tiny())), parameters(predict_inference(tiny())));
  EXPECT_EQ(parameters(training_graph(tiny())).count("level4.block0.a.weight"), 1u);
}

TEST(Predict, EveryParameterGetsAGradient) {
  Builder b("predict");
  const TaskGraph task = predict_training(b, tiny());
  std::vector<ValueId> parameters;
  for (const Input& input : b.graph().inputs)
    if (input.role == Role::kParameter) parameters.push_back(input.value);
  const auto gradient = gradients(b, task.loss, parameters);
  ASSERT_EQ(gradient.size(), parameters.size());
  for (size_t i = 0; i < gradient.size(); ++i) {
    EXPECT_EQ(b.shape(gradient[i]), b.shape(parameters[i]));
    EXPECT_NE(b.graph().value(gradient[i]).producer, kNoNode);
  }
}

TEST(Predict, OptionsSurviveAsMetadata) {
  PredictOptions o = tiny();
  o.batch = PredictOptions().batch;  // not part of the architecture
  const auto metadata = to_metadata(o);
  EXPECT_EQ(to_metadata(predict_options_from(metadata)), metadata);
  EXPECT_EQ(predict_options_from(metadata).levels, o.levels);
}

TEST(Predict, SenselessOptionsAreRefused) {
  const auto category = [](const std::map<std::string, std::string>& metadata) {
    try {
      predict_options_from(metadata);
    } catch (const Error& e) {
      return std::string(name(e.category()));
    }
    return std::string("accepted");
  };
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"frames", "1"},
                                                        {"height", "17"},
                                                        {"width", "-32"},
                                                        {"channels", "12"},
                                                        {"levels", "8,2"},
                                                        {"levels", ""},
                                                        {"rounds", "2"},
                                                        {"rounds", "2,99999999999999999999"}}) {
    auto metadata = to_metadata(tiny());
    metadata[key] = value;
    EXPECT_EQ(category(metadata), "input") << key << "=" << value;
  }
  EXPECT_EQ(category({}), "input");
  PredictOptions o = tiny();
  o.height = 17;
  EXPECT_THROW(check(o), Error);
}

}  // namespace
}  // namespace dojo
