#include "dojo/train/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/graph/interpreter.h"
#include "dojo/train/tiny_test_model.h"

namespace dojo {
namespace {

ExecutorFactory interpreter() {
  return [](const Graph& g) { return make_interpreter(g); };
}

Tensor tensor(std::string name, Shape shape, float value) {
  Tensor t;
  t.name = std::move(name);
  t.type.shape = std::move(shape);
  const std::vector<float> values(static_cast<size_t>(t.type.num_elements()), value);
  const auto bytes = std::as_bytes(std::span(values));
  t.data.assign(bytes.begin(), bytes.end());
  return t;
}

SafeTensors weights(float offset) {
  SafeTensors s;
  s.tensors.push_back(tensor("offset", {4, 4, 3}, offset));
  s.tensors.push_back(tensor("gain", {3}, 1));
  return s;
}

constexpr double kStep = 8.0 / 255;  // the clips of tiny:: move by this much a frame

TEST(Evaluate, CopyingTheLastFrameScoresAsTheBaseline) {
  Evaluator evaluator(tiny::held_out(), tiny::inference_graph(), interpreter());
  evaluator.load(weights(0), "w");
  const Evaluation e = evaluator.run(2);
  EXPECT_NEAR(e.overall.mse, kStep * kStep, 1e-8);
  EXPECT_EQ(e.overall.mse, e.overall.copy_last_mse);
  EXPECT_EQ(score_ratio(e.overall), 1);
  EXPECT_EQ(e.overall.clips, 6);
  ASSERT_EQ(e.by_horizon.size(), 2u);
  EXPECT_NEAR(e.by_horizon[1].copy_last_mse, 4 * kStep * kStep, 1e-7);  // two frames away
  ASSERT_EQ(e.by_recording.size(), 2u);
  EXPECT_EQ(e.by_recording.at("a.mp4").clips, 3);
}

TEST(Evaluate, ARightNetworkHasNoErrorWhenItsPredictionsAreFedBack) {
  Evaluator evaluator(tiny::held_out(), tiny::inference_graph(), interpreter());
  evaluator.load(weights(static_cast<float>(kStep)), "w");
  const Evaluation e = evaluator.run(2);
  EXPECT_LT(e.by_horizon[0].mse, 1e-12);
  EXPECT_LT(e.by_horizon[1].mse, 1e-12);
  EXPECT_LT(score_ratio(e.overall), 0.01);
}

TEST(Evaluate, ACameraThatStandsStillDoesNotDecideWhatIsBest) {
  const Score moving{.mse = 1e-3, .copy_last_mse = 2e-3}, still{.mse = 1e-7, .copy_last_mse = 0};
  const Evaluation trained{.overall = {}, .by_recording = {{"a", moving}, {"b", still}}};
  EXPECT_LT(mean_ratio(trained), 0.8);  // untrained: 1
  EXPECT_GT(mean_ratio(trained), 0.75);
}

TEST(Evaluate, PredictionsAreClamped) {
  Evaluator evaluator(tiny::held_out(), tiny::inference_graph(), interpreter());
  evaluator.load(weights(5), "w");
  const auto frames = evaluator.predict(0, 1);
  for (float x : frames[0]) EXPECT_EQ(x, 1.0f);
}

TEST(Evaluate, ALastBatchThatIsNotFullCountsEachClipOnce) {
  HeldOutSet set = tiny::held_out();
  set.clips.pop_back();  // 5 clips in batches of 2
  Evaluator evaluator(std::move(set), tiny::inference_graph(), interpreter());
  evaluator.load(weights(0), "w");
  const Evaluation e = evaluator.run(1);
  EXPECT_EQ(e.overall.clips, 5);
  EXPECT_EQ(e.by_recording.at("b.mp4").clips, 2);
}

TEST(Evaluate, ShortClipsCountOnlyForTheirHorizons) {
  HeldOutSet set = tiny::held_out();
  set.clips[0].horizons = 1;
  set.clips[0].frames.resize(3 * tiny::kFrame);
  Evaluator evaluator(std::move(set), tiny::inference_graph(), interpreter());
  evaluator.load(weights(0), "w");
  const Evaluation e = evaluator.run(4);
  ASSERT_EQ(e.by_horizon.size(), 2u);
  EXPECT_EQ(e.by_horizon[0].clips, 6);
  EXPECT_EQ(e.by_horizon[1].clips, 5);
}

TEST(Evaluate, TheOverallScoreIsTheMeanOverClips) {
  HeldOutSet set = tiny::held_out(1);
  std::fill(set.clips[1].frames.begin(), set.clips[1].frames.end(), uint8_t{9});  // stands still
  Evaluator evaluator(std::move(set), tiny::inference_graph(), interpreter());
  evaluator.load(weights(0), "w");
  const Evaluation e = evaluator.run(1);
  EXPECT_NEAR(e.overall.mse, kStep * kStep / 2, 1e-8);
  EXPECT_EQ(e.by_recording.at("b.mp4").mse, 0);
  EXPECT_EQ(score_ratio(e.by_recording.at("b.mp4")), 1);
  const auto j = nlohmann::json::parse(to_json(e));
  EXPECT_TRUE(j["by_recording"]["b.mp4"]["psnr"].is_null());
  EXPECT_NEAR(j["psnr"].get<double>(), -10 * std::log10(e.overall.mse), 1e-9);
  EXPECT_EQ(j["by_horizon"][0]["horizon"], 1);
  EXPECT_EQ(j["by_horizon"][0]["seconds"], 0.1);
}

TEST(Evaluate, WeightsOfAnotherNetworkAreRefused) {
  Evaluator evaluator(tiny::held_out(), tiny::inference_graph(), interpreter());
  const auto message = [&](const SafeTensors& w) -> std::string {
    try {
      evaluator.load(w, "other.safetensors");
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_EQ(e.where(), "other.safetensors");
      return e.message();
    }
    return "accepted";
  };
  SafeTensors w = weights(0);
  w.tensors[0] = tensor("offset", {3, 4, 4}, 0);
  EXPECT_EQ(message(w), "tensor \"offset\" is f32[3,4,4], but the network has f32[4,4,3]");
  w = weights(0);
  w.tensors.pop_back();
  EXPECT_EQ(message(w), "tensor \"gain\" is missing");
  w = weights(0);
  w.tensors.push_back(tensor("extra", {1}, 0));
  EXPECT_EQ(message(w), "tensor \"extra\" is unknown to the network");
}

TEST(Evaluate, CanBeStopped) {
  Evaluator evaluator(tiny::held_out(), tiny::inference_graph(), interpreter());
  bool stop = false;
  EXPECT_EQ(evaluator.run(2, [&] { return std::exchange(stop, true); }).overall.clips, 0);
  EXPECT_EQ(evaluator.run(2).overall.clips, 6);
}

TEST(MeanRatio, CountsEachRecordingAlike) {
  Evaluation e;
  e.overall = {.mse = 0.51, .copy_last_mse = 1.01};
  e.by_recording["fast"] = {.mse = 0.5, .copy_last_mse = 1};
  e.by_recording["slow"] = {.mse = 0.01, .copy_last_mse = 0.01};
  EXPECT_NEAR(mean_ratio(e), 0.75, 1e-4);
}

}  // namespace
}  // namespace dojo
