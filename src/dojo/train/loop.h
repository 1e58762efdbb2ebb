// The training loop: steps, log lines, evaluations, checkpoints, until the schedule ends, a signal
// comes or a number is not finite. It knows the network only as a step graph and the clips only as
// a ClipSource, so a test can run it without video.
//
// What it writes into the run folder: metrics.jsonl, events.out.tfevents.*, last.safetensors,
// best.safetensors, quarantine.jsonl (formats: docs/training.md). Everything but times is a pure
// function of the inputs when the schedule is given in steps, also over any number of resumptions.
// The weights that the run begins with are evaluated after the first step, as soon as the judge has
// its clips (judge.h), at the latest before any other evaluation or checkpoint; a run that ends by
// a signal or a kill before goes on from its beginning. A resumed run whose last.safetensors is
// whole goes on also without best.safetensors or a part of metrics.jsonl, but says so, on stderr
// and in metrics.jsonl.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/train/clip_source.h"
#include "dojo/train/judge.h"
#include "dojo/train/schedule.h"

namespace dojo {

// Which outputs of the step tell how far it is, beside which baseline. One that the graph does not
// have counts nothing.
struct LossNames {
  std::string error = "mse", baseline = "copy_last_mse";
  std::string baseline_words = "copy-last";  // for people: "0.41 x copy-last"
};

struct LoopOptions {
  std::string folder;   // exists
  bool resume = false;  // from FOLDER/last.safetensors
  ScheduleOptions schedule;
  uint64_t seed = 1;
  int64_t batch = 8;  // clips a step
  LossNames names;
  int64_t log_every = 10;        // steps
  int64_t eval_every = 100;      // steps; 0: by time, about 3 % of it
  int64_t checkpoint_every = 0;  // steps; 0: never because of steps
  double checkpoint_seconds = 30;
  // Into both checkpoints: task, model, ... A checkpoint to go on from must have the same, but for
  // "dojo_version".
  std::map<std::string, std::string> metadata;
  std::function<void(Executor&)> first_weights;  // of a new run, over the random ones; may be empty
  std::vector<Quarantined> lost;                 // given up before training began; into the list
  std::vector<std::string> warnings;             // of what it trains on; into the log of a new run
  bool quiet = false;
};

enum class StopReason { kSteps, kMinutes, kInterrupted, kNonFinite, kDiverged };
std::string_view name(StopReason reason);  // "steps", ...

struct LoopResult {
  StopReason reason = StopReason::kSteps;
  std::string problem;          // kNonFinite, kDiverged: what happened at which step
  int64_t step = 0;             // steps done
  int64_t best_step = 0;        // of best.safetensors
  double training_seconds = 0;  // of this session: what --minutes counts
  double first_step_seconds =
      0;  // from the start of the process to the end of its first step; 0: there was none
  bool learned = false;   // they are better than the weights that the run began with
  Verdict final_verdict;  // on best.safetensors; only for kSteps and kMinutes
};

// The object of the final verdict, and "step", "best_step" and "learned".
std::string to_json(const LoopResult& result);

// Throws Error(kIo) when the disk is full; the former checkpoints are whole then. Where no clip is
// left, the steps so far are in last.safetensors when the error is thrown. After kSteps and
// kMinutes the judge holds the best weights.
LoopResult run_loop(const LoopOptions& options, Executor& step, ClipSource& source, Judge& judge);

}  // namespace dojo
