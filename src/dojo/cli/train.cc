// dojo train: a folder of driving video goes in, a trained network and a report come out.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "dojo/base/cache_folder.h"
#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/memory_limit.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/base/units.h"
#include "dojo/cli/args.h"
#include "dojo/cli/called.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/cli/network_args.h"
#include "dojo/cli/write_profile.h"
#include "dojo/host/executor.h"
#include "dojo/host/limits.h"
#include "dojo/report/report.h"
#include "dojo/train/run.h"
#include "dojo/train/run_folder.h"
#include "dojo/train/schedule.h"
#include "dojo/train/task.h"
#include "dojo/video/catalogue.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

constexpr double kDefaultMinutes = 5;
constexpr const char* kLearnedNothing =
    "nothing was learned: no evaluation was better than that of the weights that the run began "
    "with, and best.safetensors holds no better ones; train longer, or on more video\n";

// Rendered once into the user's cache folder.
std::vector<std::string> demo_drives(bool quiet) {
  const std::string cache = cache_folder();
  if (cache.empty())
    throw Error(Category::kConfig, "neither XDG_CACHE_HOME nor HOME is set", "",
                "set one of them, or give a folder of video");
  const std::string folder = cache + "/demo-drives";
  try {
    make_folder(folder);
  } catch (const Error& e) {
    throw Error(e.category(), e.message(), e.where(),
                "set XDG_CACHE_HOME to a folder that you may write to, or give a folder of video");
  }
  return render_drives(folder, {}, quiet).videos;
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

// A report or profile that cannot be written must not hide why the run ended.
void try_report(const std::string& folder) {
  try {
    write_report(folder);
  } catch (const Error& e) {
    tell("warning: no report: {}\n", error_line(e));
  } catch (const std::exception& e) {
    tell("warning: no report: {}\n", one_line(e.what()));
  }
}

void try_profile(const KernelTimes& times, const std::string& folder) {
  try {
    write_profile(times, measure_limits(), (fs::path(folder) / "profile.json").string(), stderr);
  } catch (const Error& e) {
    tell("warning: no profile: {}\n", error_line(e));
  } catch (const std::exception& e) {
    tell("warning: no profile: {}\n", one_line(e.what()));
  }
}

// The options that the memory depends on.
const char* sizes_of(const RunOptions& o) {
  return o.task == "mae" ? "--size, --batch, --frames, --channels, --layers, --patch"
                         : "--size, --batch, --frames, --channels";
}

// Throws Error(kConfig) where a run cannot fit into memory, before anything is done for it.
void check_memory(const RunOptions& o) {
  if (o.executor != "host") return;  // nobody trains much with the interpreter
  const auto need_of = [&](int64_t batch) {
    RunOptions tried = o;
    set_batch(&tried, batch);
    try {
      return training_memory(
          tried, [&](const Graph& g) { return host_memory_bytes(g, host_options(o.without)); });
    } catch (const Error& e) {  // of a graph with tensors beyond all bounds
      throw Error(Category::kConfig, e.message(), sizes_of(o), "take smaller ones");
    }
  };
  const int64_t batch = batch_of(o);
  const MemoryNeed need = need_of(batch);
  const MemoryLimit limit = memory_limit();
  if (need.total() <= limit.bytes) return;
  std::string hint = "take a smaller --size or --channels";
  if (batch > 1) {
    const int64_t one = need_of(1).total();  // it grows evenly with the batch
    if (one <= limit.bytes)
      hint = fmt::format(
          "--batch {} would fit, or take a smaller --size or --channels",
          1 + (limit.bytes - one) / std::max<int64_t>(1, (need.total() - one) / (batch - 1) + 1));
  }
  throw Error(
      Category::kConfig,
      fmt::format("training needs at least {} of memory: {} for a step, {} for evaluation, {} for "
                  "clips, {} for a checkpoint; {} {}",
                  print_bytes(need.total()), print_bytes(need.step), print_bytes(need.evaluation),
                  print_bytes(need.batches), print_bytes(need.checkpoint), limit.what,
                  print_bytes(limit.bytes)),
      sizes_of(o), hint);
}

// As many segments as a step takes to fit into max_bytes.
void fit_memory(RunOptions* o, int64_t max_bytes, bool quiet) {
  if (o->executor != "host")
    throw Error(Category::kConfig, "only the host executor plans its memory", "--memory",
                "leave it out, or use --executor host");
  HostOptions options = host_options(o->without);
  options.max_bytes = memory_limit().bytes;  // no timing on images that do not fit
  if (!o->deterministic) options.algorithms = timed_algorithms(quiet);
  try {
    const FittedStep step =
        fit_training(*o, max_bytes, [&](const Graph& g) { return host_memory_bytes(g, options); });
    o->segments = step.segments;
    if (!quiet) tell_fitted(step);
  } catch (const Error& e) {  // of a graph with tensors beyond all bounds
    if (e.category() == Category::kConfig) throw;
    throw Error(Category::kConfig, e.message(), sizes_of(*o), "take smaller ones");
  }
}

// The run's executors. Which algorithms they use stays in the folder, for a resumed run.
ExecutorFactory executor_of_run(const std::string& folder, const RunOptions& o, bool resume,
                                bool quiet) {
  if (o.executor != "host" || o.deterministic) return executor_factory(o.executor, {}, o.without);
  const auto algorithms = timed_algorithms(quiet);
  const fs::path file = fs::path(folder) / "algorithms.json";
  if (resume && fs::exists(file))
    algorithms->record(read_file(file, 16 << 20), file.string());
  else if (resume && fs::exists(fs::path(folder) / "last.safetensors"))
    tell("warning: {}: not there; algorithms are chosen anew, other ones may give other bytes\n",
         one_line(file.string()));
  return [=, make = executor_factory(o.executor, algorithms, o.without)](const Graph& graph) {
    auto executor = make(graph);
    write_file_atomic(file, algorithms->text());
    return executor;
  };
}

void check_profile(bool profile, const std::string& executor) {
  if (profile && executor != "host")
    throw Error(Category::kConfig,
                fmt::format("the {} has no kernels whose time could be told", executor),
                "--profile", "leave it out, or use --executor host");
}

// A step allocates nothing; batches, checkpoints and pictures come and go. Without this glibc keeps
// a growing heap for each thread.
void keep_the_heap_small() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

}  // namespace

int run_train(std::span<const std::string> argv) {
  RunOptions o;
  NetworkArgs network;
  std::string out, resume;
  std::string cache = "none", order = std::string(name(o.order)), format = "f32";
  bool quiet = false, json = false, profile = false;
  std::vector<std::string> without;
  std::string memory;
  o.threads = num_threads();
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
      "  dojo train --resume runs/mine               goes on exactly where it was\n");
  args.note(searched_files());
  args.positional("[FOLDER...]",
                  "folders, searched with all in them for files named as below, or video files",
                  &o.folders);
  args.option("--task", "NAME",
              "predict: the next frames, without labels; ego: speed, yaw rate and steering wheel "
              "angle, from telemetry; mae: what is hidden of a clip, by a vision transformer, "
              "without labels",
              &o.task);
  args.option("--out", "DIR", "the run folder; default: runs/TASK-001, or the next free number",
              &out);
  args.option("--resume", "DIR", "go on with the run in this folder", &resume);
  args.option("--steps", "N",
              "train for N steps: the same bytes each time, with the same algorithms; default: "
              "until the minutes have passed",
              &o.steps, {.min = 1, .max = 1e9});
  args.option("--minutes", "M",
              fmt::format("train for M minutes, without what comes before the first step and after "
                          "the last; default: {:g} without --steps",
                          kDefaultMinutes),
              &o.minutes, {.min = 1e-3, .max = 1e6});
  add_options(&args, &network, o);
  args.option("--interval", "SECONDS", "between the frames", &o.interval_seconds,
              {.min = 1e-3, .max = 3600});
  args.option("--held-out", "PATTERN",
              "recordings to evaluate on, by a part of the name or a glob; may be repeated; "
              "default: one in five",
              &o.held_out);
  args.option("--lr", "RATE",
              fmt::format("learning rate after the warm-up; default: {:g}, "
                          "times sqrt(N / 8) with --batch N below 8",
                          default_learning_rate(8)),
              &o.learning_rate, {.min = 0, .max = 1e6});
  args.option("--weight-decay", "RATE", "of matrices and kernels", &o.weight_decay,
              {.min = 0, .max = 1e6});
  args.option("--seed", "N", "other seeds, other runs", &o.seed);
  args.option("--threads", "N", "processor threads; default: all cores", &o.threads,
              {.min = 1, .max = 1024});
  args.option("--workers", "N", "decoding processes", &o.workers, {.min = 1, .max = 64});
  args.option("--order", "NAME",
              "of the clips: gop-run (neighbours share their decoding), or uniform (fully random, "
              "slower)",
              &order);
  args.option("--frame-scale", "X",
              "keep decoded frames X times as large as --size: enlarged crops stay sharper",
              &o.frame_scale, {.min = 1, .max = 4});
  args.option(
      "--cache", "TIER",
      "small copies of frames on disk, for later epochs and runs: none, raw (exact), "
      "short-gop (about 1 KB a frame, not exact), or auto: short-gop where FFmpeg has a codec",
      &cache);
  args.option("--cache-dir", "DIR", "where they are; default: $XDG_CACHE_HOME/opendojo/frames",
              &o.cache_folder);
  args.option("--cache-size", "GB", "the folder grows to this size; the oldest go",
              &o.cache_gigabytes, {.min = 0.001, .max = 1e6});
  args.option("--eval-every", "N", "steps between evaluations; default: about 3 % of the time",
              &o.eval_every, {.min = 1, .max = 1e9});
  args.option("--checkpoint-every", "N",
              "steps between checkpoints, besides one each 30 s; default: no others",
              &o.checkpoint_every, {.min = 1, .max = 1e9});
  args.option("--keep-damaged", "", "train on damaged frames too, where they can be decoded",
              &o.keep_damaged);
  args.option("--catalogue", "FILE", kCatalogueHelp, &o.catalogue);
  args.option("--format", "NAME", kFormatHelp, &format);
  args.option("--executor", "NAME", "host, or interpreter (the slow reference)", &o.executor);
  args.option(
      "--deterministic", "",
      "choose algorithms by rule, not by timing them: the same bytes also on the first runs "
      "of two machines of a kind",
      &o.deterministic);
  add_without(&args, &without);
  add_memory(&args, &memory);
  args.option(
      "--profile", "",
      "also the time of each kernel of the step, as a table on stderr, in RUN/report.html, and in "
      "RUN/profile.json as a trace for ui.perfetto.dev",
      &profile);
  args.option("-q, --quiet", "", "no progress", &quiet);
  args.option("--json", "", "print the final evaluation as one JSON object", &json);
  if (!args.parse(argv)) return 0;

  const double began = steady_seconds();
  const InterruptGuard guard(InterruptGuard::kThrow);
  keep_the_heap_small();
  if (!resume.empty()) {
    // The end of a run may be moved, and what changes no byte; all else is as it began.
    const auto refuse = [&](const char* name) {
      if (args.given(name))
        throw Error(Category::kConfig, "a resumed run keeps the value that it began with", name,
                    "leave it out, or start a new run");
    };
    std::ranges::for_each(kNetworkArgs, refuse);
    for (const char* name :
         {"--task", "--out", "--interval", "--held-out", "--lr", "--weight-decay", "--seed",
          "--threads", "--order", "--frame-scale", "--cache", "--eval-every", "--executor",
          "--format", "--keep-damaged", "--deterministic", "--without", "--memory"})
      refuse(name);
    if (!o.folders.empty())
      throw Error(Category::kConfig, "a resumed run keeps its folders", o.folders[0],
                  "leave them out");
  } else {
    make_task(o);  // a wrong name before anything else
    apply(network, &o);
    if (o.steps == 0 && o.minutes == 0) o.minutes = kDefaultMinutes;
    if (!args.given("--lr")) o.learning_rate = default_learning_rate(make_task(o)->batch());
    o.command = {"dojo", "train"};
    o.command.insert(o.command.end(), argv.begin(), argv.end());
    o.order = order_named(order);
    o.cache = copy_tier_named(cache);
    o.format = step_format(format);
    o.without = parse_without(without);
    executor_factory(o.executor, {}, o.without);  // a wrong name before the folder is made
    set_num_threads(static_cast<int>(o.threads));
    check_profile(profile, o.executor);
    if (args.given("--memory")) fit_memory(&o, parse_memory(memory), quiet);
    check_memory(o);
  }
  // From here on no other process trains in this folder.
  const RunFolder held = !resume.empty() ? RunFolder::resume(resume)
                         : out.empty()   ? RunFolder::begin_next("runs/" + o.task)
                                         : RunFolder::begin(out);
  const std::string& folder = held.path();
  if (!resume.empty()) {
    const std::string path = (fs::path(resume) / "config.json").string();
    RunOptions stored = parse_run_config(read_file(path), path).options;
    const std::pair end(stored.steps, stored.minutes);
    if (args.given("--steps")) stored.steps = o.steps;
    if (args.given("--minutes")) stored.minutes = o.minutes;
    if (end != std::pair(stored.steps, stored.minutes)) stored.end_was_moved = true;
    if (args.given("--workers")) stored.workers = o.workers;
    stored.catalogue = o.catalogue;
    if (args.given("--cache-dir")) stored.cache_folder = o.cache_folder;
    if (args.given("--cache-size")) stored.cache_gigabytes = o.cache_gigabytes;
    if (args.given("--checkpoint-every")) stored.checkpoint_every = o.checkpoint_every;
    o = stored;
    set_num_threads(static_cast<int>(o.threads));
    check_profile(profile, o.executor);
    check_memory(o);
  }
  if (!args.given("--catalogue")) o.catalogue = Catalogue::default_path();
  if (!o.cache_folder.empty()) o.cache_folder = fs::absolute(o.cache_folder).string();
  KernelTimes times;
  const ExecutorFactory make_plain = executor_of_run(folder, o, !resume.empty(), quiet);
  const ExecutorFactory make_executor = [&](const Graph& graph) {
    auto executor = make_plain(graph);
    if (profile && !graph.updates.empty()) executor->note_times(&times);  // a step, no evaluation
    return executor;
  };
  if (resume.empty()) {
    if (o.folders.empty()) {
      o.folders = demo_drives(quiet);
      if (o.held_out.empty()) o.held_out = {fs::path(o.folders.back()).filename()};
    }
    for (std::string& path : o.folders) path = fs::absolute(path).string();
  }

  LoopResult result;
  try {
    result = run_training(folder, o, !resume.empty(), quiet, make_executor);
  } catch (const Error&) {
    if (fs::exists(fs::path(folder) / "metrics.jsonl")) try_report(folder);
    throw;
  }
  if (profile) try_profile(times, folder);
  if (result.reason == StopReason::kNonFinite || result.reason == StopReason::kDiverged) {
    // No error of the user's or ours: this is how the training went.
    try_report(folder);
    tell(
        "dojo: training stopped: {}, {}; best.safetensors there holds {}, last.safetensors "
        "the last good checkpoint; try a new run with a lower --lr\n",
        result.problem, one_line(folder),
        result.learned ? fmt::format("the best weights, of step {}", result.best_step)
                       : "nothing better than the weights that it began with");
    return 1;
  }
  if (result.reason == StopReason::kInterrupted) {
    try_report(folder);
    tell("interrupted after step {}; go on with: {}\n", result.step,
         as_called({"train", "--resume", folder}));
    return 4;
  }
  if (json)
    fmt::print("{}\n", to_json(result));
  else
    fmt::print("{}\n{}", result.final_verdict.summary, result.learned ? "" : kLearnedNothing);
  try {
    flush_results();
  } catch (const std::exception&) {
    try_report(folder);
    throw;
  }
  warn(write_report(folder));
  if (!json) fmt::print("{}/report.html\n", folder);
  if (!quiet) {
    const double all = steady_seconds() - began;
    tell(
        "in all {}: {} of training, {} before the first step and after the last: reading "
        "the video, the final "
        "evaluation, pictures and report{}\n",
        print_seconds(all), print_seconds(result.training_seconds),
        print_seconds(all - result.training_seconds),
        result.first_step_seconds > 0 ? fmt::format("; the first step was done after {}",
                                                    print_seconds(result.first_step_seconds))
                                      : "");
  }
  return 0;
}

}  // namespace dojo
