// dojo train: a folder of driving video goes in, a trained network and a report come out.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <utility>

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
#include "dojo/cli/train_args.h"
#include "dojo/cli/write_profile.h"
#include "dojo/host/executor.h"
#include "dojo/host/limits.h"
#include "dojo/report/report.h"
#include "dojo/train/run.h"
#include "dojo/train/run_folder.h"
#include "dojo/video/catalogue.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

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
  return o.task == "mae" || network_of(o) == "ego-vit"
             ? "--size, --batch, --frames, --channels, --layers, --patch"
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

// Of a new run: names and sizes are found wrong before its folder is made.
RunOptions begin_run(const Args& args, const TrainArgs& given, std::span<const std::string> argv) {
  RunOptions o = new_run(args, given, argv);
  executor_factory(o.executor, {}, o.without);
  set_num_threads(static_cast<int>(o.threads));
  check_profile(given.profile, o.executor);
  if (args.given("--memory")) fit_memory(&o, parse_memory(given.memory), given.quiet);
  check_memory(o);
  return o;
}

RunOptions resume_run(const Args& args, const TrainArgs& given) {
  const std::string path = (fs::path(given.resume) / "config.json").string();
  RunOptions o = resumed_run(args, given, parse_run_config(read_file(path), path).options);
  set_num_threads(static_cast<int>(o.threads));
  check_profile(given.profile, o.executor);
  check_memory(o);
  return o;
}

// While it lives no other process trains in the folder.
RunFolder folder_of_run(const TrainArgs& given, const std::string& task) {
  if (!given.resume.empty()) return RunFolder::resume(given.resume);
  return given.out.empty() ? RunFolder::begin_next("runs/" + task) : RunFolder::begin(given.out);
}

// The times of its steps, not of its evaluations, into `times`.
ExecutorFactory with_times(ExecutorFactory make, KernelTimes* times) {
  return [make = std::move(make), times](const Graph& graph) {
    auto executor = make(graph);
    if (!graph.updates.empty()) executor->note_times(times);
    return executor;
  };
}

void choose_video(RunOptions* o, bool quiet) {
  if (o->folders.empty()) {
    o->folders = demo_drives(quiet);
    if (o->held_out.empty()) o->held_out = {fs::path(o->folders.back()).filename()};
  }
  for (std::string& path : o->folders) path = fs::absolute(path).string();
  if (!o->init.path.empty()) o->init.path = fs::absolute(o->init.path).string();
}

LoopResult train(const std::string& folder, const RunOptions& o, const TrainArgs& given,
                 const ExecutorFactory& make_executor) {
  try {
    return run_training(folder, o, !given.resume.empty(), given.quiet, make_executor);
  } catch (const Error&) {
    if (fs::exists(fs::path(folder) / "metrics.jsonl")) try_report(folder);
    throw;
  }
}

void tell_times(const LoopResult& result, double all) {
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

// The functions below end the program: they return its exit code.

// No error of the user's or ours: this is how the training went.
int end_stopped(const LoopResult& result, const std::string& folder) {
  try_report(folder);
  tell(
      "dojo: training stopped: {}, {}; best.safetensors there holds {}, last.safetensors "
      "the last good checkpoint; try a new run with a lower --lr\n",
      result.problem, one_line(folder),
      result.learned ? fmt::format("the best weights, of step {}", result.best_step)
                     : "nothing better than the weights that it began with");
  return 1;
}

int end_interrupted(const LoopResult& result, const std::string& folder) {
  try_report(folder);
  tell("interrupted after step {}; go on with: {}\n", result.step,
       as_called({"train", "--resume", folder}));
  return 4;
}

int end_whole(const LoopResult& result, const std::string& folder, const TrainArgs& given,
              double began) {
  if (given.json)
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
  if (!given.json) fmt::print("{}/report.html\n", folder);
  if (!given.quiet) tell_times(result, steady_seconds() - began);
  return 0;
}

}  // namespace

int run_train(std::span<const std::string> argv) {
  TrainArgs given;
  Args args = train_args(&given);
  if (!args.parse(argv)) return 0;

  const double began = steady_seconds();
  const InterruptGuard guard(InterruptGuard::kThrow);
  keep_the_heap_small();
  const bool resume = !given.resume.empty();
  RunOptions o;
  if (resume)
    check_resumed(args, given);
  else
    o = begin_run(args, given, argv);
  const RunFolder held = folder_of_run(given, o.task);
  const std::string& folder = held.path();
  if (resume) o = resume_run(args, given);
  if (!args.given("--catalogue")) o.catalogue = Catalogue::default_path();
  if (!o.cache_folder.empty()) o.cache_folder = fs::absolute(o.cache_folder).string();
  KernelTimes times;
  ExecutorFactory make_executor = executor_of_run(folder, o, resume, given.quiet);
  if (given.profile) make_executor = with_times(std::move(make_executor), &times);
  if (!resume) choose_video(&o, given.quiet);

  const LoopResult result = train(folder, o, given, make_executor);
  if (given.profile) try_profile(times, folder);
  switch (result.reason) {
    case StopReason::kNonFinite:
    case StopReason::kDiverged:
      return end_stopped(result, folder);
    case StopReason::kInterrupted:
      return end_interrupted(result, folder);
    case StopReason::kSteps:
    case StopReason::kMinutes:
      break;
  }
  return end_whole(result, folder, given, began);
}

}  // namespace dojo
