#include "dojo/train/ego_evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/video/telemetry/track.h"

namespace dojo {
namespace {

using Json = nlohmann::json;

Recording named(const std::string& name, const std::string& camera) {
  Recording r;
  r.name = name;
  r.camera = camera;
  r.drive = "d";
  for (int i = 0; i < 40; ++i) r.pts_seconds.push_back(0.1 * i);
  r.end_frame = 40;
  Telemetry telemetry;
  telemetry.tracks.push_back(
      {.signal = "speed_mps", .seconds = {0, 1, 2, 3}, .values = {8, 8, 8, 8}});
  r.telemetry = std::make_shared<const Telemetry>(std::move(telemetry));
  return r;
}

const EgoScale kScale{.mean = {10, 0, 0}, .deviation = {2, 1, 1}, .frames = {100, 100, 0}};

TEST(EgoEvaluate, ErrorsAreThoseThatAPersonCounts) {
  const std::vector<Recording> recordings = {named("a", "front"), named("b", "back")};
  const std::vector<EgoAnswer> answers = {
      {.recording = 0, .truth = {12, 0.5, 1}, .network = {13, 0.5, 99}, .untrained = {9, 0, 0}},
      {.recording = 0, .truth = {8, NAN, 1}, .network = {5, 9, 99}, .untrained = {9, 0, 0}},
      {.recording = 1,
       .truth = {16, -0.5, 1},
       .network = {16, -0.25, 99},
       .untrained = {16, 0, 0}}};
  const EgoEvaluation e = evaluate_ego(answers, recordings, kScale);
  const SignalScore& speed = e.overall.signals[0];
  EXPECT_EQ(speed.clips, 3);
  EXPECT_NEAR(speed.mae, (1 + 3 + 0) / 3.0, 1e-12);
  EXPECT_NEAR(speed.rmse, std::sqrt((1 + 9 + 0) / 3.0), 1e-12);
  EXPECT_NEAR(speed.mean_mae, (2 + 2 + 6) / 3.0, 1e-12);
  EXPECT_NEAR(speed.mean_rmse, std::sqrt((4 + 4 + 36) / 3.0), 1e-12);
  EXPECT_EQ(e.overall.signals[1].clips, 2);  // one is not known
  EXPECT_NEAR(e.overall.signals[1].mae, 0.125, 1e-12);
  EXPECT_EQ(e.overall.signals[2].clips, 0);  // was not trained
  EXPECT_NEAR(e.by_camera.at("front").signals[0].mae, 2, 1e-12);
  EXPECT_NEAR(e.by_recording.at("b").signals[0].mae, 0, 1e-12);
  EXPECT_NEAR(ego_score(e.overall), (4.0 / 10 + 0.125 / 0.5) / 2, 1e-12);

  const Json json = Json::parse(to_json(e));
  EXPECT_NEAR(json["score"].get<double>(), 0.325, 1e-12);
  EXPECT_EQ(json["clips"], 3);
  EXPECT_FALSE(json.contains("steering_wheel_deg"));
  EXPECT_EQ(json["by_camera"]["back"]["speed_mps"]["mean_mae"], 6);
  EXPECT_EQ(json["by_recording"]["a"]["yaw_rate_radps"]["clips"], 1);
  EXPECT_NEAR(json["speed_mps"]["untrained_mae"].get<double>(), (3 + 1 + 0) / 3.0, 1e-12);
  EXPECT_EQ(json["speed_mps"]["learned"], false);  // 4/3, better than the mean's 10/3 but no more
  EXPECT_EQ(json["by_recording"]["a"]["speed_mps"]["learned"], false);  // 2, as the mean
  EXPECT_EQ(json["yaw_rate_radps"]["learned"], true);
}

TEST(EgoEvaluate, WhereTheMeanIsRightTheScoreStaysFinite) {
  const std::vector<Recording> recordings = {named("a", "")};
  const EgoEvaluation e = evaluate_ego(
      {{.recording = 0, .truth = {10, NAN, NAN}, .network = {11, 0, 0}}}, recordings, kScale);
  EXPECT_TRUE(std::isfinite(ego_score(e.overall)));
  EXPECT_GT(ego_score(e.overall), 1e6);
  EXPECT_EQ(e.by_camera.count("unknown"), 1u);
}

// A network that sees how bright the first and the last frame are, and says 10 and their
// difference.
Graph brightness_graph(int64_t batch) {
  Builder b("brightness");
  const ValueId clip = b.data("clip", {Format::kU8, {batch, 3, 2, 2, 3}});
  const ValueId gain = b.parameter("gain", {1}, constant_value(1));
  const auto grey = [&](int64_t t) {
    const ValueId x = b.op("Cast", {b.slice(clip, 1, t, t + 1)}, {{"to", std::string("f32")}});
    return b.op("ReduceMean", {b.reshape(x, {batch, 12})},
                {{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{1}}});
  };
  const ValueId ten = b.mul(b.add(b.mul(grey(0), 0), 10), gain);
  b.output("signals", b.concat({ten, b.sub(grey(2), grey(0)), grey(0)}, 1));
  return std::move(b).finish();
}

HeldOutSet held_out(const std::vector<int64_t>& last_frames) {
  HeldOutSet set{.inputs = 2,
                 .height = 2,
                 .width = 2,
                 .interval_seconds = 0.1,
                 .recordings = {"a"},
                 .clips = {}};
  for (const int64_t last : last_frames) {
    HeldOutClip clip{.recording = 0,
                     .first_frame = last - 4,
                     .frame = last,
                     .horizons = 1,
                     .frames = std::vector<uint8_t>(36)};
    std::fill(clip.frames.begin() + 24, clip.frames.end(), static_cast<uint8_t>(last));
    set.clips.push_back(std::move(clip));
  }
  return set;
}

TEST(EgoJudge, DividesRatesByTheStretchAndLeavesOutClipsWithoutALabel) {
  const ExecutorFactory factory = [](const Graph& g) { return make_interpreter(g); };
  // Frames two nominal intervals apart; telemetry ends at 3 s.
  EgoJudge judge(held_out({10, 20, 30, 35}), {named("a", "front")}, kScale, 0.1,
                 brightness_graph(2), factory);
  SafeTensors weights;
  Tensor gain;
  gain.name = "gain";
  gain.type.shape = {1};
  const float one = 1;
  const auto bytes = std::as_bytes(std::span(&one, 1));
  gain.data.assign(bytes.begin(), bytes.end());
  weights.tensors.push_back(gain);
  judge.load(weights, "w");
  const std::vector<EgoAnswer> answers = judge.answers();
  ASSERT_EQ(answers.size(), 3u);  // the last batch has one clip, and one filled up
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(answers[i].network[0], 5, 1e-6);
    EXPECT_NEAR(answers[i].network[1], static_cast<double>(10 * (i + 1)) / 2, 1e-6);
    EXPECT_NEAR(answers[i].network[2], 0, 1e-6);
    EXPECT_NEAR(answers[i].truth[0], 8, 1e-6);
    EXPECT_NEAR(answers[i].seconds, static_cast<double>(i + 1), 1e-9);
  }
  const Verdict verdict = judge.judge(true);
  EXPECT_TRUE(verdict.complete);
  EXPECT_NEAR(verdict.score, 3.0 / 2, 1e-6);
  EXPECT_NE(verdict.summary.find("held-out speed: off by 3 m/s on average, 1.500 x"),
            std::string::npos)
      << verdict.summary;
  EXPECT_TRUE(verdict.summary.ends_with(
      "\nnot learned, no better than predict-the-mean or than the untrained network: speed"))
      << verdict.summary;
  EXPECT_FALSE(judge.judge(true, [] { return true; }).complete);

  const TestFolder folder;
  judge.write_samples(folder.path());
  const Json rows = Json::parse(read_file(folder / "ego.json"));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["camera"], "front");
  EXPECT_EQ(rows[0]["seconds"].size(), 3u);
  EXPECT_NEAR(rows[0]["speed_mps"]["network"][0].get<double>(), 5, 1e-6);
  EXPECT_TRUE(rows[0]["yaw_rate_radps"]["truth"][0].is_null());
}

TEST(EgoJudge, WithoutALabelThereIsNothingToJudgeBy) {
  const ExecutorFactory factory = [](const Graph& g) { return make_interpreter(g); };
  try {
    EgoJudge judge(held_out({35}), {named("a", "front")}, kScale, 0.1, brightness_graph(2),
                   factory);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
  }
}

}  // namespace
}  // namespace dojo
