// When the weights of a run are judged, and which are its best: the evaluations of the training
// loop (loop.h), between its steps. The held-out clips are read while training goes on already
// (judge.h), and an evaluation waits for them; that of the weights which the run began with comes
// as soon as they are there, and leaves the files as if it had come before the first step. A
// resumed run whose held-out clips are others than before has its first and its best weights judged
// anew. Not thread-safe; a full disk is an Error(kIo).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "dojo/base/interrupt.h"
#include "dojo/base/progress.h"
#include "dojo/graph/executor.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/judge.h"
#include "dojo/train/loop.h"
#include "dojo/train/run_log.h"
#include "dojo/train/safetensors.h"
#include "dojo/video/recording.h"

namespace dojo {

// The loop's; all of it outlives its evaluations.
struct EvaluatedRun {
  const LoopOptions& options;
  Executor& step;
  Judge& judge;
  const InterruptGuard& interrupt;  // a signal ends the waiting for clips
  LoopState& state;                 // they keep the scores and the steps of evaluations in it
  RunLog& log;
  // Writes last.safetensors. False if a tensor is not finite: then nothing is written.
  std::function<bool()> save_last;
  // Takes the held-out files of which not all clips could be read.
  std::function<void(std::vector<Quarantined>)> give_up;
};

// The functions that return bool return false when the run must stop: a signal came before the
// clips, or save_last() said so.
class RunEvaluation {
 public:
  explicit RunEvaluation(EvaluatedRun run) : run_(std::move(run)) {}

  // The clock of this session has begun.
  void start();

  // By the steps or by the time.
  bool due() const;

  // True once judging needs no more waiting. What it takes to get there, also to prepare the
  // executor and the baselines, is time of the next evaluation.
  bool clips_are_there(double seconds);

  // The averaged weights on the held-out clips; keeps them if they are the best so far.
  bool evaluate(Progress& progress_bar);

  // evaluate_first() is due from here on, and the log is held back until then, if the run is at its
  // beginning, which nobody has judged.
  void put_off_first();
  bool first_is_due() const { return first_is_due_; }

  // The weights that the run began with, once their evaluation is possible: no step waits for the
  // held-out clips, as long as no other evaluation or checkpoint is due. The weights are in the
  // checkpoint of step 0; it, best.safetensors and metrics.jsonl become what they would be if this
  // had come before the first step.
  bool evaluate_first(Progress& progress_bar);

  // best.safetensors, as thoroughly as the result of a run is judged. None when a signal came
  // before the end.
  std::optional<Verdict> evaluate_best(Progress& progress_bar);

 private:
  bool wait_for_judge(Progress& progress_bar);
  double seconds_of_evaluation(double began);
  void judge_anew(Progress& progress_bar);
  SafeTensors first_weights();
  Verdict verdict_on(const SafeTensors& weights);
  void describe(SafeTensors& weights, int64_t step, const Verdict& verdict) const;
  bool keep_as_best(const SafeTensors& weights, double score);
  void end_evaluation(Progress& progress_bar, int64_t step, const Verdict& verdict, double began);

  const EvaluatedRun run_;
  double next_ = 0;  // when, by the clock of the run
  bool judge_is_ready_ = false, waiting_is_told_ = false;
  double preparing_ = 0;  // seconds: seconds_of_evaluation()
  bool first_is_due_ = false;
};

}  // namespace dojo
