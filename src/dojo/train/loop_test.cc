#include "dojo/train/loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dojo/base/file.h"
#include "dojo/train/test_run.h"

namespace dojo {
namespace {

using Json = nlohmann::json;

class TrainLoop : public TestRun {};

TEST_F(TrainLoop, LearnsAndKeepsTheBestWeights) {
  const LoopResult result = train(options(folder("a"), 200));
  EXPECT_EQ(result.reason, StopReason::kSteps);
  EXPECT_EQ(result.step, 200);
  const Json final = Json::parse(result.final_verdict.json);
  EXPECT_LT(final["mse"].get<double>(), 0.1 * final["copy_last_mse"].get<double>());
  EXPECT_EQ(final["by_horizon"].size(), 2u);
  const SafeTensors best = read_safetensors(root_ / "a/best.safetensors");
  EXPECT_EQ(best.metadata.at("step"), std::to_string(result.best_step));
  EXPECT_EQ(best.metadata.at("task"), "tiny");
  EXPECT_EQ(best.tensors.size(), 2u);
}

TEST_F(TrainLoop, WritesAllKindsOfLines) {
  train(options(folder("a")));
  std::vector<Json> lines;
  for (const std::string& line : metrics(root_ / "a")) lines.push_back(Json::parse(line));
  std::string kinds;
  for (const Json& line : lines) kinds += line["kind"].get<std::string>()[0];
  // Evaluation 0, steps 1, 10, evaluation 15, steps 20, 30, evaluation 30, step 40, evaluations 40
  // and of the best weights, the final line.
  EXPECT_EQ(kinds, "essesseseef");
  EXPECT_EQ(lines[1]["step"], 1);
  for (const char* key : {"loss", "mse", "copy_last_mse", "grad_norm", "lr", "clips"})
    EXPECT_TRUE(lines[2].contains(key)) << key;
  EXPECT_EQ(lines[2]["clips"], 20);
  EXPECT_EQ(lines.back()["reason"], "steps");
  EXPECT_EQ(lines.back()["learned"], true);
  EXPECT_EQ(lines.back()["parameters"], 51);
}

TEST_F(TrainLoop, TheSameSeedGivesTheSameBytes) {
  train(options(folder("a")));
  train(options(folder("b")));
  expect_same_run(root_ / "a", root_ / "b");
}

TEST_F(TrainLoop, ThatNothingWasLearnedIsSaid) {
  LoopOptions o = options(folder("a"), 20);
  o.schedule.learning_rate = 0;
  const LoopResult result = train(o);
  EXPECT_EQ(result.best_step, 0);
  EXPECT_FALSE(result.learned);
  EXPECT_EQ(Json::parse(metrics(o.folder).back())["learned"], false);
  const Json json = Json::parse(to_json(result));
  EXPECT_EQ(json["learned"], false);
  EXPECT_EQ(json["best_step"], 0);
  EXPECT_EQ(json["step"], 20);
  EXPECT_EQ(json["mse"], Json::parse(result.final_verdict.json)["mse"]);
  EXPECT_TRUE(train(options(folder("b"), 20)).learned);
}

TEST_F(TrainLoop, HeldOutClipsThatDoNotMoveGiveAReadableCheckpoint) {
  LoopOptions o = options(folder("a"), 10);
  HeldOutSet still = tiny::held_out();
  for (HeldOutClip& clip : still.clips) std::fill(clip.frames.begin(), clip.frames.end(), 77);
  for (const bool resume : {false, true}) {
    o.resume = resume;
    tiny::Source source;
    EXPECT_EQ(train(o, source, still).step, 10);
  }
  EXPECT_TRUE(std::isfinite(last_state(o.folder).best_score));
}

TEST_F(TrainLoop, TheFirstStepOfASessionSaysHowLongItTookToCome) {
  LoopOptions o = options(folder("a"));
  tiny::Source source = clips_and_signal(25, SIGTERM);
  EXPECT_GT(train(o, source).first_step_seconds, 0);
  o.resume = true;
  const LoopResult result = train(o);
  std::vector<int64_t> steps;
  std::istringstream file(read_file(o.folder + "/metrics.jsonl"));
  for (std::string line; std::getline(file, line);)
    if (const Json json = Json::parse(line); json["time"].contains("first_step_seconds")) {
      steps.push_back(json["step"]);
      EXPECT_GT(json["time"]["first_step_seconds"], 0) << line;
      if (json["kind"] == "final") {
        EXPECT_EQ(json["time"]["first_step_seconds"], result.first_step_seconds);
      }
    }
  EXPECT_EQ(steps, (std::vector<int64_t>{1, 30, 40}));  // the last is the closing line
}

TEST_F(TrainLoop, MinutesEndTheRun) {
  LoopOptions o = options(folder("a"), 0);
  o.schedule.minutes = 1.0 / 60;
  o.eval_every = 0;
  const LoopResult result = train(o);
  EXPECT_EQ(result.reason, StopReason::kMinutes);
  EXPECT_GE(last_state(o.folder).elapsed_seconds, 1);
  EXPECT_LT(last_state(o.folder).elapsed_seconds, 30);
}

TEST_F(TrainLoop, QuarantinedFilesAreListedOnce) {
  LoopOptions o = options(folder("a"));
  tiny::Source source;
  source.lost = {{"bad.mp4", "input", "no frame after 3 s"}};
  train(o, source);
  o.resume = true;
  train(o, source);
  EXPECT_EQ(read_file(o.folder + "/quarantine.jsonl"),
            "{\"path\":\"bad.mp4\",\"category\":\"input\",\"reason\":\"no frame after 3 s\"}\n");
}

TEST_F(TrainLoop, WarningsAreInTheLogOfANewRunOnce) {
  LoopOptions o = options(folder("a"), 10);
  o.warnings = {"one drive only", "most are copies"};
  train(o);
  o.resume = true;
  train(o);
  EXPECT_EQ(warnings(o.folder), o.warnings);
}

}  // namespace
}  // namespace dojo
