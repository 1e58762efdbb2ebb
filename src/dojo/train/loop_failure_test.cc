// A run that cannot go on, by numbers, clips or disk: it says why and keeps what is good.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/train/test_run.h"

namespace dojo {
namespace {

using Json = nlohmann::json;

class FailingLoop : public TestRun {};

TEST_F(FailingLoop, ANumberThatIsNotFiniteStopsTheRunAndKeepsTheCheckpoint) {
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
  EXPECT_EQ(last_state(o.folder).step, result.step);
  for (const Tensor& t : last.tensors)
    for (size_t i = 0; i < t.data.size(); i += 4) {
      float x;
      std::memcpy(&x, t.data.data() + i, 4);
      ASSERT_TRUE(std::isfinite(x)) << t.name;
    }
  EXPECT_EQ(Json::parse(metrics(o.folder).back())["reason"], "nonfinite");
}

TEST_F(FailingLoop, AnUpdateThatOverflowsInTheLastStepIsNotKept) {
  LoopOptions o = options(folder("a"), 1);
  o.schedule.learning_rate = 1e39;  // infinite as a float
  o.schedule.warmup_steps = 0;
  o.checkpoint_every = 1;
  const LoopResult result = train(o);
  EXPECT_EQ(result.reason, StopReason::kNonFinite);
  EXPECT_NE(result.problem.find("is not finite"), std::string::npos) << result.problem;
  EXPECT_EQ(first_nonfinite(read_safetensors(o.folder + "/last.safetensors")), "");
  EXPECT_EQ(last_state(o.folder).step, 0);
}

TEST_F(FailingLoop, DivergenceStopsTheRun) {
  LoopOptions o = options(folder("a"), 2000);
  o.schedule.learning_rate = 20;  // far too large in the end, but finite
  o.schedule.warmup_steps = 1000;
  o.eval_every = 1000;
  const LoopResult result = train(o);
  EXPECT_EQ(result.reason, StopReason::kDiverged) << result.step;
  EXPECT_NE(result.problem.find("least value"), std::string::npos);
}

TEST_F(FailingLoop, BeforeDivergenceNoCheckpointIsReplaced) {
  LoopOptions o = options(folder("a"), 2000);
  o.schedule.learning_rate = 20;
  o.schedule.warmup_steps = 1000;
  o.eval_every = 1000000;
  o.checkpoint_every = 1;
  const LoopResult result = train(o);
  ASSERT_EQ(result.reason, StopReason::kDiverged);
  const LoopState state = last_state(o.folder);
  EXPECT_EQ(state.guard.steps_above, 0);
  EXPECT_LE(state.step, result.step - 200);
}

TEST_F(FailingLoop, WhenTheClipsRunOutTheStepsSoFarAreKept) {
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
  const LoopState state = last_state(o.folder);
  EXPECT_EQ(state.step, 7);
  ASSERT_EQ(state.given_up.size(), 1u);  // whole files only, with the very bytes of the name
  EXPECT_EQ(state.given_up[0].path, "bad\xE9.mp4");
  EXPECT_NE(read_file(o.folder + "/quarantine.jsonl").find("a hole"), std::string::npos);
  o.resume = true;
  EXPECT_EQ(train(o).step, 40);
  train(options(folder("whole")));
  EXPECT_EQ(read_file(root_ / "whole/best.safetensors"), read_file(root_ / "a/best.safetensors"));
}

// Needs the right to mount; elsewhere it is skipped.
TEST_F(FailingLoop, AFullDiskIsAnIoErrorAndTheOldCheckpointIsWhole) {
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
  const int64_t step = last_state(o.folder).step;
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
