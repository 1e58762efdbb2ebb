// dojo eval: how good a checkpoint is on clips, beside baselines.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/train/evaluate_checkpoint.h"
#include "dojo/video/catalogue.h"

namespace dojo {
namespace {

template <typename Scores>
size_t widest_name(const Scores& by_name, size_t least) {
  for (const auto& [name, score] : by_name) least = std::max(least, columns_of(for_table(name)));
  return least;
}

void refuse_folder(const std::string& checkpoint) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(checkpoint)) return;
  const fs::path best = fs::path(checkpoint) / "best.safetensors";
  throw Error(Category::kInput, "a folder, not a checkpoint", checkpoint,
              fs::exists(best) ? "give " + shell_word(best.string())
                               : "usage: dojo eval CHECKPOINT CLIPS..., where CHECKPOINT is the "
                                 "best.safetensors of a run");
}

void print_table(const Evaluation& e) {
  const size_t widest = widest_name(e.by_recording, 40);
  fmt::print("{:<{}} {:>9} {:>9} {:>9} {:>7} {:>7} {:>6}\n", "mean squared error", widest,
             "network", "copy", "flow", "/copy", "/flow", "clips");
  const auto row = [&](const std::string& what, const Score& s) {
    fmt::print("{:<{}} {:>9.6f} {:>9.6f} {:>9.6f} {:>7} {:>7} {:>6}\n", what, widest, s.mse,
               s.copy_last_mse, s.flow_mse, ratio_text(s.mse, s.copy_last_mse),
               ratio_text(s.mse, s.flow_mse), s.clips);
  };
  for (const auto& [name, score] : e.by_recording) row(for_table(name), score);
  row("all recordings, next frame", e.overall);
  for (size_t h = 1; h < e.by_horizon.size(); ++h)
    row(fmt::format("all recordings, {:g} s ahead",
                    static_cast<double>(h + 1) * e.interval_seconds),
        e.by_horizon[h]);
}

// One block of rows for each signal.
void print_table(const EgoEvaluation& e) {
  const size_t widest = widest_name(e.by_recording, 30);
  for (size_t s = 0; s < kEgoSignals.size(); ++s) {
    if (e.overall.signals[s].clips == 0) continue;
    fmt::print("{}{:<{}} {:>9} {:>9} {:>7} {:>9} {:>9} {:>6}\n", s == 0 ? "" : "\n",
               fmt::format("{}, {}", kEgoSignals[s].words, kEgoSignals[s].unit), widest, "error",
               "of mean", "/mean", "rms", "of mean", "clips");
    const auto row = [&](const std::string& what, const EgoScore& score) {
      const SignalScore& of = score.signals[s];
      if (of.clips == 0) return;
      fmt::print("{:<{}} {:>9.4g} {:>9.4g} {:>7} {:>9.4g} {:>9.4g} {:>6}\n", what, widest, of.mae,
                 of.mean_mae, ratio_text(of.mae, of.mean_mae), of.rmse, of.mean_rmse, of.clips);
    };
    for (const auto& [name, score] : e.by_recording) row(for_table(name), score);
    if (e.by_camera.size() > 1)
      for (const auto& [name, score] : e.by_camera) row("camera " + for_table(name), score);
    row("all recordings", e.overall);
  }
}

void print_table(const MaeEvaluation& e) {
  const size_t widest = widest_name(e.by_recording, 40);
  fmt::print("{:<{}} {:>9} {:>10} {:>7} {:>6}\n", "reconstruction loss", widest, "network",
             "patch mean", "/mean", "clips");
  const auto row = [&](const std::string& what, const MaeScore& s) {
    fmt::print("{:<{}} {:>9.4f} {:>10.4f} {:>7} {:>6}\n", what, widest, s.mse, s.patch_mean_mse,
               ratio_text(s.mse, s.patch_mean_mse), s.clips);
  };
  for (const auto& [name, score] : e.by_recording) row(for_table(name), score);
  row("all recordings", e.overall);
}

}  // namespace

int run_eval(std::span<const std::string> argv) {
  EvalOptions o;
  std::string checkpoint, executor = "host";
  double interval = 0;
  int64_t clips = 0;
  int64_t threads = num_threads();
  bool json = false;
  Args args(
      "dojo eval CHECKPOINT CLIPS...",
      "Evaluates a checkpoint on the recordings in files and folders: of the task predict beside "
      "copying\nthe last frame and classical optical flow, of the task ego beside predicting the "
      "mean, of the\ntask mae beside predicting the mean of each patch.",
      "  dojo eval runs/mine/best.safetensors ~/TeslaCam --json\n");
  args.positional("CHECKPOINT", "best.safetensors of a run", &checkpoint);
  args.positional("CLIPS...", "folders, searched recursively, or video files", &o.paths);
  args.option("--interval", "SECONDS", "between the frames; default: as in training", &interval,
              {.min = 1e-3, .max = 3600});
  args.option("--horizons", "N", "predict: frames to predict, one after the other", &o.horizons,
              {.min = 1, .max = 100});
  args.option("--clips", "N",
              "clips of each recording, evenly spaced; default: 32 (ego: 64, mae: 16), or fewer of "
              "many recordings",
              &clips, {.min = 1, .max = 1e6});
  args.option("--threads", "N", "processor threads; default: all cores", &threads,
              {.min = 1, .max = 1024});
  args.option("--workers", "N", "files probed at a time", &o.workers, {.min = 1, .max = 64});
  args.option("--catalogue", "FILE", kCatalogueHelp, &o.catalogue);
  args.option("--executor", "NAME", "host, or interpreter (the slow reference)", &executor);
  args.option("-q, --quiet", "", "no progress, only warnings", &o.quiet);
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;
  o.clips_each = clips;
  if (!args.given("--catalogue")) o.catalogue = Catalogue::default_path();
  if (interval > 0) o.interval_seconds = interval;
  set_num_threads(static_cast<int>(threads));

  const InterruptGuard guard(InterruptGuard::kThrow);
  check_exists(checkpoint, "give the best.safetensors of a run");
  refuse_folder(checkpoint);
  const EvalResult result = evaluate_checkpoint(checkpoint, o, executor_factory(executor));
  warn(result.messages);
  for (const Quarantined& q : result.quarantined)
    tell("warning: {}: {}\n", one_line(q.path), one_line(q.reason));
  if (json)
    fmt::print("{}\n", to_json(result));
  else
    std::visit([](const auto& e) { print_table(e); }, result.evaluation);
  return 0;
}

}  // namespace dojo
