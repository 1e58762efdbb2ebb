#include "dojo/train/run_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/train/best_weights.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

// Evaluations by time: after one that took c seconds the next starts kPause * c later.
constexpr double kPause = 33;
constexpr double kLeastPauseSeconds = 20;

constexpr double kPatience = 0.2;  // seconds of waiting for the clips between looks at other things

}  // namespace

void RunEvaluation::start() { next_ = run_.log.elapsed() + kLeastPauseSeconds; }

bool RunEvaluation::due() const {
  if (run_.options.eval_every > 0) return run_.state.step % run_.options.eval_every == 0;
  return run_.log.elapsed() >= next_;
}

bool RunEvaluation::clips_are_there(double seconds) {
  const double began = steady_seconds();
  const bool there = run_.judge.wait(seconds);
  preparing_ += steady_seconds() - began;
  return there;
}

double RunEvaluation::seconds_of_evaluation(double began) {
  return steady_seconds() - began + std::exchange(preparing_, 0.0);
}

// Until the held-out clips are there.
bool RunEvaluation::wait_for_judge(Progress& progress_bar) {
  while (!clips_are_there(kPatience)) {
    if (!run_.options.quiet && !std::exchange(waiting_is_told_, true))
      progress_bar.message("waiting for the held-out clips");
    if (run_.interrupt.signal() != 0) return false;
  }
  if (std::exchange(judge_is_ready_, true)) return true;
  std::vector<Quarantined> lost = run_.judge.quarantined();
  for (const Quarantined& q : lost)
    progress_bar.message(fmt::format("warning: not usable, or not all of it: {}: {}",
                                     one_line(q.path), one_line(q.reason)));
  run_.give_up(std::move(lost));
  judge_anew(progress_bar);
  return true;
}

// Of a resumed run whose held-out clips are others than before, as where a file was damaged since:
// scores on other clips are no comparison. Its first and its best weights get theirs again.
void RunEvaluation::judge_anew(Progress& progress_bar) {
  LoopState& state = run_.state;
  const int64_t before = std::exchange(state.held_out_clips, run_.judge.num_clips());
  if (before == 0 || before == state.held_out_clips || state.evaluated_step < 0) return;
  const double began = steady_seconds();
  const std::string warning = fmt::format(
      "the run is judged by {} held-out clips from here on, and was by {}; its first and its "
      "best weights are judged anew",
      state.held_out_clips, before);
  progress_bar.message(fmt::format("warning: {}", warning));
  run_.log.warning(state.step, warning);
  state.first_score = verdict_on(first_weights()).score;
  if (state.best_step == 0) state.best_score = state.first_score;
  if (state.best_step > 0)
    state.best_score = verdict_on(read_checkpoint(best_path(run_.options.folder))).score;
  preparing_ += steady_seconds() - began;
}

// Those that the run began with: a function of the seed.
SafeTensors RunEvaluation::first_weights() {
  const SafeTensors now = training_tensors(run_.step);
  initialize_training(run_.step, run_.options.seed);
  SafeTensors first = averaged_tensors(run_.step);
  restore(run_.step, now, "the weights of this run");
  return first;
}

Verdict RunEvaluation::verdict_on(const SafeTensors& weights) {
  run_.judge.load(weights, "the weights of this run");
  Verdict verdict = run_.judge.judge(/*at_end=*/false);
  if (!std::isfinite(verdict.score))
    verdict.score = std::numeric_limits<double>::max();  // JSON has no other
  return verdict;
}

// What best.safetensors says of itself.
void RunEvaluation::describe(SafeTensors& weights, int64_t step, const Verdict& verdict) const {
  weights.metadata = run_.options.metadata;
  weights.metadata["step"] = std::to_string(step);
  weights.metadata["metrics"] = verdict.json;
}

bool RunEvaluation::evaluate(Progress& progress_bar) {
  if (!wait_for_judge(progress_bar)) return false;
  const double began = steady_seconds();
  LoopState& state = run_.state;
  SafeTensors weights = averaged_tensors(run_.step);
  const Verdict verdict = verdict_on(weights);
  state.evaluated_step = state.step;
  if (state.step == 0) state.first_score = verdict.score;
  run_.log.evaluation(state.step, verdict, seconds_of_evaluation(began));
  if (state.best_step < 0 || verdict.score < state.best_score) {
    describe(weights, state.step, verdict);
    if (!keep_as_best(weights, verdict.score)) return false;
  }
  end_evaluation(progress_bar, state.step, verdict, began);
  return true;
}

// Both checkpoints change, in an order that a kill cannot tear apart (best_weights.h).
bool RunEvaluation::keep_as_best(const SafeTensors& weights, double score) {
  LoopState& state = run_.state;
  const std::string& folder = run_.options.folder;
  const int64_t former_step = std::exchange(state.best_step, state.step);
  const double former_score = std::exchange(state.best_score, score);
  write_next_best(folder, weights);
  bool saved = false;
  try {
    saved = run_.save_last();
  } catch (const Error&) {
    drop_next_best(folder);
    throw;
  }
  if (saved) {
    take_next_best(folder);
  } else {
    drop_next_best(folder);
    state.best_step = former_step;
    state.best_score = former_score;
  }
  return saved;
}

void RunEvaluation::end_evaluation(Progress& progress_bar, int64_t step, const Verdict& verdict,
                                   double began) {
  const double cost = steady_seconds() - began;
  next_ = run_.log.elapsed() + std::max(kLeastPauseSeconds, kPause * cost);
  if (run_.options.quiet) return;
  progress_bar.message(fmt::format("step {}: {}{}", step, verdict.text,
                                   run_.state.best_step == step ? " (best)" : ""));
}

void RunEvaluation::put_off_first() {
  first_is_due_ = run_.state.step == 0 && run_.state.evaluated_step < 0;
  if (first_is_due_) run_.log.hold();
}

bool RunEvaluation::evaluate_first(Progress& progress_bar) {
  if (!wait_for_judge(progress_bar)) return false;
  const double began = steady_seconds();
  const std::string& folder = run_.options.folder;
  const std::string path = folder + "/last.safetensors";
  SafeTensors checkpoint = read_checkpoint(path);
  check_tensors(run_.step.graph(), checkpoint, path);
  LoopState beginning = parse_loop_state(metadata(checkpoint, "state", path), path);
  SafeTensors weights = averaged_tensors(run_.step.graph(), checkpoint);
  const Verdict verdict = verdict_on(weights);
  run_.log.first_evaluation(verdict, seconds_of_evaluation(began));
  run_.log.sync();
  for (LoopState* state : {&beginning, &run_.state}) {
    state->evaluated_step = state->best_step = 0;
    state->best_score = state->first_score = verdict.score;
    state->held_out_clips = run_.judge.num_clips();
  }
  beginning.metrics_lines = run_.log.lines();
  checkpoint.metadata["state"] = to_json(beginning);
  describe(weights, 0, verdict);
  write_next_best(folder, weights);
  try {
    write_checkpoint(path, std::move(checkpoint));
  } catch (const Error&) {
    drop_next_best(folder);
    throw;
  }
  take_next_best(folder);
  run_.log.release();
  first_is_due_ = false;
  end_evaluation(progress_bar, 0, verdict, began);
  return true;
}

std::optional<Verdict> RunEvaluation::evaluate_best(Progress& progress_bar) {
  if (!wait_for_judge(progress_bar)) return std::nullopt;
  const double began = steady_seconds();
  const std::string path = best_path(run_.options.folder);
  if (!run_.options.quiet)
    progress_bar.message(fmt::format("final evaluation: the weights of step {}, {}",
                                     run_.state.best_step, run_.judge.final_words()));
  run_.judge.load(read_checkpoint(path), path);
  Verdict verdict =
      run_.judge.judge(/*at_end=*/true, [this] { return run_.interrupt.signal() != 0; });
  if (run_.interrupt.signal() != 0) return std::nullopt;
  run_.log.evaluation(run_.state.best_step, verdict, seconds_of_evaluation(began));
  return verdict;
}

}  // namespace dojo
