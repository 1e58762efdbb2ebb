#include "dojo/train/mae_evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/model/test_mae.h"
#include "dojo/model/test_network.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/mae_samples.h"
#include "dojo/train/mae_source.h"
#include "dojo/train/mae_task.h"

namespace dojo {
namespace {

using Json = nlohmann::json;

constexpr int64_t kPlaces = 6, kTokens = 12, kFrames = 4, kHeight = 8, kWidth = 12;

const ExecutorFactory kInterpreter = [](const Graph& g) { return make_interpreter(g); };

// A network whose loss is the mean of all hidden values (0 to 255), whose baseline is that of the
// visible ones, and which tells hidden pixels exactly.
Graph all_seeing_graph(int64_t clips) {
  const MaeOptions o = tiny_mae(clips);
  Builder b("all_seeing");
  const ValueId clip = b.data("clip", {Format::kU8, {clips, kFrames, kHeight, kWidth, 3}});
  const ValueId visible = b.data("visible", {Format::kI32, {clips, o.visible_tokens()}});
  const ValueId masked = b.data("masked", {Format::kI32, {clips, o.masked_tokens()}});
  const ValueId cut = tubelets(b, o.encoder, clip);
  const auto values = [&](ValueId which) {
    const Shape shape = b.shape(which);
    const ValueId taken = b.op("GatherND", {cut, b.reshape(which, {shape[0], shape[1], 1})},
                               {{"batch_dims", int64_t{1}}});
    return b.op("Cast", {taken}, {{"to", std::string("f32")}});
  };
  const auto mean = [&](ValueId x) {
    return b.op("ReduceMean", {x},
                {{"axes", std::vector<int64_t>{1, 2}}, {"keepdims", int64_t{0}}});
  };
  b.output("mse", mean(values(masked)));
  b.output("patch_mean_mse", mean(values(visible)));
  b.output("pixels", b.mul(values(masked), 1.0 / 255));
  return std::move(b).finish();
}

// Clips whose places have the grey level 20 * (number of the clip) + (number of the place).
HeldOutSet held_out(int clips) {
  HeldOutSet set{.inputs = kFrames - 1,
                 .height = kHeight,
                 .width = kWidth,
                 .interval_seconds = 0.1,
                 .recordings = {"a", "b"},
                 .clips = {}};
  for (int i = 0; i < clips; ++i) {
    HeldOutClip clip{.recording = i == 0 ? 0 : 1,
                     .first_frame = 10 * i,
                     .frame = 10 * i + 3,
                     .horizons = 1,
                     .frames = {}};
    for (int64_t t = 0; t < kFrames; ++t)
      for (int64_t y = 0; y < kHeight; ++y)
        for (int64_t x = 0; x < kWidth; ++x)
          clip.frames.insert(clip.frames.end(), 3,
                             static_cast<uint8_t>(20 * i + y / 4 * 3 + x / 4));
    set.clips.push_back(std::move(clip));
  }
  return set;
}

double mean_level(int clip, const std::vector<int32_t>& tokens) {
  double sum = 0;
  for (const int32_t token : tokens) sum += 20 * clip + token % kPlaces;
  return sum / static_cast<double>(tokens.size());
}

TEST(MaeJudge, MeansAreThoseThatAPersonCounts) {
  MaeJudge judge(held_out(3), tiny_mae(2), all_seeing_graph(2), kInterpreter);
  std::vector<double> mse, patch_mean;
  for (int clip = 0; clip < 3; ++clip) {
    const TubeMask mask = held_out_mask(tiny_mae(2), 10 * clip);
    EXPECT_EQ(std::ssize(mask.visible) + std::ssize(mask.masked), kTokens);
    mse.push_back(mean_level(clip, mask.masked));
    patch_mean.push_back(mean_level(clip, mask.visible));
  }
  const MaeEvaluation e = judge.evaluate();
  EXPECT_EQ(e.overall.clips, 3);
  EXPECT_NEAR(e.overall.mse, (mse[0] + mse[1] + mse[2]) / 3, 1e-3);
  EXPECT_NEAR(e.overall.patch_mean_mse, (patch_mean[0] + patch_mean[1] + patch_mean[2]) / 3, 1e-3);
  EXPECT_NEAR(e.by_recording.at("a").mse, mse[0], 1e-3);
  EXPECT_NEAR(e.by_recording.at("b").patch_mean_mse, (patch_mean[1] + patch_mean[2]) / 2, 1e-3);
  // A recording counts as much as another, however many clips it has.
  EXPECT_NEAR(mae_score(e), (mse[0] + (mse[1] + mse[2]) / 2) / 2, 1e-3);

  const Verdict verdict = judge.judge(true);
  EXPECT_TRUE(verdict.complete);
  EXPECT_NEAR(verdict.score, mae_score(e), 1e-12);
  const Json json = Json::parse(verdict.json);
  EXPECT_NEAR(json["mse"].get<double>(), e.overall.mse, 1e-12);
  EXPECT_EQ(json["by_recording"]["b"]["clips"], 2);
  EXPECT_NE(verdict.summary.find("x predicting the mean of each hidden patch"), std::string::npos);
  EXPECT_FALSE(judge.judge(true, [] { return true; }).complete);
  EXPECT_EQ(judge.evaluate([] { return true; }).overall.clips, 0);
}

TEST(MaeJudge, WhatIsHiddenIsGreyAndWhatIsToldExactlyIsTheOriginal) {
  MaeJudge judge(held_out(2), tiny_mae(2), all_seeing_graph(2), kInterpreter);
  const MaeReconstruction made = judge.reconstruct(1);
  const std::vector<uint8_t>& original = judge.set().clips[1].frames;
  EXPECT_EQ(made.filled, original);
  const TubeMask mask = held_out_mask(tiny_mae(2), 10);
  std::vector<bool> visible(kPlaces, false);
  for (const int32_t token : mask.visible) visible[static_cast<size_t>(token % kPlaces)] = true;
  size_t at = 0;
  for (int64_t t = 0; t < kFrames; ++t)
    for (int64_t y = 0; y < kHeight; ++y)
      for (int64_t x = 0; x < kWidth; ++x)
        for (int c = 0; c < 3; ++c, ++at)
          ASSERT_EQ(made.seen[at],
                    visible[static_cast<size_t>(y / 4 * 3 + x / 4)] ? original[at] : 128)
              << t << " " << y << " " << x;
  EXPECT_NEAR(made.mse, mean_level(1, mask.masked), 1e-3);
}

TEST(MaeJudge, AnUntrainedNetworkIsJudgedTheSameInAnyCompany) {
  const MaeOptions o = tiny_mae(2);
  const Graph inference = mae_inference(o);
  const auto network = kInterpreter(inference);
  initialize(*network, 1);
  const SafeTensors weights = training_tensors(*network);
  HeldOutSet all = held_out(3), last = held_out(3);
  std::vector<uint8_t>& frames = all.clips[2].frames;
  std::ranges::transform(noise_bytes(std::ssize(frames), 4), frames.begin(),
                         [](std::byte v) { return std::to_integer<uint8_t>(v); });
  last.clips = {all.clips[2]};
  MaeJudge in_company(all, o, inference, kInterpreter), alone(last, o, inference, kInterpreter);
  in_company.load(weights, "w");
  alone.load(weights, "w");
  const MaeEvaluation e = in_company.evaluate();
  EXPECT_EQ(alone.evaluate().overall.mse, in_company.reconstruct(2).mse);
  EXPECT_NEAR(e.by_recording.at("a").patch_mean_mse, 0, 1e-3);            // of one colour each
  EXPECT_NEAR(alone.evaluate().overall.patch_mean_mse, 31.0 / 32, 1e-3);  // 32 values, unbiased
}

TEST(MaeSamples, ShowTheOriginalWhatWasSeenAndWhatWasFilledIn) {
  const TestFolder folder;
  MaeJudge judge(held_out(3), tiny_mae(2), all_seeing_graph(2), kInterpreter);
  write_mae_samples(folder.path(), judge, 2);
  const Json list = Json::parse(read_file(folder / "samples.json"));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["recording"], "a");
  EXPECT_EQ(list[1]["recording"], "b");
  EXPECT_EQ(list[0]["frame"], 0);
  for (const Json& sample : list) {
    std::vector<std::string> bytes;
    for (const char* kind : {"truth", "masked", "prediction"})
      bytes.push_back(read_file(folder / sample["images"][kind].get<std::string>()));
    EXPECT_EQ(bytes[0], bytes[2]);  // the network of this test tells them exactly
    EXPECT_NE(bytes[0], bytes[1]);
    // A PNG's width and height: 12 pixels, and the first frames of both tubelets.
    const auto size = [&](size_t at) { return static_cast<unsigned char>(bytes[0][at]); };
    EXPECT_EQ(bytes[0].substr(1, 3), "PNG");
    EXPECT_EQ(size(19), 12);
    EXPECT_EQ(size(23), 16);
  }
  judge.write_samples(folder.path());  // again, with more
  EXPECT_EQ(Json::parse(read_file(folder / "samples.json")).size(), 3u);
}

TEST(MaeTask, IsWhatTheLoopAsksFor) {
  RunOptions o;
  o.task = "mae";
  o.mae = tiny_mae(5);
  const auto task = make_task(o);
  EXPECT_EQ(task->batch(), 5);
  EXPECT_EQ(task->clips().frames, kFrames);
  EXPECT_EQ(task->held_out().inputs + task->held_out().horizons, kFrames);
  EXPECT_EQ(task->metadata().at("task"), "mae");
  const Graph step = build_training_step("mae", task->model(), {});
  for (const std::string& name : {task->loss_names().error, task->loss_names().baseline})
    EXPECT_NE(step.find_output(name), nullptr) << name;
  // Both graphs have the same parameters: the weights of one are judged by the other.
  const Graph evaluation = task->evaluation_graph();
  for (const Graph* one : {&step, &evaluation})
    for (const Input& input : one->inputs) {
      const Graph& other = one == &step ? evaluation : step;
      if (input.role == Role::kParameter) {
        EXPECT_NE(other.find_input(one->value(input.value).name), nullptr);
      }
    }
}

}  // namespace
}  // namespace dojo
