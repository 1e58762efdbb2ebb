#include "dojo/train/loop.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/progress.h"
#include "dojo/base/text.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/interrupt.h"
#include "dojo/train/metrics_log.h"
#include "dojo/train/step.h"
#include "dojo/train/tensorboard.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

// The guard against divergence: the smoothed loss must not stay far above its least value and above
// the error of copying the last frame. The second condition lets calm stretches of video, where all
// errors are tiny, be followed by lively ones.
constexpr double kSmoothing = 0.02;
constexpr double kDivergedFactor = 10;
constexpr int64_t kDivergedSteps = 200;

// Evaluations by time: after one that took c seconds the next starts kEvalPause * c later.
constexpr double kEvalPause = 33;
constexpr double kLeastEvalPauseSeconds = 20;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int64_t peak_memory_bytes() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

// Seconds spent on each thing since the start of the run.
struct Times {
  double wait = 0, compute = 0, decode = 0, eval = 0, elapsed = 0;
};

// What the kept lines of a resumed run say.
Times times_of(const std::string& metrics) {
  Times t;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    const auto j = nlohmann::json::parse(line, nullptr, false);
    if (!j.is_object() || !j.contains("time") || !j["time"].is_object()) continue;
    const auto& time = j["time"];
    t.wait += time.value("wait_seconds", 0.0);
    t.compute += time.value("compute_seconds", 0.0);
    t.decode += time.value("decode_seconds", 0.0);
    t.eval += time.value("eval_seconds", 0.0);
    t.elapsed = time.value("elapsed_seconds", t.elapsed);
  }
  return t;
}

class Loop {
 public:
  Loop(const LoopOptions& options, Executor& step, ClipSource& source, Evaluator& evaluator)
      : o_(options), step_(step), source_(source), evaluator_(evaluator) {
    for (const Output& output : step.graph().outputs)
      if (step.graph().type(output.value) == Type{Format::kF32, {}})
        watched_.push_back(output.name);
    const std::string metrics = o_.folder + "/metrics.jsonl";
    if (o_.resume) {  // nothing is changed before the checkpoint is known to be good
      const std::string path = o_.folder + "/last.safetensors";
      const SafeTensors checkpoint = read_safetensors(path);
      state_ = parse_loop_state(metadata(checkpoint, "state", path), path);
      restore(step_, checkpoint, path);
    } else {
      initialize_training(step_, o_.seed);
    }
    log_.emplace(metrics, o_.resume ? state_.metrics_lines : 0);
    events_.emplace(o_.folder, o_.resume ? state_.step + 1 : 0);
    if (o_.resume) {
      before_ = times_of(read_file(metrics));
      if (o_.schedule.minutes > 0) before_.elapsed = state_.elapsed_seconds;
    }
    source_.seek(state_.position);
  }

  LoopResult run() {
    began_ = seconds_now();
    ProgressOptions bar;
    bar.total = o_.schedule.steps;
    bar.start = state_.step;
    bar.start_fraction = progress(o_.schedule, state_.step + 1, before_.elapsed);
    bar.quiet = o_.quiet;
    Progress progress_bar("training", bar);
    if (!o_.resume) save_last();
    if (state_.step == 0 && state_.evaluated_step < 0) evaluate(progress_bar);
    quarantined_ = source_.quarantined().size();  // what is known already is no news
    write_quarantine();
    LoopResult result;
    try {
      steps(result, progress_bar);
      if (result.problem.empty()) end(result, progress_bar);
    } catch (const Error&) {
      rescue();
      throw;
    }
    write_quarantine();
    progress_bar.finish();
    finish(result);
    return result;
  }

 private:
  // Until the run is over; `result` says why it is.
  void steps(LoopResult& result, Progress& progress_bar) {
    for (;;) {
      if (interrupt_.signal() != 0) {
        result.reason = StopReason::kInterrupted;
        break;
      }
      if (o_.schedule.steps > 0 && state_.step >= o_.schedule.steps) break;
      if (o_.schedule.minutes > 0 && elapsed() >= 60 * o_.schedule.minutes) {
        result.reason = StopReason::kMinutes;
        break;
      }
      if (!one_step(result)) break;
      show(progress_bar);
      if (evaluation_due()) evaluate(progress_bar);
      // Weights that may be on their way to divergence replace no good ones.
      if (checkpoint_due() && state_.steps_above == 0) save_last();
    }
  }

  // The last evaluation and checkpoint of a run without a problem.
  void end(LoopResult& result, Progress& progress_bar) {
    const bool interrupted = result.reason == StopReason::kInterrupted;
    if (!interrupted && state_.evaluated_step != state_.step) evaluate(progress_bar);
    if (interrupted && state_.steps_above > 0) return;  // going on from the former one is exact too
    const std::string nonfinite = save_last();
    if (nonfinite.empty()) return;
    result.reason = StopReason::kNonFinite;
    result.problem = fmt::format("after step {}: {} is not finite", state_.step, nonfinite);
  }

  // After an error: what can be kept. The first error is the one that is told.
  void rescue() {
    try {
      write_quarantine();
    } catch (const Error&) {
    }
    try {
      if (between_steps_ && state_.steps_above == 0) save_last();
    } catch (const Error&) {
    }
  }

  double elapsed() const { return before_.elapsed + (began_ > 0 ? seconds_now() - began_ : 0); }

  // False when the run must stop; then `result` says why.
  bool one_step(LoopResult& result) {
    const int64_t step = state_.step + 1;
    const float lr = static_cast<float>(learning_rate(o_.schedule, step, elapsed()));
    const std::span<const uint8_t> clips = source_.next();
    const double began = seconds_now();
    between_steps_ = false;
    step_.write("clip", std::as_bytes(clips));
    step_.write_scalar("lr", lr);
    step_.write_scalar("step", static_cast<float>(step));
    if (!step_.run()) {
      result.reason = StopReason::kNonFinite;
      result.problem = fmt::format("step {}: {} is not finite", step, step_.first_nonfinite());
      return false;
    }
    ++state_.log.steps;
    for (const std::string& name : watched_)
      state_.log.sums[name] += static_cast<double>(step_.read_scalar(name));
    const double loss = static_cast<double>(step_.read_scalar("loss"));
    const double copy = step_.graph().find_output("copy_last_mse")
                            ? static_cast<double>(step_.read_scalar("copy_last_mse"))
                            : 0;
    compute_seconds_ += seconds_now() - began;
    state_.step = step;
    state_.position = source_.position();
    if (step == 1 || step % o_.log_every == 0) log_step(lr);
    if (diverged(loss, copy)) {
      result.reason = StopReason::kDiverged;
      result.problem = fmt::format(
          "step {}: the smoothed loss {:.4g} has stayed above {} times its least value {:.4g} for "
          "{} steps",
          step, state_.smooth_loss, kDivergedFactor, state_.least_smooth_loss, kDivergedSteps);
      return false;
    }
    between_steps_ = true;
    return true;
  }

  bool diverged(double loss, double copy) {
    LoopState& s = state_;
    if (s.step == 1) s.smooth_loss = s.least_smooth_loss = loss, s.smooth_copy = copy;
    s.smooth_loss += kSmoothing * (loss - s.smooth_loss);
    s.smooth_copy += kSmoothing * (copy - s.smooth_copy);
    s.least_smooth_loss = std::min(s.least_smooth_loss, s.smooth_loss);
    const bool above =
        s.smooth_loss > kDivergedFactor * s.least_smooth_loss && s.smooth_loss > s.smooth_copy;
    s.steps_above = above ? s.steps_above + 1 : 0;
    return s.steps_above >= kDivergedSteps;
  }

  // A line with the means since the last one.
  void log_step(float lr) {
    Json line{{"kind", "step"}, {"step", state_.step}};
    std::vector<std::pair<std::string, float>> scalars;
    const double steps = static_cast<double>(state_.log.steps);
    for (const std::string& name : watched_) {
      line[name] = state_.log.sums[name] / steps;
      scalars.emplace_back("train/" + name, static_cast<float>(state_.log.sums[name] / steps));
    }
    line["lr"] = lr;
    line["clips"] = state_.step * o_.batch;
    const LoaderStats stats = source_.stats();
    const double now = elapsed(), wait = stats.wait_seconds - logged_.wait;
    const double rate =
        steps * static_cast<double>(o_.batch) / std::max(1e-9, now - logged_.elapsed);
    line["time"] = {{"elapsed_seconds", now},
                    {"clips_per_second", rate},
                    {"wait_seconds", wait},
                    {"compute_seconds", compute_seconds_ - logged_.compute},
                    {"decode_seconds", stats.decode_seconds - logged_.decode}};
    logged_ = {.wait = stats.wait_seconds,
               .compute = compute_seconds_,
               .decode = stats.decode_seconds,
               .eval = 0,
               .elapsed = now};
    log_->append(line.dump(-1, ' ', false, Json::error_handler_t::replace));
    scalars.emplace_back("train/lr", lr);
    scalars.emplace_back("time/clips_per_second", static_cast<float>(rate));
    events_->scalars(state_.step, scalars);

    const double copy =
        state_.log.sums.count("copy_last_mse") ? state_.log.sums["copy_last_mse"] : 0;
    status_ = fmt::format("loss {:.5f}", state_.log.sums["loss"] / steps);
    if (copy > 0) status_ += fmt::format(", {:.3f} x copy-last", state_.log.sums["mse"] / copy);
    status_ += fmt::format(
        ", {:.1f} clips/s, {:.0f} % waiting", rate,
        100 * stats.wait_seconds / std::max(1e-9, stats.wait_seconds + compute_seconds_));
    state_.log = {};
  }

  void show(Progress& progress_bar) {
    const double fraction = progress(o_.schedule, state_.step + 1, elapsed());
    progress_bar.update(state_.step, status_, fraction);
    const auto lost = source_.quarantined();
    if (lost.size() == quarantined_) return;
    for (; quarantined_ < lost.size(); ++quarantined_)
      progress_bar.message(fmt::format(
          "warning: {} {}: {}", lost[quarantined_].whole_file ? "gave up" : "damaged in parts:",
          one_line(lost[quarantined_].path), one_line(lost[quarantined_].reason)));
    write_quarantine();
  }

  bool evaluation_due() const {
    if (o_.eval_every > 0) return state_.step % o_.eval_every == 0;
    return elapsed() >= next_eval_;
  }

  // The averaged weights on the held-out clips, one frame ahead; keeps them if they are the best so
  // far.
  void evaluate(Progress& progress_bar) {
    const double began = seconds_now();
    between_steps_ = false;
    SafeTensors weights = averaged_tensors(step_);
    evaluator_.load(weights, "the weights of this run");
    const Evaluation evaluation = evaluator_.run(1);
    double score = mean_ratio(evaluation);
    if (!std::isfinite(score)) score = std::numeric_limits<double>::max();  // JSON has no other
    state_.evaluated_step = state_.step;
    log_evaluation(evaluation, state_.step, began);
    if (state_.best_step < 0 || score < state_.best_score) {
      state_.best_step = state_.step;
      state_.best_score = score;
      weights.metadata = o_.metadata;
      weights.metadata["step"] = std::to_string(state_.step);
      weights.metadata["metrics"] = to_json(evaluation);
      write_safetensors(o_.folder + "/best.safetensors", weights);
      save_last();  // so that the two belong to one history
    }
    between_steps_ = true;
    const double cost = seconds_now() - began;
    next_eval_ = elapsed() + std::max(kLeastEvalPauseSeconds, kEvalPause * cost);
    if (o_.quiet) return;
    progress_bar.message(
        fmt::format("step {}: held-out mse {:.6f}, {} x copy-last, {} x optical flow{}",
                    state_.step, evaluation.overall.mse,
                    ratio_text(evaluation.overall.mse, evaluation.overall.copy_last_mse),
                    ratio_text(evaluation.overall.mse, evaluation.overall.flow_mse),
                    state_.best_step == state_.step ? " (best)" : ""));
  }

  void log_evaluation(const Evaluation& evaluation, int64_t step, double began) {
    Json line{{"kind", "eval"}, {"step", step}};
    line.update(Json::parse(to_json(evaluation)));
    const double seconds = seconds_now() - began;
    eval_seconds_ += seconds;
    line["time"] = {{"elapsed_seconds", elapsed()}, {"eval_seconds", seconds}};
    log_->append(line.dump(-1, ' ', false, Json::error_handler_t::replace));
    const Score& s = evaluation.overall;
    const std::vector<std::pair<std::string, float>> scalars = {
        {"held_out/mse", static_cast<float>(s.mse)},
        {"held_out/copy_last_mse", static_cast<float>(s.copy_last_mse)},
        {"held_out/flow_mse", static_cast<float>(s.flow_mse)},
        {"held_out/ratio", static_cast<float>(score_ratio(s))}};
    events_->scalars(step, scalars);
  }

  bool checkpoint_due() const {
    return (o_.checkpoint_every > 0 && state_.step % o_.checkpoint_every == 0) ||
           seconds_now() - saved_ >= o_.checkpoint_seconds;
  }

  // Nothing is written if a tensor is not finite; then its name is returned, else "".
  std::string save_last() {
    SafeTensors content = training_tensors(step_);
    if (std::string nonfinite = first_nonfinite(content); !nonfinite.empty()) return nonfinite;
    log_->sync();
    state_.given_up.clear();
    for (Quarantined& q : source_.quarantined())
      if (q.whole_file) state_.given_up.push_back(std::move(q));
    state_.metrics_lines = log_->lines();
    if (o_.schedule.minutes > 0) state_.elapsed_seconds = elapsed();
    content.metadata = o_.metadata;
    content.metadata["state"] = to_json(state_);
    write_safetensors(o_.folder + "/last.safetensors", content);
    saved_ = seconds_now();
    return "";
  }

  // Lines of former sessions stay.
  void write_quarantine() {
    const std::string path = o_.folder + "/quarantine.jsonl";
    std::set<std::string> seen;
    std::string text = std::filesystem::exists(path) ? read_file(path) : "";
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) seen.insert(line);
    std::vector<Quarantined> all = o_.lost;
    for (Quarantined& q : source_.quarantined()) all.push_back(std::move(q));
    for (const Quarantined& q : all) {
      const std::string line =
          Json{{"path", q.path}, {"category", q.category}, {"reason", q.reason}}.dump(
              -1, ' ', false, Json::error_handler_t::replace);
      if (seen.insert(line).second) text += line + "\n";
    }
    write_file_atomic(path, text);
  }

  // After the last checkpoint: the best weights on all horizons, and the closing line.
  void finish(LoopResult& result) {
    result.step = state_.step;
    result.best_step = state_.best_step;
    if (result.reason == StopReason::kSteps || result.reason == StopReason::kMinutes) {
      const double began = seconds_now();
      const std::string path = o_.folder + "/best.safetensors";
      evaluator_.load(read_safetensors(path), path);
      result.final_evaluation =
          evaluator_.run(o_.horizons, [this] { return interrupt_.signal() != 0; });
      if (interrupt_.signal() != 0)
        result.reason = StopReason::kInterrupted;
      else
        log_evaluation(result.final_evaluation, state_.best_step, began);
    }
    const LoaderStats stats = source_.stats();
    Json line{{"kind", "final"},
              {"step", state_.step},
              {"best_step", state_.best_step},
              {"reason", name(result.reason)},
              {"parameters", count_parameters(step_.graph())}};
    if (!result.problem.empty()) line["problem"] = result.problem;
    line["time"] = {{"elapsed_seconds", elapsed()},
                    {"decode_seconds", before_.decode + stats.decode_seconds},
                    {"wait_seconds", before_.wait + stats.wait_seconds},
                    {"compute_seconds", before_.compute + compute_seconds_},
                    {"eval_seconds", before_.eval + eval_seconds_},
                    {"peak_memory_bytes", peak_memory_bytes()}};
    log_->append(line.dump(-1, ' ', false, Json::error_handler_t::replace));
    log_->sync();
  }

  const LoopOptions& o_;
  Executor& step_;
  ClipSource& source_;
  Evaluator& evaluator_;
  InterruptGuard interrupt_;
  LoopState state_;
  std::optional<MetricsLog> log_;
  std::optional<EventFile> events_;
  std::vector<std::string> watched_;  // the outputs that are f32 scalars
  Times before_, logged_;             // of earlier sessions; at the last line of this one
  double began_ = 0, saved_ = 0, next_eval_ = 0, compute_seconds_ = 0, eval_seconds_ = 0;
  bool between_steps_ = true;  // the state and the files belong together
  size_t quarantined_ = 0;
  std::string status_;
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

LoopResult run_loop(const LoopOptions& options, Executor& step, ClipSource& source,
                    Evaluator& evaluator) {
  DOJO_CHECK(options.schedule.steps > 0 || options.schedule.minutes > 0);
  return Loop(options, step, source, evaluator).run();
}

}  // namespace dojo
