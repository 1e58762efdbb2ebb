#include "dojo/model/predict.h"

#include <gtest/gtest.h>

#include "dojo/graph/autodiff.h"
#include "dojo/graph/interpreter.h"
#include "dojo/model/test_network.h"

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

Graph training_graph(const PredictOptions& o) {
  return loss_graph([&](Builder& b) { return predict_training(b, o); });
}

int64_t input_numbers(const PredictOptions& o) {
  return o.batch * o.frames * o.height * o.width * 3;
}

TEST(Predict, StartsExactlyAtCopyLast) {
  const PredictOptions o = tiny();
  const auto executor = make_interpreter(training_graph(o), Precision::kDouble);
  initialize(*executor, 1);
  executor->write("clip", noise_bytes(o.batch * (o.frames + 1) * o.height * o.width * 3, 5));
  ASSERT_TRUE(executor->run());
  EXPECT_GT(executor->read_scalar("copy_last_mse"), 0.1);  // two noise frames: 1/6
  EXPECT_NEAR(executor->read_scalar("mse"), executor->read_scalar("copy_last_mse"), 1e-6);
}

TEST(Predict, UntrainedInferenceReturnsTheLastFrame) {
  const PredictOptions o = tiny();
  const auto executor = make_interpreter(predict_inference(o));
  initialize(*executor, 1);
  const std::vector<float> frames = noise(input_numbers(o), 3);
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
  for (const char* head : {"level4.head.weight", "level2.head.weight", "final.weight"})
    randomise(*executor, head, 0.1);
  const std::vector<float> frames = noise(input_numbers(o), 9);
  const auto predicted = [&](const std::vector<float>& images) {
    executor->write_f32("frames", images);
    EXPECT_TRUE(executor->run());
    return executor->read_f32("next");
  };
  const std::vector<float> next = mirrored(predicted(frames), o.width),
                           other = predicted(mirrored(frames, o.width));
  for (size_t i = 0; i < next.size(); ++i) ASSERT_NEAR(next[i], other[i], 1e-4);
}

TEST(Predict, TrainingAndInferenceShareTheirParameters) {
  const auto trained = parameter_shapes(training_graph(tiny()));
  EXPECT_EQ(trained, parameter_shapes(predict_inference(tiny())));
  EXPECT_EQ(trained.count("level4.block0.a.weight"), 1u);
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
    const NodeId producer = b.graph().value(gradient[i]).producer;
    ASSERT_NE(producer, kNoNode);
    EXPECT_NE(b.graph().node(producer).op, "Constant") << i;  // zeros where nothing depends on it
  }
}

}  // namespace
}  // namespace dojo
