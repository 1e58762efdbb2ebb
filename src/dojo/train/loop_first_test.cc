// The order of work at the beginning of a run: steps do not wait for the held-out clips, and the
// files are those of a run that had them at once.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/parallel_for.h"
#include "dojo/train/test_run.h"

namespace dojo {
namespace {

// Its clips are there after step `ready_at`, or when they are waited for.
class SlowJudge : public Judge {
 public:
  SlowJudge(std::unique_ptr<Judge> judge, const tiny::Source& source, int64_t ready_at)
      : judge_(std::move(judge)), source_(source), ready_at_(ready_at) {}

  bool wait(double seconds) override {
    if (asked_at < 0) asked_at = steps_done();
    if (interrupt && seconds > 0) {
      std::raise(SIGTERM);
      return false;
    }
    return seconds > 0 || steps_done() >= ready_at_;
  }
  std::vector<Quarantined> quarantined() const override {
    return {{"held.mp4", "input", "a hole"}};
  }
  void load(const SafeTensors& weights, const std::string& path) override {
    if (loaded_at < 0) loaded_at = steps_done();
    judge_->load(weights, path);
  }
  Verdict judge(bool at_end, const std::function<bool()>& stop) override {
    return judge_->judge(at_end, stop);
  }
  std::string final_words() override { return judge_->final_words(); }
  void write_samples(const std::string& folder) override { judge_->write_samples(folder); }

  int64_t asked_at = -1, loaded_at = -1;  // after which step; -1: not
  bool interrupt = false;                 // whoever waits for the clips

 private:
  int64_t steps_done() const { return static_cast<int64_t>(source_.position()) / tiny::kBatch; }

  std::unique_ptr<Judge> judge_;
  const tiny::Source& source_;
  int64_t ready_at_;
};

constexpr int64_t kNever = 1'000'000;

class LoopBeforeItsClips : public TestRun {
 protected:
  LoopResult train_slowly(const LoopOptions& o, tiny::Source& source, int64_t ready_at) {
    SlowJudge judge(make_judge(), source, ready_at);
    return train(o, source, judge);
  }
};

TEST_F(LoopBeforeItsClips, StepsGoOnAndTheFilesAreThoseOfARunThatHadThemAtOnce) {
  train(options(folder("whole")));
  for (const auto& [ready_at, evaluated_at] :
       {std::pair(int64_t{1}, int64_t{1}), {9, 9}, {kNever, 15}}) {
    LoopOptions o = options(folder("slow" + std::to_string(ready_at)));
    tiny::Source source;
    SlowJudge judge(make_judge(), source, ready_at);
    EXPECT_EQ(train(o, source, judge).reason, StopReason::kSteps);
    EXPECT_EQ(judge.asked_at, 1) << "the clips are read beside the steps, not before the first";
    EXPECT_EQ(judge.loaded_at, evaluated_at);
    expect_same_run(root_ / "whole", o.folder);
    EXPECT_NE(read_file(o.folder + "/quarantine.jsonl").find("held.mp4"), std::string::npos);
  }
}

TEST_F(LoopBeforeItsClips, NoCheckpointAndNoEndComesBeforeTheFirstEvaluation) {
  for (const int64_t steps : {1, 3}) {
    LoopOptions o = options(folder("end" + std::to_string(steps)), steps);
    o.checkpoint_every = 2;
    tiny::Source source;
    SlowJudge judge(make_judge(), source, kNever);
    EXPECT_EQ(train(o, source, judge).reason, StopReason::kSteps);
    EXPECT_EQ(judge.loaded_at, std::min<int64_t>(steps, 2));
    const std::vector<std::string> lines = metrics(o.folder);
    EXPECT_EQ(nlohmann::json::parse(lines[0])["kind"], "eval");
    EXPECT_EQ(nlohmann::json::parse(lines[0])["step"], 0);
    EXPECT_EQ(last_state(o.folder).step, steps);
  }
}

TEST_F(LoopBeforeItsClips, InterruptedItKeepsItsBeginningAndGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  LoopOptions o = options(folder("part"));
  tiny::Source source = clips_and_signal(7, SIGTERM);
  const LoopResult first = train_slowly(o, source, kNever);
  EXPECT_EQ(first.reason, StopReason::kInterrupted);
  EXPECT_FALSE(first.learned);
  EXPECT_EQ(last_state(o.folder).step, 0);
  EXPECT_FALSE(std::filesystem::exists(o.folder + "/best.safetensors"));
  // The curve so far can be looked at, and goes when the run goes on.
  EXPECT_EQ(nlohmann::json::parse(metrics(o.folder)[0])["kind"], "step");
  o.resume = true;
  EXPECT_EQ(train(o).reason, StopReason::kSteps);
  expect_same_run(root_ / "whole", o.folder);
}

TEST_F(LoopBeforeItsClips, WhoWaitsForThemCanBeInterrupted) {
  train(options(folder("whole")));
  LoopOptions o = options(folder("part"));
  o.checkpoint_every = 4;
  tiny::Source source;
  SlowJudge judge(make_judge(), source, kNever);
  judge.interrupt = true;
  const LoopResult result = train(o, source, judge);
  EXPECT_EQ(result.reason, StopReason::kInterrupted);
  EXPECT_EQ(result.step, 4);
  EXPECT_EQ(last_state(o.folder).step, 0);
  o.resume = true;
  EXPECT_EQ(train(o).reason, StopReason::kSteps);
  expect_same_run(root_ / "whole", o.folder);
}

TEST_F(LoopBeforeItsClips, KilledItGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  for (const int64_t at : {1, 6, 9, 12}) {  // the clips come after step 8
    LoopOptions o = options(folder("killed" + std::to_string(at)));
    const pid_t child = fork();
    if (child == 0) {
      set_num_threads(1);  // the pool's threads do not live in a forked process
      alarm(60);
      tiny::Source source = clips_and_signal(at, SIGKILL);
      train_slowly(o, source, 8);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EXPECT_EQ(last_state(o.folder).best_step, at > 8 ? 0 : -1);
    o.resume = true;
    EXPECT_EQ(train(o).reason, StopReason::kSteps);
    expect_same_run(root_ / "whole", o.folder);
  }
}

TEST_F(LoopBeforeItsClips, ARunThatStopsByItselfHasTheWeightsThatItBeganWith) {
  LoopOptions o = options(folder("a"));
  o.schedule.learning_rate = 1e38;  // the second step overflows
  o.schedule.warmup_steps = 0;
  tiny::Source source;
  EXPECT_EQ(train_slowly(o, source, kNever).reason, StopReason::kNonFinite);
  EXPECT_EQ(last_state(o.folder).step, 0);
  EXPECT_EQ(last_state(o.folder).best_step, 0);
  EXPECT_EQ(read_checkpoint(o.folder + "/best.safetensors").metadata.at("step"), "0");
}

TEST_F(LoopBeforeItsClips, WhenTheClipsToTrainOnRunOutTheStepsSoFarAreKept) {
  LoopOptions o = options(folder("a"));
  tiny::Source source;
  source.on_next = [](uint64_t position) {
    if (position == 8 * tiny::kBatch) throw Error(Category::kInput, "no usable recording is left");
  };
  EXPECT_THROW(train_slowly(o, source, kNever), Error);
  EXPECT_EQ(last_state(o.folder).step, 7);
  EXPECT_EQ(last_state(o.folder).best_step, 0);
}

}  // namespace
}  // namespace dojo
