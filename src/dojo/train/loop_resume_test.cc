// A run that is interrupted or killed and goes on: to the same bytes, or with a word on what is
// lost.
#include <fmt/format.h>
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

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ResumedLoop : public TestRun {};

TEST_F(ResumedLoop, AnInterruptedRunGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  for (const int64_t at : {1, 7, 15, 29, 39}) {
    LoopOptions o = options(folder("part" + std::to_string(at)));
    tiny::Source source = clips_and_signal(at, SIGTERM);
    const LoopResult first = train(o, source);
    EXPECT_EQ(first.reason, StopReason::kInterrupted);
    EXPECT_EQ(first.step, at);  // the step was finished
    EXPECT_EQ(Json::parse(metrics(o.folder).back())["reason"], "interrupted");
    o.resume = true;
    EXPECT_EQ(train(o).reason, StopReason::kSteps);
    expect_same_run(root_ / "whole", o.folder);
  }
}

// Its scores are a thousandth where its clips are fewer.
class CountedJudge : public Judge {
 public:
  CountedJudge(std::unique_ptr<Judge> judge, int64_t clips)
      : judge_(std::move(judge)), clips_(clips) {}
  int64_t num_clips() const override { return clips_; }
  void load(const SafeTensors& weights, const std::string& path) override {
    judge_->load(weights, path);
  }
  Verdict judge(bool at_end, const std::function<bool()>& stop) override {
    Verdict verdict = judge_->judge(at_end, stop);
    if (clips_ < 32) verdict.score *= 1e-3;
    scores.push_back(verdict.score);
    return verdict;
  }
  std::string final_words() override { return judge_->final_words(); }
  void write_samples(const std::string& folder) override { judge_->write_samples(folder); }

  std::vector<double> scores;

 private:
  std::unique_ptr<Judge> judge_;
  int64_t clips_;
};

TEST_F(ResumedLoop, WhereHeldOutClipsAreGoneTheBestWeightsAreJudgedAnewByThoseLeft) {
  LoopOptions o = options(folder("part"), 15);
  tiny::Source source;
  CountedJudge all(make_judge(), 32), few(make_judge(), 11);
  train(o, source, all);
  const LoopState before = last_state(o.folder);
  EXPECT_EQ(before.held_out_clips, 32);
  EXPECT_TRUE(warnings(o.folder).empty());
  o.resume = true;
  o.schedule.steps = 30;
  tiny::Source again;
  const LoopResult result = train(o, again, few);
  const LoopState after = last_state(o.folder);
  EXPECT_EQ(after.held_out_clips, 11);
  ASSERT_GE(few.scores.size(), 3u);
  EXPECT_EQ(few.scores[0], before.first_score * 1e-3) << "the first weights";
  EXPECT_EQ(few.scores[1], before.best_score * 1e-3) << "the best weights";
  EXPECT_EQ(after.first_score, few.scores[0]);
  EXPECT_EQ(after.best_score, std::min(few.scores[1], few.scores[2]));
  EXPECT_TRUE(result.learned);
  ASSERT_EQ(warnings(o.folder).size(), 1u);
  EXPECT_NE(warnings(o.folder)[0].find("by 11 held-out clips from here on, and was by 32"),
            std::string::npos);
  // And with the same clips nothing is judged twice.
  o.schedule.steps = 45;
  CountedJudge same(make_judge(), 11);
  tiny::Source third;
  train(o, third, same);
  EXPECT_EQ(warnings(o.folder).size(), 1u);
  EXPECT_EQ(same.scores.size(), 2u) << "at step 45, and at the end";
}

// As when a decoder hangs and its deadline is far away.
TEST_F(ResumedLoop, ARunThatWaitsForClipsCanBeInterrupted) {
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

TEST_F(ResumedLoop, AKilledRunGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  for (const int64_t at : {1, 13, 26, 38}) {
    LoopOptions o = options(folder("killed" + std::to_string(at)));
    o.checkpoint_every = 5;
    const pid_t child = fork();
    if (child == 0) {
      set_num_threads(1);  // the pool's threads do not live in a forked process
      alarm(60);
      tiny::Source source = clips_and_signal(at, SIGKILL);
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

TEST_F(ResumedLoop, KilledBetweenItsTwoCheckpointsItGoesOnToTheSameBytes) {
  train(options(folder("whole")));
  const auto interrupted = [&](const std::string& name) {
    LoopOptions o = options(folder(name));
    tiny::Source source = clips_and_signal(15, SIGTERM);
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

TEST_F(ResumedLoop, ResumingAFinishedRunChangesNothing) {
  LoopOptions o = options(folder("a"));
  train(o);
  const std::string last = read_file(o.folder + "/last.safetensors");
  const std::vector<std::string> lines = metrics(o.folder);
  o.resume = true;
  EXPECT_EQ(train(o).step, 40);
  EXPECT_EQ(read_file(o.folder + "/last.safetensors"), last);
  EXPECT_EQ(metrics(o.folder), lines);
}

TEST_F(ResumedLoop, WithoutItsBestWeightsARunGoesOnAndSaysSo) {
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
      if (position == 2 * tiny::kBatch) fs::copy_file(best, best.parent_path() / "first");
      if (position == 20 * tiny::kBatch) std::raise(SIGTERM);
    };
    EXPECT_EQ(train(o, source).best_step, 15);
    damage(o.folder + "/best.safetensors");
    o.resume = true;
    const LoopResult result = train(o);
    EXPECT_EQ(result.reason, StopReason::kSteps);
    EXPECT_TRUE(result.learned);
    const std::vector<std::string> said = warnings(o.folder);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_NE(said[0].find("the weights of step 15, is lost"), std::string::npos);
    EXPECT_NE(said[0].find(what), std::string::npos) << said[0];
    // What is trained is what would have been trained.
    const SafeTensors a = read_checkpoint(root_ / "whole/last.safetensors"),
                      b = read_checkpoint(o.folder + "/last.safetensors");
    for (const Tensor& t : a.tensors) EXPECT_EQ(t.data, b.find(t.name)->data) << t.name;
    EXPECT_EQ(read_checkpoint(o.folder + "/best.safetensors").metadata.at("step"),
              std::to_string(result.best_step));
  }
}

TEST_F(ResumedLoop, LostLinesOfTheLogAreCounted) {
  train(options(folder("whole")));
  const std::string whole = read_file(root_ / "whole/metrics.jsonl");
  for (const std::string& left : {std::string(), whole.substr(0, whole.size() / 2)}) {
    LoopOptions o = options(folder("part" + std::to_string(left.size())));
    train(o);
    write_file_atomic(o.folder + "/metrics.jsonl", left);
    o.resume = true;
    EXPECT_EQ(train(o).reason, StopReason::kSteps);
    const std::vector<std::string> said = warnings(o.folder);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].find(fmt::format("metrics.jsonl has {} of its 9 lines at step 40",
                                       std::count(left.begin(), left.end(), '\n'))),
              0u)
        << said[0];
    train(o);
    EXPECT_EQ(warnings(o.folder), said);  // the log is whole again, and remembers
  }
}

TEST_F(ResumedLoop, TheCheckpointOfAnotherRunIsRefused) {
  LoopOptions o = options(folder("a"));
  train(o);
  o.resume = true;
  o.metadata["task"] = "other";
  try {
    train(o);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_EQ(e.message(), "the checkpoint is of another run: task: tiny there, other here");
  }
}

TEST_F(ResumedLoop, ACheckpointFromBeforeOptionsWereKeptInItIsTaken) {
  LoopOptions o = options(folder("a"));
  train(o);
  o.resume = true;
  o.metadata["options"] = "batch 2";
  train(o);
}

TEST_F(ResumedLoop, AnotherBatchIsAnInputErrorThatSaysSo) {
  LoopOptions o = options(folder("a"));
  train(o);
  o.resume = true;
  o.batch *= 2;
  try {
    train(o);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_NE(e.message().find("no batches of"), std::string::npos) << e.message();
  }
}

TEST_F(ResumedLoop, ADamagedCheckpointIsAnInputError) {
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

TEST_F(ResumedLoop, ADamagedCheckpointLeavesTheLogAsItWas) {
  LoopOptions o = options(folder("a"));
  train(o);
  const std::string log = read_file(o.folder + "/metrics.jsonl");
  write_file_atomic(o.folder + "/last.safetensors", "damaged, and longer than a header");
  o.resume = true;
  EXPECT_THROW(train(o), Error);
  EXPECT_EQ(read_file(o.folder + "/metrics.jsonl"), log);
}

}  // namespace
}  // namespace dojo
