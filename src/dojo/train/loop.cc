#include "dojo/train/loop.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/progress.h"
#include "dojo/base/text.h"
#include "dojo/train/best_weights.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/json.h"
#include "dojo/train/quarantine_list.h"
#include "dojo/train/run_evaluation.h"
#include "dojo/train/run_log.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

constexpr double kPatience = 0.2;  // seconds of waiting for a batch between looks at other things

class Loop {
 public:
  Loop(const LoopOptions& options, Executor& step, ClipSource& source, Judge& judge)
      : o_(options), step_(step), source_(source) {
    for (const Output& output : step.graph().outputs)
      if (step.graph().type(output.value) == Type{Format::kF32, {}})
        watched_.push_back(output.name);
    if (o_.resume) {  // nothing is changed before the checkpoint is known to be good
      const std::string path = o_.folder + "/last.safetensors";
      const SafeTensors checkpoint = read_checkpoint(path);
      check_metadata(checkpoint, path);
      state_ = parse_loop_state(metadata(checkpoint, "state", path), path);
      if (state_.position != static_cast<uint64_t>(state_.step * o_.batch))
        throw Error(Category::kInput,
                    fmt::format("{} steps have taken {} clips, which are no batches of {}",
                                state_.step, state_.position, o_.batch),
                    path, "is the batch in config.json that of this run?");
      restore(step_, checkpoint, path);
    } else {
      initialize_training(step_, o_.seed);
      if (o_.first_weights) o_.first_weights(step_);
    }
    log_.emplace(o_.folder, o_.resume ? &state_ : nullptr);
    if (o_.resume) find_losses();
    source_.seek(state_.position);
    evaluation_.emplace(EvaluatedRun{.options = o_,
                                     .step = step_,
                                     .judge = judge,
                                     .interrupt = interrupt_,
                                     .state = state_,
                                     .log = *log_,
                                     .save_last = [this] { return save_last(); },
                                     .give_up = [this](auto lost) { give_up(std::move(lost)); }});
  }

  LoopResult run() {
    saved_ = steady_seconds();
    log_->start(state_.step * o_.batch);
    const double began = elapsed();
    evaluation_->start();
    ProgressOptions bar;
    bar.total = o_.schedule.steps;
    bar.start = state_.step;
    bar.quiet = o_.quiet;
    Progress progress_bar("training", bar);
    try {
      tell_warnings(progress_bar);
      if (o_.resume || save_last()) train(progress_bar);
      if (result_.problem.empty()) end(progress_bar);
    } catch (const Error&) {
      rescue(progress_bar);
      throw;
    }
    write_quarantine();
    progress_bar.finish();
    result_.training_seconds = elapsed() - began;
    finish(progress_bar);
    return result_;
  }

 private:
  // The checkpoint that the run goes on from is one of its own.
  void check_metadata(const SafeTensors& checkpoint, const std::string& path) const {
    for (const auto& [key, value] : o_.metadata) {
      if (key == "dojo_version") continue;
      if (key == "options" && !checkpoint.metadata.contains(key)) continue;  // of a version before
      if (const std::string& found = metadata(checkpoint, key, path); found != value)
        throw Error(Category::kInput,
                    fmt::format("the checkpoint is of another run: {}: {} there, {} here", key,
                                found, value),
                    path, "put the run's own checkpoint or config.json back, or start a new run");
    }
  }

  // What a resumed run lacks although its checkpoint is whole. Without its best weights it looks
  // for the best from where it is.
  void find_losses() {
    const int64_t lines = log_->lines();
    if (lines < state_.metrics_lines)
      losses_.push_back(
          fmt::format("metrics.jsonl has {} of its {} lines at step {}; the others are lost, and "
                      "with them that part of the report's curves",
                      lines, state_.metrics_lines, state_.step));
    if (state_.best_step < 0) return;
    try {
      check_weights(step_.graph(), read_best(o_.folder, state_.best_step), best_path(o_.folder));
    } catch (const Error& e) {
      if (e.category() == Category::kIo && std::filesystem::exists(best_path(o_.folder))) throw;
      losses_.push_back(fmt::format(
          "best.safetensors, the weights of step {}, is lost ({}); the best weights are chosen "
          "anew from step {} on",
          state_.best_step, e.message(), state_.step));
      state_.best_step = -1;
    }
  }

  void tell_warnings(Progress& progress_bar) {
    for (const std::string& loss : losses_) {
      progress_bar.message(fmt::format("warning: {}", one_line(loss)));
      log_->warning(state_.step, loss);
    }
    if (!o_.resume)
      for (const std::string& warning : o_.warnings) log_->warning(0, warning);
  }

  // Once there is a checkpoint: all steps, and the evaluations before and between them.
  void train(Progress& progress_bar) {
    evaluation_->put_off_first();
    if (evaluation_->first_is_due() || state_.best_step >= 0 || evaluate(progress_bar)) {
      between_steps_ = true;
      quarantined_ = state_.given_up.size();  // what is known already is no news
      write_quarantine();
      steps(progress_bar);
    }
    if (evaluation_->first_is_due() && result_.reason != StopReason::kInterrupted)
      evaluate_first(progress_bar);
  }

  // Until the run is over; result_ says why it is.
  void steps(Progress& progress_bar) {
    first_step_ = state_.step + 1;
    for (;;) {
      if (interrupt_.signal() != 0) {
        result_.reason = StopReason::kInterrupted;
        break;
      }
      if (o_.schedule.steps > 0 && state_.step >= o_.schedule.steps) break;
      if (o_.schedule.minutes > 0 && elapsed() >= 60 * o_.schedule.minutes) {
        result_.reason = StopReason::kMinutes;
        break;
      }
      if (!source_.wait(kPatience)) continue;  // a signal must not wait for a decoder that hangs
      if (!one_step()) break;
      show(progress_bar);
      if (evaluation_->first_is_due() &&
          (evaluation_->due() || checkpoint_due() || evaluation_->clips_are_there(0)) &&
          !evaluate_first(progress_bar))
        break;
      if (evaluation_->due() && !evaluate(progress_bar)) break;
      between_steps_ = true;
      // Weights that may be on their way to divergence replace no good ones.
      if (checkpoint_due() && state_.guard.steps_above == 0 && !save_last()) break;
    }
  }

  // The last evaluation and checkpoint of a run without a problem.
  void end(Progress& progress_bar) {
    const bool interrupted = result_.reason == StopReason::kInterrupted;
    if (!interrupted && state_.evaluated_step != state_.step && !evaluate(progress_bar)) return;
    if (interrupted &&
        (evaluation_->first_is_due() || !between_steps_ || state_.guard.steps_above > 0))
      return;  // going on from the former one is exact too
    save_last();
  }

  // After an error: what can be kept. The first error is the one that is told.
  void rescue(Progress& progress_bar) {
    try {
      write_quarantine();
    } catch (const Error&) {
    }
    try {
      if (between_steps_ && state_.step > 0 && state_.guard.steps_above == 0 &&
          (!evaluation_->first_is_due() || evaluate_first(progress_bar)))
        save_last();
      log_->release();
    } catch (const Error&) {
    }
  }

  double elapsed() const { return log_->elapsed(); }

  // False when the run must stop; then result_ says why.
  bool one_step() {
    const int64_t step = state_.step + 1;
    const float lr = static_cast<float>(learning_rate(o_.schedule, step, elapsed()));
    const std::span<const uint8_t> clips = source_.next();
    const double began = steady_seconds();
    between_steps_ = false;
    step_.write("clip", std::as_bytes(clips));
    for (const ClipFeed& feed : source_.feeds()) step_.write(feed.input, feed.values);
    step_.write_scalar("lr", lr);
    step_.write_scalar("step", static_cast<float>(step));
    const auto not_finite = [&](const std::string& what) {
      result_.reason = StopReason::kNonFinite;
      result_.problem =
          fmt::format("step {}: {} is not finite", step, what.empty() ? "a value" : what);
      return false;
    };
    if (!step_.run()) return not_finite(step_.first_nonfinite());
    ++state_.log.steps;
    for (const std::string& name : watched_) {
      const double value = static_cast<double>(step_.read_scalar(name));
      if (!std::isfinite(value))
        return not_finite(name);  // an error may overflow where no loss does
      state_.log.sums[name] += value;
    }
    const double loss = static_cast<double>(step_.read_scalar("loss"));
    const double baseline = step_.graph().find_output(o_.names.baseline)
                                ? static_cast<double>(step_.read_scalar(o_.names.baseline))
                                : 0;
    log_->add_compute(steady_seconds() - began);
    if (step == first_step_) {
      result_.first_step_seconds = process_seconds();
      log_->first_step(result_.first_step_seconds);
    }
    state_.step = step;
    state_.position = source_.position();
    if (step == 1 || step % o_.log_every == 0) log_step(lr);
    state_.guard.update(step, loss, baseline);
    if (state_.guard.diverged()) {
      result_.reason = StopReason::kDiverged;
      result_.problem = fmt::format("step {}: {}", step, state_.guard.problem());
      return false;
    }
    return true;
  }

  // A line with the means since the last one.
  void log_step(float lr) {
    const auto& sums = state_.log.sums;
    const double steps = static_cast<double>(state_.log.steps);
    std::vector<std::pair<std::string, double>> means;
    for (const std::string& name : watched_) means.emplace_back(name, sums.at(name) / steps);
    log_->step(state_.step, state_.step * o_.batch, lr, means, source_.stats());
    const auto baseline = sums.find(o_.names.baseline), error = sums.find(o_.names.error);
    status_ = fmt::format("loss {:.5f}", sums.at("loss") / steps);
    if (baseline != sums.end() && error != sums.end() && baseline->second > 0)
      status_ +=
          fmt::format(", {:.3f} x {}", error->second / baseline->second, o_.names.baseline_words);
    if (state_.step > first_step_)  // whose time includes the start of the workers
      status_ += fmt::format(", {:.1f} clips/s, {:.0f} % waiting", log_->clips_per_second(),
                             100 * log_->share_of_waiting());
    state_.log = {};
  }

  void show(Progress& progress_bar) {
    const double fraction = progress(o_.schedule, state_.step + 1, elapsed());
    progress_bar.update(state_.step, status_, fraction);
    if (const std::string message = source_.take_message(); !message.empty())
      progress_bar.message("warning: " + one_line(message));
    const auto lost = source_.quarantined();
    if (lost.size() <= quarantined_) return;
    for (; quarantined_ < lost.size(); ++quarantined_)
      progress_bar.message(fmt::format(
          "warning: {} {}: {}", lost[quarantined_].whole_file ? "gave up" : "damaged in parts:",
          one_line(lost[quarantined_].path), one_line(lost[quarantined_].reason)));
    write_quarantine();
  }

  bool evaluate(Progress& progress_bar) {
    between_steps_ = false;
    return goes_on(evaluation_->evaluate(progress_bar));
  }

  bool evaluate_first(Progress& progress_bar) {
    between_steps_ = false;
    return goes_on(evaluation_->evaluate_first(progress_bar));
  }

  // False when the run must stop; then result_ says why: a signal, if it does not already.
  bool goes_on(bool evaluated) {
    if (!evaluated && result_.problem.empty()) result_.reason = StopReason::kInterrupted;
    return evaluated;
  }

  bool checkpoint_due() const {
    return (o_.checkpoint_every > 0 && state_.step % o_.checkpoint_every == 0) ||
           steady_seconds() - saved_ >= o_.checkpoint_seconds;
  }

  // False if a tensor is not finite: then nothing is written, the run must stop, and result_ says
  // why.
  bool save_last() {
    SafeTensors content = training_tensors(step_);
    if (const std::string nonfinite = first_nonfinite(content); !nonfinite.empty()) {
      result_.reason = StopReason::kNonFinite;
      result_.problem = fmt::format("after step {}: {} is not finite", state_.step, nonfinite);
      return false;
    }
    log_->sync();
    state_.given_up.clear();
    for (Quarantined& q : source_.quarantined())
      if (q.whole_file) state_.given_up.push_back(std::move(q));
    state_.metrics_lines = log_->lines();
    if (o_.schedule.minutes > 0) state_.elapsed_seconds = elapsed();
    content.metadata = o_.metadata;
    content.metadata["state"] = to_json(state_);
    write_checkpoint(o_.folder + "/last.safetensors", std::move(content));
    saved_ = steady_seconds();
    return true;
  }

  void give_up(std::vector<Quarantined> lost) {
    for (Quarantined& q : lost) lost_.push_back(std::move(q));
    write_quarantine();
  }

  void write_quarantine() {
    std::vector<Quarantined> all = lost_;
    for (Quarantined& q : source_.quarantined()) all.push_back(std::move(q));
    list_quarantined(o_.folder, all);
  }

  // After the last checkpoint: the best weights on all horizons, and the closing line.
  void finish(Progress& progress_bar) {
    result_.step = state_.step;
    result_.best_step = state_.best_step;
    if (result_.reason == StopReason::kSteps || result_.reason == StopReason::kMinutes) {
      if (std::optional<Verdict> verdict = evaluation_->evaluate_best(progress_bar))
        result_.final_verdict = *std::move(verdict);
      else
        result_.reason = StopReason::kInterrupted;
    }
    result_.learned = state_.best_score < state_.first_score;
    log_->release();
    log_->final(result_, count_parameters(step_.graph()), source_.stats());
  }

  const LoopOptions& o_;
  Executor& step_;
  ClipSource& source_;
  InterruptGuard interrupt_;
  LoopState state_;
  LoopResult result_;
  std::vector<std::string> losses_;  // of a resumed run, for people
  std::optional<RunLog> log_;
  std::optional<RunEvaluation> evaluation_;
  std::vector<std::string> watched_;  // the outputs that are f32 scalars
  double saved_ = 0;                  // when, by the clock of this process
  bool between_steps_ = true;         // the step, and the evaluation that it is due, are done
  std::vector<Quarantined> lost_ = o_.lost;
  size_t quarantined_ = 0;
  std::string status_;
  int64_t first_step_ = 0;  // of this session
};

}  // namespace

std::string_view name(StopReason reason) {
  switch (reason) {
    case StopReason::kSteps:
      return "steps";
    case StopReason::kMinutes:
      return "minutes";
    case StopReason::kInterrupted:
      return "interrupted";
    case StopReason::kNonFinite:
      return "nonfinite";
    case StopReason::kDiverged:
      return "diverged";
  }
  DOJO_CHECK(false);
  return "";
}

std::string to_json(const LoopResult& result) {
  auto json = nlohmann::ordered_json::parse(result.final_verdict.json);
  json["step"] = result.step;
  json["best_step"] = result.best_step;
  json["learned"] = result.learned;
  return dump(json);
}

LoopResult run_loop(const LoopOptions& options, Executor& step, ClipSource& source, Judge& judge) {
  DOJO_CHECK(options.schedule.steps > 0 || options.schedule.minutes > 0);
  return Loop(options, step, source, judge).run();
}

}  // namespace dojo
