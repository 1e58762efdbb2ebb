#include "dojo/train/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "dojo/base/crc32c.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/base/version.h"
#include "dojo/graph/format_policy.h"
#include "dojo/train/held_out.h"
#include "dojo/train/late_judge.h"
#include "dojo/train/pretrained.h"
#include "dojo/train/resume.h"
#include "dojo/train/run_recordings.h"
#include "dojo/train/step.h"
#include "dojo/train/task.h"
#include "dojo/video/catalogue.h"

namespace dojo {
namespace {

constexpr double kEvalShare = 0.03;     // of the time of a run
constexpr double kEvalStepsApart = 50;  // or a multiple

std::vector<std::string> names_of(const std::vector<Recording>& recordings) {
  std::vector<std::string> names;
  for (const Recording& r : recordings) names.push_back(r.name);
  return names;
}

template <typename T>
void append(const std::vector<T>& more, std::vector<T>* all) {
  all->insert(all->end(), more.begin(), more.end());
}

// Evaluations that cost about kEvalShare of the time, as a function of sizes only: a prediction
// of a clip and its mirror image costs two thirds of a training step.
int64_t default_eval_every(int64_t clips, int64_t batch) {
  const double cost_in_steps = static_cast<double>(clips) / (1.5 * static_cast<double>(batch));
  const double apart = std::ceil(cost_in_steps / kEvalShare / kEvalStepsApart);
  return static_cast<int64_t>(std::max(1.0, apart) * kEvalStepsApart);
}

// Of LoopOptions: 0 is by time.
int64_t eval_every(const RunOptions& o, int64_t clips, int64_t batch) {
  if (o.eval_every >= 0) return o.eval_every;
  return o.steps > 0 ? default_eval_every(clips, batch) : 0;
}

// In whole pairs of pixels, as copies on disk are coded.
int64_t scaled(int64_t pixels, double scale) {
  return scale == 1 ? pixels : 2 * std::llround(static_cast<double>(pixels) * scale / 2);
}

std::unique_ptr<ClipSource> make_source(const Task& task, const std::vector<Recording>& recordings,
                                        const RunOptions& o, const IndexOptions& indexing,
                                        std::vector<Quarantined> given_up) {
  SamplerOptions sampler = task.clips();
  sampler.seed = o.seed;
  sampler.order = o.order;
  LoaderOptions loader;
  loader.batch = task.batch();
  loader.height = task.held_out().height;
  loader.width = task.held_out().width;
  loader.decode_height = scaled(loader.height, o.frame_scale);
  loader.decode_width = scaled(loader.width, o.frame_scale);
  loader.workers = static_cast<int>(o.workers);
  loader.keep_damaged = o.keep_damaged;
  loader.indexing = indexing;
  loader.copy_tier = o.cache;
  loader.copy_folder = o.cache_folder;
  loader.max_copy_bytes = static_cast<int64_t>(o.cache_gigabytes * 1e9);
  loader.quarantined = std::move(given_up);
  loader.transform = task.variation(loader.decode_height, loader.decode_width);
  return task.source(std::make_unique<ClipLoader>(recordings, sampler, loader));
}

// The first batch is read while the step is prepared.
std::unique_ptr<ClipSource> begin_reading(const Task& task,
                                          const std::vector<Recording>& recordings,
                                          const RunOptions& o, const IndexOptions& indexing,
                                          const std::optional<LoopState>& state) {
  auto source = make_source(task, recordings, o, indexing,
                            state ? state->given_up : std::vector<Quarantined>());
  source->seek(state ? state->position : 0);
  source->wait(0);
  return source;
}

// Reading packets is short work for a processor, and waiting for the disk.
int index_workers(const RunOptions& o) { return static_cast<int>(std::max<int64_t>(2, o.workers)); }

void warn(const std::vector<Quarantined>& lost) {
  for (const Quarantined& q : lost)
    tell("warning: not usable, or not all of it: {}: {}\n", one_line(q.path), one_line(q.reason));
}

// Files that are cut, or not what they were: trained on as far as they go. Their notes are told.
void list_noted(const std::vector<Recording>& recordings, std::vector<Quarantined>* list) {
  for (const Recording& r : recordings)
    if (!r.note.empty()) list->push_back({r.path, "input", r.note, /*whole_file=*/false});
}

std::string counted(size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

Graph training_graph(const Task& task, const RunOptions& o) {
  return recomputed(
      in_format(build_training_step(o.task, task.model(), {.weight_decay = o.weight_decay}),
                o.format),
      o.segments);
}

LoopOptions loop_options(const std::string& folder, const Task& task, const RunOptions& o) {
  LoopOptions loop;
  loop.folder = folder;
  loop.schedule = {.learning_rate = o.learning_rate, .steps = o.steps, .minutes = o.minutes};
  if (o.steps > 0)  // a short run warms up for a tenth of it
    loop.schedule.warmup_steps = std::clamp<int64_t>(o.steps / 10, 1, loop.schedule.warmup_steps);
  loop.seed = o.seed;
  loop.batch = task.batch();
  loop.names = task.loss_names();
  loop.log_every = o.log_every;
  loop.checkpoint_every = o.checkpoint_every;
  loop.metadata = task.metadata();
  loop.metadata["dojo_version"] = std::string(version());
  loop.metadata["seed"] = fmt::format("{}", o.seed);
  loop.metadata["options"] = fixed_options(o);
  return loop;
}

struct SplitClips {
  RecordingSplit split;
  std::unique_ptr<HeldOutReading> reading;  // has read one clip
  std::vector<Quarantined> unreadable;      // would have been held out
};

double gap_seconds(const HeldOutOptions& o) {
  return static_cast<double>(o.inputs + o.horizons) * o.interval_seconds;
}

// The clips of those held out, as far as the first that can be read. Where nobody named them,
// recordings of which no clip can be read make room for others, if these are indexed.
SplitClips split_and_read(RunRecordings* found, const HeldOutOptions& options,
                          const RunOptions& o) {
  SplitClips result;
  result.split = std::move(found->split);
  std::vector<Recording> left = found->all;
  for (;;) {
    result.reading = std::make_unique<HeldOutReading>(result.split.held_out, options);
    while (!result.reading->has_clips() && result.reading->next()) {
    }
    if (result.reading->has_clips()) return result;
    HeldOutClips none = result.reading->take();
    std::set<std::string> held;
    for (const Recording& r : result.split.held_out) held.insert(r.name);
    std::erase_if(left, [&](const Recording& r) { return held.count(r.name) > 0; });
    const bool indexed =
        std::all_of(left.begin(), left.end(), [](const Recording& r) { return r.is_indexed(); });
    if (!o.held_out.empty() || left.empty() || !indexed) throw no_clip_to_judge_by(none, options);
    for (Quarantined& q : none.quarantined) {
      q.whole_file = true;
      result.unreadable.push_back(std::move(q));
    }
    result.split = split_recordings(left, {}, gap_seconds(options));
  }
}

// What a run goes on from.
struct Resumed {
  std::optional<RunConfig> config;  // none: it is a new run
  std::optional<LoopState> state;   // none: from the beginning
};

Resumed read_resumed(const std::string& folder, const std::string& config_path,
                     const RunOptions& o) {
  Resumed before{.config = parse_run_config(read_file(config_path), config_path),
                 .state = state_to_resume(folder)};
  if (before.state) check_end(folder, *before.state, before.config->options, o);
  return before;
}

// How the parameters begin, by the first parts of their names: "encoder, head".
std::string parts_of(const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const std::string& name : names) {
    const std::string part = name.substr(0, name.find('.'));
    if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(part);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void tell_first_weights(const InitFile& init) {
  const auto with_parts = [](const char* what, const std::vector<std::string>& names) {
    return names.empty() ? "" : fmt::format("; {} {}: {}", names.size(), what, parts_of(names));
  };
  tell("first weights: {} tensors of {}: {}{}{}\n", init.taken.size(), one_line(init.path),
       parts_of(init.taken), with_parts("begin at random", init.kept),
       one_line(with_parts("of the file are not used", init.unused)));
}

// Of a run that begins, with what is told of them in `init`. Throws Error(kInput) where they do not
// fit, or a run begins again with other ones.
PretrainedWeights first_weights(const Graph& step, std::string_view network, bool again,
                                InitFile* init) {
  PretrainedWeights weights = read_first_weights(step, network, init->path);
  const uint64_t found = crc32c(read_file(init->path));
  if (again && found != init->crc32c)
    throw Error(Category::kInput, "the file of the first weights has changed since the run began",
                init->path, "put it back, or start a new run");
  *init = {.path = init->path,
           .crc32c = found,
           .taken = weights.taken,
           .kept = weights.kept,
           .unused = weights.unused};
  return weights;
}

void tell_where_it_goes_on(const LoopState& state, const RunOptions& o) {
  if (o.steps > 0 && state.step >= o.steps)
    tell("the run has done its {} steps: what is left is its evaluation\n", o.steps);
  else
    tell("going on after step {}\n", state.step);
}

RunRecordings find_for(Task& task, const RunOptions& o, const IndexOptions& indexing, bool quiet) {
  std::function<void(FoundRecordings*)> prepare;
  if (task.wants_all_indexed())
    prepare = [&](FoundRecordings* files) { task.prepare(files, quiet); };
  return recordings_of_run({.paths = o.folders,
                            .held_out = o.held_out,
                            .frames = task.clips().frames,
                            .interval_seconds = o.interval_seconds,
                            .gap_seconds = gap_seconds(task.held_out()),
                            .indexing = indexing,
                            .prepare = prepare});
}

// As config.json keeps them: those that the run began with, which must be the same.
std::vector<RunFile> checked_files(const RunRecordings& found,
                                   const std::optional<RunConfig>& before,
                                   const std::string& config_path) {
  std::vector<RunFile> files = files_of(found.all);
  if (!before) return files;
  const std::string warning =
      check_same_files(before->files, files, found.quarantined, config_path);
  if (!warning.empty()) tell("warning: {}\n", one_line(warning));
  return before->files;
}

void check_same_split(const RunConfig& before, const RunConfig& now,
                      const std::string& config_path) {
  if (before.train != now.train || before.held_out != now.held_out)
    throw Error(Category::kInput, "other recordings would be held out than when the run began",
                config_path,
                "go on with the version of OpenDojo that began it, or start a new run");
}

// What a run trains on and is judged by.
struct RunVideo {
  RunConfig config;  // names all recordings
  RecordingSplit split;
  std::unique_ptr<HeldOutReading> reading;  // has read one clip of those held out
  std::vector<Quarantined> lost;
  std::vector<std::string> warnings;  // of what is trained on
};

// Looks for it, and tells what is found.
RunVideo video_of_run(Task& task, const RunOptions& o, const IndexOptions& indexing,
                      const std::optional<RunConfig>& before, const std::string& config_path,
                      bool quiet) {
  RunRecordings found = find_for(task, o, indexing, quiet);
  RunVideo video;
  video.config = {.options = o,
                  .train = {},
                  .held_out = {},
                  .files = checked_files(found, before, config_path)};
  if (found.cannot_split) throw Error(*found.cannot_split);
  SplitClips clips = split_and_read(&found, task.held_out(), o);
  video.split = std::move(clips.split);
  video.reading = std::move(clips.reading);
  RunConfig& config = video.config;
  config.train = names_of(video.split.train);
  config.held_out = names_of(video.split.held_out);
  if (before) check_same_split(*before, config, config_path);
  if (!quiet)
    tell("{} to train on, {} held out: {}\n", counted(config.train.size(), "recording"),
         config.held_out.size(), one_line(fmt::format("{}", fmt::join(config.held_out, ", "))));

  video.lost = std::move(found.quarantined);
  append(clips.unreadable, &video.lost);
  warn(video.lost);
  video.warnings = video.split.messages;
  append(video.reading->messages(), &video.warnings);
  for (const auto* messages : {&found.messages, &video.warnings})
    for (const std::string& m : *messages) tell("warning: {}\n", one_line(m));
  append(video.split.copies, &video.lost);
  list_noted(found.all, &video.lost);
  return video;
}

}  // namespace

MemoryNeed training_memory(const RunOptions& o,
                           const std::function<int64_t(const Graph&)>& executor_bytes) {
  const auto task = make_task(o);
  const Graph graph = training_graph(*task, o);
  MemoryNeed need{.step = executor_bytes(graph),
                  .evaluation = executor_bytes(task->evaluation_graph())};
  // The batch that is used, and those that are ready.
  const HeldOutOptions size = task->held_out();
  need.batches = (1 + LoaderOptions().prefetch) * task->batch() * task->clips().frames *
                 size.height * size.width * 3;
  for (const Input& input : graph.inputs)
    if (input.role != Role::kData) need.checkpoint += graph.type(input.value).num_bytes();
  return need;
}

FittedStep fit_training(const RunOptions& o, int64_t max_bytes,
                        const std::function<int64_t(const Graph&)>& executor_bytes) {
  RunOptions whole = o;
  whole.segments = 1;
  return fit_step(training_graph(*make_task(whole), whole), max_bytes, executor_bytes);
}

LoopResult run_training(const std::string& folder, const RunOptions& options, bool resume,
                        bool quiet, const ExecutorFactory& make_executor) {
  RunOptions o = options;
  const std::string config_path = folder + "/config.json";
  const auto task = make_task(o);
  const Resumed before = resume ? read_resumed(folder, config_path, o) : Resumed();
  PretrainedWeights weights;
  if (!o.init.path.empty() && !before.state) {  // before any time is spent on video
    weights = first_weights(training_graph(*task, o), network_of(o), resume, &o.init);
    if (!quiet) tell_first_weights(o.init);
  }

  if (!quiet) tell("looking at the video\n");
  Catalogue catalogue(o.catalogue);
  const IndexOptions indexing{.workers = index_workers(o), .catalogue = &catalogue};
  RunVideo video = video_of_run(*task, o, indexing, before.config, config_path, quiet);
  if (!quiet && before.state) tell_where_it_goes_on(*before.state, o);

  task->learn(video.split.train);
  task->check_held_out(video.split.held_out);
  const auto source = begin_reading(*task, video.split.train, o, indexing, before.state);
  if (!quiet) tell("preparing the training step\n");
  const auto step = make_executor(training_graph(*task, o));

  LoopOptions loop = loop_options(folder, *task, o);
  loop.resume = before.state.has_value();
  loop.eval_every = eval_every(o, video.reading->num_clips(), task->batch());
  loop.first_weights = [&](Executor& executor) {
    write(weights, executor);
    weights = {};  // their memory is not needed any more
  };
  loop.lost = std::move(video.lost);
  loop.warnings = std::move(video.warnings);
  loop.quiet = quiet;
  LateJudge judge(std::move(video.reading), [&](HeldOutSet set) {
    return task->judge(std::move(set), video.split.held_out, make_executor);
  });
  const std::string config = to_json(video.config);
  if (!resume || read_file(config_path) != config) write_file_atomic(config_path, config);
  const LoopResult result = run_loop(loop, *step, *source, judge);
  note_problems(judge.quarantined(), &catalogue);
  if (result.reason == StopReason::kSteps || result.reason == StopReason::kMinutes)
    judge.write_samples(folder + "/samples");
  return result;
}

}  // namespace dojo
