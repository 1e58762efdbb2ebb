#include "dojo/train/run_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dojo/base/clock.h"
#include "dojo/base/file.h"
#include "dojo/base/process_memory.h"
#include "dojo/train/json.h"

namespace dojo {
namespace {

// An object with the seconds of each cause.
template <typename Seconds>
nlohmann::ordered_json causes(const Seconds& seconds_of) {
  nlohmann::ordered_json j = nlohmann::ordered_json::object();
  for (const auto& [name, cause] : kWaitCauses) j[name] = seconds_of(cause);
  return j;
}

}  // namespace

// `time` holds what depends on the clock or the machine.
struct RunLog::Line {
  nlohmann::ordered_json json, time = nlohmann::ordered_json::object();
};

RunLog::RunLog(const std::string& folder, const LoopState* resumed)
    : metrics_(folder + "/metrics.jsonl", resumed ? resumed->metrics_lines : 0,
               resumed ? resumed->step : 0),
      events_(folder, resumed ? resumed->step + 1 : 0) {
  if (!resumed) return;
  before_ = times_of(read_file(folder + "/metrics.jsonl"));
  before_.elapsed = std::max(before_.elapsed, resumed->elapsed_seconds);
}

void RunLog::start(int64_t clips) {
  began_ = steady_seconds();
  logged_clips_ = clips;
}

double RunLog::elapsed() const {
  return before_.elapsed + (began_ > 0 ? steady_seconds() - began_ : 0);
}

double RunLog::share_of_waiting() const {
  return logged_.wait / std::max(1e-9, logged_.wait + logged_.compute);
}

// Every line says when it was written and how much memory the process took then.
void RunLog::append(Line line) {
  nlohmann::ordered_json time{{"elapsed_seconds", elapsed()}};
  time.update(line.time);
  time["resident_bytes"] = process_memory().resident_bytes;
  line.json["time"] = std::move(time);
  put([this, text = dump(line.json)] { metrics_.append(text); });
}

void RunLog::curves(int64_t step, std::vector<std::pair<std::string, float>> scalars) {
  put([this, now = wall_seconds(), step, scalars = std::move(scalars)] {
    events_.scalars(now, step, scalars);
  });
}

void RunLog::put(std::function<void()> what) {
  if (holding_)
    held_.push_back(std::move(what));
  else
    what();
}

void RunLog::release() {
  holding_ = false;
  for (const auto& write : std::exchange(held_, {})) write();
}

void RunLog::first_evaluation(const Verdict& verdict, double seconds) {
  holding_ = false;
  evaluation(0, verdict, seconds);
  holding_ = true;
}

void RunLog::step(int64_t step, int64_t clips, float lr,
                  const std::vector<std::pair<std::string, double>>& means,
                  const LoaderStats& stats) {
  now_.wait = stats.wait_seconds;
  now_.waited_for = stats.waited_for;
  now_.decode = stats.decode_seconds;
  now_.elapsed = elapsed() - before_.elapsed;
  const double training = now_.elapsed - logged_.elapsed - (now_.eval - logged_.eval);
  clips_per_second_ = static_cast<double>(clips - logged_clips_) / std::max(1e-9, training);

  Line line;
  line.json = {{"kind", "step"}, {"step", step}};
  std::vector<std::pair<std::string, float>> scalars;
  for (const auto& [name, mean] : means) {
    line.json[name] = mean;
    scalars.emplace_back("train/" + name, static_cast<float>(mean));
  }
  line.json["lr"] = lr;
  line.json["clips"] = clips;
  line.time = {{"clips_per_second", clips_per_second_},
               {"wait_seconds", now_.wait - logged_.wait},
               {"waited_for", causes([&](auto cause) {
                  return now_.waited_for.*cause - logged_.waited_for.*cause;
                })},
               {"compute_seconds", now_.compute - logged_.compute},
               {"decode_seconds", now_.decode - logged_.decode}};
  if (first_step_seconds_ > 0 && !std::exchange(first_step_told_, true))
    line.time["first_step_seconds"] = first_step_seconds_;
  append(std::move(line));
  logged_ = now_;
  logged_clips_ = clips;
  scalars.emplace_back("train/lr", lr);
  scalars.emplace_back("time/clips_per_second", static_cast<float>(clips_per_second_));
  curves(step, std::move(scalars));
}

void RunLog::evaluation(int64_t step, const Verdict& verdict, double seconds) {
  now_.eval += seconds;
  Line line;
  line.json = {{"kind", "eval"}, {"step", step}};
  line.json.update(nlohmann::ordered_json::parse(verdict.json));
  line.time["eval_seconds"] = seconds;
  append(std::move(line));
  curves(step, verdict.scalars);
}

void RunLog::warning(int64_t step, const std::string& message) {
  Line line;
  line.json = {{"kind", "warning"}, {"step", step}, {"message", message}};
  append(std::move(line));
}

void RunLog::final(const LoopResult& result, int64_t parameters, const LoaderStats& stats) {
  Line line;
  line.json = {
      {"kind", "final"},           {"step", result.step},           {"best_step", result.best_step},
      {"learned", result.learned}, {"reason", name(result.reason)}, {"parameters", parameters}};
  if (!result.problem.empty()) line.json["problem"] = result.problem;
  line.time = {{"decode_seconds", before_.decode + stats.decode_seconds},
               {"wait_seconds", before_.wait + stats.wait_seconds},
               {"waited_for", causes([&](auto cause) {
                  return before_.waited_for.*cause + stats.waited_for.*cause;
                })},
               {"compute_seconds", before_.compute + now_.compute},
               {"eval_seconds", before_.eval + now_.eval},
               {"peak_memory_bytes", process_memory().peak_bytes}};
  if (first_step_seconds_ > 0) line.time["first_step_seconds"] = first_step_seconds_;
  append(std::move(line));
  metrics_.sync();
}

}  // namespace dojo
