#include "dojo/train/loop.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/test_folder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/predict_judge.h"
#include "dojo/train/tiny_test_model.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Each test has run folders of its own.
class TrainLoop : public testing::Test {
 protected:
  std::string folder(const std::string& name) {
    fs::create_directories(root_ / name);
    return root_ / name;
  }

  static LoopOptions options(const std::string& folder, int64_t steps = 40) {
    LoopOptions o;
    o.folder = folder;
    o.schedule = {.learning_rate = 0.01, .warmup_steps = 5, .steps = steps};
    o.batch = tiny::kBatch;
    o.eval_every = 15;
    o.metadata = {{"task", "tiny"}};
    o.quiet = true;
    return o;
  }

  static LoopResult train(const LoopOptions& o, tiny::Source& source) {
    const ExecutorFactory factory = [](const Graph& g) { return make_interpreter(g); };
    const auto step = factory(tiny::step_graph());
    PredictJudge judge(Evaluator(tiny::held_out(), tiny::inference_graph(), factory), 2);
    return run_loop(o, *step, source, judge);
  }
  static LoopResult train(const LoopOptions& o) {
    tiny::Source source;
    return train(o, source);
  }

  // The lines of metrics.jsonl without what depends on the clock.
  static std::vector<Json> metrics(const std::string& folder) {
    std::vector<Json> lines;
    std::istringstream file(read_file(folder + "/metrics.jsonl"));
    for (std::string line; std::getline(file, line);) {
      lines.push_back(Json::parse(line));
      EXPECT_GT(lines.back()["time"]["resident_bytes"], 0) << line;
      lines.back().erase("time");
    }
    return lines;
  }

  static void expect_same_run(const std::string& a, const std::string& b) {
    EXPECT_EQ(read_file(a + "/last.safetensors"), read_file(b + "/last.safetensors"));
    EXPECT_EQ(read_file(a + "/best.safetensors"), read_file(b + "/best.safetensors"));
    EXPECT_EQ(metrics(a), metrics(b));
  }

  const TestFolder own_;
  const fs::path root_ = own_.path();
};

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
  const std::vector<Json> lines = metrics(root_ / "a");
  std::string kinds;
  for (const Json& line : lines) kinds += line["kind"].get<std::string>()[0];
  EXPECT_EQ(
      kinds,
      "essesseseef");  // eval 0, steps 1 10, eval 15, 20, 30, eval 30, 40, eval 40, final eval
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

TEST_F(TrainLoop, AnInterruptedRunGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  for (const int64_t at : {1, 7, 15, 29, 39}) {
    LoopOptions o = options(folder("part" + std::to_string(at)));
    tiny::Source source;
    source.on_next = [&](uint64_t position) {
      if (position == static_cast<uint64_t>(at * tiny::kBatch)) std::raise(SIGTERM);
    };
    const LoopResult first = train(o, source);
    EXPECT_EQ(first.reason, StopReason::kInterrupted);
    EXPECT_EQ(first.step, at);  // the step was finished
    EXPECT_EQ(metrics(o.folder).back()["reason"], "interrupted");
    o.resume = true;
    EXPECT_EQ(train(o).reason, StopReason::kSteps);
    expect_same_run(root_ / "whole", o.folder);
  }
}

// As when a decoder hangs and its deadline is far away.
TEST_F(TrainLoop, ARunThatWaitsForClipsCanBeInterrupted) {
  struct Hanging : tiny::Source {
    bool wait(double) override {
      if (position() < 5 * tiny::kBatch) return true;
      if (++waits == 3) std::raise(SIGINT);
      return false;
    }
    int waits = 0;
  } source;
  LoopOptions o = options(folder("part"));
  const LoopResult result = train(o, source);
  EXPECT_EQ(result.reason, StopReason::kInterrupted);
  EXPECT_EQ(result.step, 5);
  EXPECT_EQ(source.waits, 3);
  o.resume = true;
  EXPECT_EQ(train(o).step, 40);
}

TEST_F(TrainLoop, AKilledRunGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  for (const int64_t at : {1, 13, 26, 38}) {
    LoopOptions o = options(folder("killed" + std::to_string(at)));
    o.checkpoint_every = 5;
    const pid_t child = fork();
    if (child == 0) {
      set_num_threads(1);  // the pool's threads do not live in a forked process
      alarm(60);
      tiny::Source source;
      source.on_next = [&](uint64_t position) {
        if (position == static_cast<uint64_t>(at * tiny::kBatch)) ::kill(getpid(), SIGKILL);
      };
      train(o, source);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    o.resume = true;
    EXPECT_EQ(train(o).reason, StopReason::kSteps);
    expect_same_run(root_ / "whole", o.folder);
  }
}

TEST_F(TrainLoop, ResumingAFinishedRunChangesNothing) {
  LoopOptions o = options(folder("a"));
  train(o);
  const std::string last = read_file(o.folder + "/last.safetensors");
  const std::vector<Json> lines = metrics(o.folder);
  o.resume = true;
  EXPECT_EQ(train(o).step, 40);
  EXPECT_EQ(read_file(o.folder + "/last.safetensors"), last);
  EXPECT_EQ(metrics(o.folder), lines);
}

TEST_F(TrainLoop, ANumberThatIsNotFiniteStopsTheRunAndKeepsTheCheckpoint) {
  LoopOptions o = options(folder("a"));
  o.schedule.learning_rate = 1e38;  // the second step overflows
  o.schedule.warmup_steps = 0;
  o.checkpoint_every = 1;
  const LoopResult result = train(o);
  EXPECT_EQ(result.reason, StopReason::kNonFinite);
  EXPECT_NE(result.problem.find("step " + std::to_string(result.step + 1) + ": "),
            std::string::npos)
      << result.problem;
  EXPECT_NE(result.problem.find("%"), std::string::npos) << result.problem;  // names the tensor
  const SafeTensors last = read_safetensors(o.folder + "/last.safetensors");
  EXPECT_EQ(parse_loop_state(last.metadata.at("state"), "").step, result.step);
  for (const Tensor& t : last.tensors)
    for (size_t i = 0; i < t.data.size(); i += 4) {
      float x;
      std::memcpy(&x, t.data.data() + i, 4);
      ASSERT_TRUE(std::isfinite(x)) << t.name;
    }
  EXPECT_EQ(metrics(o.folder).back()["reason"], "nonfinite");
}

TEST_F(TrainLoop, DivergenceStopsTheRun) {
  LoopOptions o = options(folder("a"), 2000);
  o.schedule.learning_rate = 20;  // far too large in the end, but finite
  o.schedule.warmup_steps = 1000;
  o.eval_every = 1000;
  const LoopResult result = train(o);
  EXPECT_EQ(result.reason, StopReason::kDiverged) << result.step;
  EXPECT_NE(result.problem.find("least value"), std::string::npos);
}

TEST_F(TrainLoop, BeforeDivergenceNoCheckpointIsReplaced) {
  LoopOptions o = options(folder("a"), 2000);
  o.schedule.learning_rate = 20;
  o.schedule.warmup_steps = 1000;
  o.eval_every = 1000000;
  o.checkpoint_every = 1;
  const LoopResult result = train(o);
  ASSERT_EQ(result.reason, StopReason::kDiverged);
  const SafeTensors last = read_safetensors(o.folder + "/last.safetensors");
  const LoopState state = parse_loop_state(last.metadata.at("state"), "");
  EXPECT_EQ(state.guard.steps_above, 0);
  EXPECT_LE(state.step, result.step - 200);
}

TEST_F(TrainLoop, AnUpdateThatOverflowsInTheLastStepIsNotKept) {
  LoopOptions o = options(folder("a"), 1);
  o.schedule.learning_rate = 1e39;  // infinite as a float
  o.schedule.warmup_steps = 0;
  o.checkpoint_every = 1;
  const LoopResult result = train(o);
  EXPECT_EQ(result.reason, StopReason::kNonFinite);
  EXPECT_NE(result.problem.find("is not finite"), std::string::npos) << result.problem;
  const SafeTensors last = read_safetensors(o.folder + "/last.safetensors");
  EXPECT_EQ(first_nonfinite(last), "");
  EXPECT_EQ(parse_loop_state(last.metadata.at("state"), "").step, 0);
}

TEST_F(TrainLoop, WhenTheClipsRunOutTheStepsSoFarAreKept) {
  LoopOptions o = options(folder("a"));
  tiny::Source source;
  source.lost = {{"bad\xE9.mp4", "input", "no frame"}, {"half.mp4", "input", "a hole", false}};
  source.on_next = [](uint64_t position) {
    if (position == 8 * tiny::kBatch) throw Error(Category::kInput, "no usable recording is left");
  };
  try {
    train(o, source);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.message(), "no usable recording is left");
  }
  const SafeTensors last = read_safetensors(o.folder + "/last.safetensors");
  const LoopState state = parse_loop_state(last.metadata.at("state"), "");
  EXPECT_EQ(state.step, 7);
  ASSERT_EQ(state.given_up.size(), 1u);  // whole files only, with the very bytes of the name
  EXPECT_EQ(state.given_up[0].path, "bad\xE9.mp4");
  EXPECT_NE(read_file(o.folder + "/quarantine.jsonl").find("a hole"), std::string::npos);
  o.resume = true;
  EXPECT_EQ(train(o).step, 40);
  train(options(folder("whole")));
  EXPECT_EQ(read_file(root_ / "whole/best.safetensors"), read_file(root_ / "a/best.safetensors"));
}

TEST_F(TrainLoop, ADamagedCheckpointLeavesTheLogAsItWas) {
  LoopOptions o = options(folder("a"));
  train(o);
  const std::string log = read_file(o.folder + "/metrics.jsonl");
  write_file_atomic(o.folder + "/last.safetensors", "damaged, and longer than a header");
  o.resume = true;
  EXPECT_THROW(train(o), Error);
  EXPECT_EQ(read_file(o.folder + "/metrics.jsonl"), log);
}

TEST_F(TrainLoop, ThatNothingWasLearnedIsSaid) {
  LoopOptions o = options(folder("a"), 20);
  o.schedule.learning_rate = 0;
  const LoopResult result = train(o);
  EXPECT_EQ(result.best_step, 0);
  EXPECT_FALSE(result.learned);
  EXPECT_EQ(metrics(o.folder).back()["learned"], false);
  const Json json = Json::parse(to_json(result));
  EXPECT_EQ(json["learned"], false);
  EXPECT_EQ(json["best_step"], 0);
  EXPECT_EQ(json["step"], 20);
  EXPECT_EQ(json["mse"], Json::parse(result.final_verdict.json)["mse"]);
  EXPECT_TRUE(train(options(folder("b"), 20)).learned);
}

// The warnings of metrics.jsonl.
std::vector<std::string> warnings_in(const std::vector<Json>& lines) {
  std::vector<std::string> warnings;
  for (const Json& line : lines)
    if (line["kind"] == "warning") warnings.push_back(line["message"]);
  return warnings;
}

TEST_F(TrainLoop, WithoutItsBestWeightsARunGoesOnAndSaysSo) {
  train(options(folder("whole")));
  int n = 0;
  for (const auto& [damage, what] : std::vector<std::pair<void (*)(const fs::path&), const char*>>{
           {[](const fs::path& best) { fs::remove(best); }, "No such file"},
           {[](const fs::path& best) {
              std::string bytes = read_file(best);
              bytes.back() ^= 1;
              write_file_atomic(best, bytes);
            },
            "checksum"},
           {[](const fs::path& best) {
              fs::copy_file(best.parent_path() / "first", best,
                            fs::copy_options::overwrite_existing);
            },
            "the weights are of step 0"}}) {
    LoopOptions o = options(folder("part" + std::to_string(n++)));
    tiny::Source source;
    source.on_next = [&](uint64_t position) {
      const fs::path best = o.folder + "/best.safetensors";
      if (position == 1 * tiny::kBatch) fs::copy_file(best, best.parent_path() / "first");
      if (position == 20 * tiny::kBatch) std::raise(SIGTERM);
    };
    EXPECT_EQ(train(o, source).best_step, 15);
    damage(o.folder + "/best.safetensors");
    o.resume = true;
    const LoopResult result = train(o);
    EXPECT_EQ(result.reason, StopReason::kSteps);
    EXPECT_TRUE(result.learned);
    const std::vector<std::string> warnings = warnings_in(metrics(o.folder));
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].find("the weights of step 15, is lost"), std::string::npos);
    EXPECT_NE(warnings[0].find(what), std::string::npos) << warnings[0];
    // What is trained is what would have been trained.
    const SafeTensors a = read_checkpoint(root_ / "whole/last.safetensors"),
                      b = read_checkpoint(o.folder + "/last.safetensors");
    for (const Tensor& t : a.tensors) EXPECT_EQ(t.data, b.find(t.name)->data) << t.name;
    EXPECT_EQ(read_checkpoint(o.folder + "/best.safetensors").metadata.at("step"),
              std::to_string(result.best_step));
  }
}

TEST_F(TrainLoop, KilledBetweenItsTwoCheckpointsItGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  const auto interrupted = [&](const std::string& name) {
    LoopOptions o = options(folder(name));
    tiny::Source source;
    source.on_next = [](uint64_t position) {
      if (position == 15 * tiny::kBatch) std::raise(SIGTERM);
    };
    EXPECT_EQ(train(o, source).best_step, 15);
    o.resume = true;
    return o;
  };
  // After last.safetensors was written, before the new best weights got their name.
  const LoopOptions late = interrupted("late");
  fs::rename(late.folder + "/best.safetensors", late.folder + "/.best.safetensors.next");
  train(late);
  expect_same_run(root_ / "whole", late.folder);
  // Before that: the state knows nothing of them.
  const LoopOptions early = interrupted("early");
  fs::copy_file(root_ / "whole/best.safetensors", early.folder + "/.best.safetensors.next");
  train(early);
  expect_same_run(root_ / "whole", early.folder);
  EXPECT_FALSE(fs::exists(early.folder + "/.best.safetensors.next"));
}

TEST_F(TrainLoop, LostLinesOfTheLogAreCounted) {
  train(options(folder("whole")));
  const std::string whole = read_file(root_ / "whole/metrics.jsonl");
  for (const std::string& left : {std::string(), whole.substr(0, whole.size() / 2)}) {
    LoopOptions o = options(folder("part" + std::to_string(left.size())));
    train(o);
    write_file_atomic(o.folder + "/metrics.jsonl", left);
    o.resume = true;
    EXPECT_EQ(train(o).reason, StopReason::kSteps);
    const std::vector<std::string> warnings = warnings_in(metrics(o.folder));
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].find(fmt::format("metrics.jsonl has {} of its 9 lines at step 40",
                                           std::count(left.begin(), left.end(), '\n'))),
              0u)
        << warnings[0];
    train(o);
    EXPECT_EQ(warnings_in(metrics(o.folder)), warnings);  // the log is whole again, and remembers
  }
}

TEST_F(TrainLoop, TheCheckpointOfAnotherRunIsRefused) {
  LoopOptions o = options(folder("a"));
  train(o);
  o.resume = true;
  o.metadata["task"] = "other";
  try {
    train(o);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_EQ(e.message(),
              "the checkpoint is of another run: its task is tiny, that of this run other");
  }
}

TEST_F(TrainLoop, AnEvaluationCanBeStopped) {
  Evaluator evaluator(tiny::held_out(), tiny::inference_graph(),
                      [](const Graph& g) { return make_interpreter(g); });
  bool stop = false;
  EXPECT_EQ(evaluator.run(2, [&] { return std::exchange(stop, true); }).overall.clips, 0);
  EXPECT_EQ(evaluator.run(2).overall.clips, 6);
}

TEST_F(TrainLoop, HeldOutClipsThatDoNotMoveGiveAReadableCheckpoint) {
  LoopOptions o = options(folder("a"), 10);
  HeldOutSet still = tiny::held_out();
  for (HeldOutClip& clip : still.clips) std::fill(clip.frames.begin(), clip.frames.end(), 77);
  const ExecutorFactory factory = [](const Graph& g) { return make_interpreter(g); };
  for (const bool resume : {false, true}) {
    o.resume = resume;
    tiny::Source source;
    const auto step = factory(tiny::step_graph());
    PredictJudge judge(Evaluator(still, tiny::inference_graph(), factory), 2);
    EXPECT_EQ(run_loop(o, *step, source, judge).step, 10);
  }
  const SafeTensors last = read_safetensors(o.folder + "/last.safetensors");
  EXPECT_TRUE(std::isfinite(parse_loop_state(last.metadata.at("state"), "").best_score));
}

TEST_F(TrainLoop, MinutesEndTheRun) {
  LoopOptions o = options(folder("a"), 0);
  o.schedule.minutes = 1.0 / 60;
  o.eval_every = 0;
  const LoopResult result = train(o);
  EXPECT_EQ(result.reason, StopReason::kMinutes);
  const SafeTensors last = read_safetensors(o.folder + "/last.safetensors");
  EXPECT_GE(parse_loop_state(last.metadata.at("state"), "").elapsed_seconds, 1);
  EXPECT_LT(parse_loop_state(last.metadata.at("state"), "").elapsed_seconds, 30);
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

TEST_F(TrainLoop, ADamagedCheckpointIsAnInputError) {
  LoopOptions o = options(folder("a"));
  train(o);
  const std::string path = o.folder + "/last.safetensors";
  const std::string good = read_file(path);
  o.resume = true;
  for (const std::string& bad : {good.substr(0, good.size() / 2), good + "x", std::string()}) {
    write_file_atomic(path, bad);
    try {
      train(o);
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_EQ(e.where(), path);
    }
  }
}

// Needs the right to mount; elsewhere it is skipped.
TEST_F(TrainLoop, AFullDiskIsAnIoErrorAndTheOldCheckpointIsWhole) {
  LoopOptions o = options(folder("full"), 100000);
  if (::mount("tmpfs", o.folder.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "cannot mount a tmpfs";
  o.log_every = 1;
  o.eval_every = 1000000;
  o.checkpoint_every = 3;
  try {
    train(o);
    ADD_FAILURE() << "64 KiB were enough";
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kIo);
    EXPECT_NE(e.message().find("No space left"), std::string::npos) << e.message();
  }
  const SafeTensors last = read_safetensors(o.folder + "/last.safetensors");
  const int64_t step = parse_loop_state(last.metadata.at("state"), "").step;
  EXPECT_GT(step, 0);
  // With room the run goes on.
  EXPECT_EQ(::mount("tmpfs", o.folder.c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
  o.resume = true;
  o.schedule.steps = step + 5;
  EXPECT_EQ(train(o).step, step + 5);
  ::umount(o.folder.c_str());
}

}  // namespace
}  // namespace dojo
