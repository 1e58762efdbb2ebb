#include "dojo/cli/train_args.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/cli/common.h"
#include "dojo/train/schedule.h"
#include "dojo/train/task.h"
#include "dojo/video/catalogue.h"

namespace dojo {
namespace {

constexpr double kDefaultMinutes = 5;

// Which run it is, of what, and how long.
void add_run_options(Args* args, TrainArgs* given) {
  args->positional("[FOLDER...]",
                   "folders, searched with all in them for files named as below, or video files",
                   &given->run.folders);
  args->option("--task", "NAME",
               "predict: the next frames, without labels; ego: speed, yaw rate and steering wheel "
               "angle, from telemetry; mae: what is hidden of a clip, by a vision transformer, "
               "without labels",
               &given->run.task);
  args->option("--out", "DIR", "the run folder; default: runs/TASK-001, or the next free number",
               &given->out);
  args->option("--resume", "DIR", "go on with the run in this folder", &given->resume);
  args->option("--steps", "N",
               "train for N steps: the same bytes each time, with the same algorithms; default: "
               "until the minutes have passed",
               &given->run.steps, {.min = 1, .max = 1e9});
  args->option(
      "--minutes", "M",
      fmt::format("train for M minutes, without what comes before the first step and after "
                  "the last; default: {:g} without --steps",
                  kDefaultMinutes),
      &given->run.minutes, {.min = 1e-3, .max = 1e6});
}

// What is learned, and how.
void add_learning_options(Args* args, TrainArgs* given) {
  add_options(args, &given->network, given->run);
  args->option("--init", "FILE",
               "first weights: best.safetensors of a run with this network, for mae and ego "
               "--model vit also of each other, or a file of timm's vit_small_patch16 models",
               &given->run.init.path);
  args->option("--interval", "SECONDS", "between the frames", &given->run.interval_seconds,
               {.min = 1e-3, .max = 3600});
  args->option("--held-out", "PATTERN",
               "recordings to evaluate on, by a part of the name or a glob; may be repeated; "
               "default: one in five",
               &given->run.held_out);
  args->option("--lr", "RATE",
               fmt::format("learning rate after the warm-up; default: {:g}, "
                           "times sqrt(N / 8) with --batch N below 8",
                           default_learning_rate(8)),
               &given->run.learning_rate, {.min = 0, .max = 1e6});
  args->option("--weight-decay", "RATE", "of matrices and kernels", &given->run.weight_decay,
               {.min = 0, .max = 1e6});
  args->option("--seed", "N", "other seeds, other runs", &given->run.seed);
}

// How clips are read.
void add_reading_options(Args* args, TrainArgs* given) {
  args->option("--threads", "N", "processor threads; default: all cores", &given->run.threads,
               {.min = 1, .max = 1024});
  args->option("--workers", "N", "decoding processes", &given->run.workers, {.min = 1, .max = 64});
  args->option("--order", "NAME",
               "of the clips: gop-run (neighbours share their decoding), or uniform (fully random, "
               "slower)",
               &given->order);
  args->option("--frame-scale", "X",
               "keep decoded frames X times as large as --size: enlarged crops stay sharper",
               &given->run.frame_scale, {.min = 1, .max = 4});
  args->option(
      "--cache", "TIER",
      "small copies of frames on disk, for later epochs and runs: none, raw (exact), "
      "short-gop (about 1 KB a frame, not exact), or auto: short-gop where FFmpeg has a codec",
      &given->cache);
  args->option("--cache-dir", "DIR", "where they are; default: $XDG_CACHE_HOME/opendojo/frames",
               &given->run.cache_folder);
  args->option("--cache-size", "GB", "the folder grows to this size; the oldest go",
               &given->run.cache_gigabytes, {.min = 0.001, .max = 1e6});
}

// What is done on the way.
void add_course_options(Args* args, TrainArgs* given) {
  args->option("--eval-every", "N", "steps between evaluations; default: about 3 % of the time",
               &given->run.eval_every, {.min = 1, .max = 1e9});
  args->option("--checkpoint-every", "N",
               "steps between checkpoints, besides one each 30 s; default: no others",
               &given->run.checkpoint_every, {.min = 1, .max = 1e9});
  args->option("--keep-damaged", "", "train on damaged frames too, where they can be decoded",
               &given->run.keep_damaged);
  args->option("--catalogue", "FILE", kCatalogueHelp, &given->run.catalogue);
}

// What a step is computed with.
void add_executor_options(Args* args, TrainArgs* given) {
  args->option("--format", "NAME", kFormatHelp, &given->format);
  args->option("--executor", "NAME", "host, or interpreter (the slow reference)",
               &given->run.executor);
  args->option(
      "--deterministic", "",
      "choose algorithms by rule, not by timing them: the same bytes also on the first runs "
      "of two machines of a kind",
      &given->run.deterministic);
  add_without(args, &given->without);
  add_memory(args, &given->memory);
  args->option(
      "--profile", "",
      "also the time of each kernel of the step, as a table on stderr, in RUN/report.html, and in "
      "RUN/profile.json as a trace for ui.perfetto.dev",
      &given->profile);
}

// What is said.
void add_output_options(Args* args, TrainArgs* given) {
  args->option("-q, --quiet", "", "no progress", &given->quiet);
  args->option("--json", "", "print the final evaluation as one JSON object", &given->json);
}

CopyTier copy_tier_named(const std::string& name) {
  if (name == "auto") return best_unit_codec() ? CopyTier::kShortGop : CopyTier::kNone;
  if (const std::optional<CopyTier> tier = parse_copy_tier(name)) return *tier;
  throw Error(Category::kConfig, "there is no cache \"" + name + "\"", "--cache",
              "write none, raw, short-gop or auto");
}

SamplingOrder order_named(const std::string& name) {
  if (const std::optional<SamplingOrder> order = parse_sampling_order(name)) return *order;
  throw Error(Category::kConfig, "there is no order \"" + name + "\"", "--order",
              "write gop-run or uniform");
}

}  // namespace

Args train_args(TrainArgs* given) {
  given->run.threads = num_threads();
  Args args(
      "dojo train [FOLDER...]",
      "Trains a network on driving video, and reports what it learned: to predict the next "
      "frames,\n"
      "with --task ego to tell the car's own speed, yaw rate and steering wheel angle, or with "
      "--task mae\n"
      "to fill in what is hidden of a clip.",
      "  dojo train                                  renders demo drives and trains on them\n"
      "  dojo train ~/TeslaCam --out runs/mine       all video below a folder\n"
      "  dojo train clips --held-out 'kitti*' --minutes 10\n"
      "  dojo train --task ego ~/TeslaCam            learns from the telemetry in the video\n"
      "  dojo train --task mae ~/TeslaCam            learns from most of a clip being hidden\n"
      "  dojo train --task ego --model vit --init runs/mae-001/best.safetensors ~/TeslaCam\n"
      "                                              goes on with what that learned\n"
      "  dojo train --resume runs/mine               goes on exactly where it was\n");
  args.note(searched_files());
  add_run_options(&args, given);
  add_learning_options(&args, given);
  add_reading_options(&args, given);
  add_course_options(&args, given);
  add_executor_options(&args, given);
  add_output_options(&args, given);
  return args;
}

RunOptions new_run(const Args& args, const TrainArgs& given, std::span<const std::string> argv) {
  RunOptions o = given.run;
  make_task(o);  // a wrong name before anything else
  apply(given.network, &o);
  if (o.steps == 0 && o.minutes == 0) o.minutes = kDefaultMinutes;
  if (!args.given("--lr")) o.learning_rate = default_learning_rate(make_task(o)->batch());
  o.command = {"dojo", "train"};
  o.command.insert(o.command.end(), argv.begin(), argv.end());
  o.order = order_named(given.order);
  o.cache = copy_tier_named(given.cache);
  o.format = step_format(given.format);
  o.without = parse_without(given.without);
  return o;
}

void check_resumed(const Args& args, const TrainArgs& given) {
  const auto refuse = [&](const char* name) {
    if (args.given(name))
      throw Error(Category::kConfig, "a resumed run keeps the value that it began with", name,
                  "leave it out, or start a new run");
  };
  std::ranges::for_each(kNetworkArgs, refuse);
  for (const char* name :
       {"--task", "--out", "--init", "--interval", "--held-out", "--lr", "--weight-decay", "--seed",
        "--threads", "--order", "--frame-scale", "--cache", "--eval-every", "--executor",
        "--format", "--keep-damaged", "--deterministic", "--without", "--memory"})
    refuse(name);
  if (!given.run.folders.empty())
    throw Error(Category::kConfig, "a resumed run keeps its folders", given.run.folders[0],
                "leave them out");
}

RunOptions resumed_run(const Args& args, const TrainArgs& given, RunOptions stored) {
  const RunOptions& o = given.run;
  const std::pair end(stored.steps, stored.minutes);
  if (args.given("--steps")) stored.steps = o.steps;
  if (args.given("--minutes")) stored.minutes = o.minutes;
  if (end != std::pair(stored.steps, stored.minutes)) stored.end_was_moved = true;
  if (args.given("--workers")) stored.workers = o.workers;
  stored.catalogue = o.catalogue;
  if (args.given("--cache-dir")) stored.cache_folder = o.cache_folder;
  if (args.given("--cache-size")) stored.cache_gigabytes = o.cache_gigabytes;
  if (args.given("--checkpoint-every")) stored.checkpoint_every = o.checkpoint_every;
  return stored;
}

}  // namespace dojo
