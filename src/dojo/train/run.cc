#include "dojo/train/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/base/version.h"
#include "dojo/train/augment.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/held_out.h"
#include "dojo/train/samples.h"
#include "dojo/train/step.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/split_recordings.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kEvalBatch = 8;  // always the same, so that `dojo eval` gives the same bits
constexpr double kEvalShare = 0.03;

std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Graph inference_graph(PredictOptions model) {
  model.batch = kEvalBatch;
  return predict_inference(model);
}

// Takes out the recordings without a single clip; without any left, an error that names the first.
void keep_long_enough(FoundRecordings& found, int64_t frames, double interval_seconds) {
  const Recording first = found.recordings[0];
  for (Quarantined& q : drop_short(&found.recordings, frames, interval_seconds))
    found.quarantined.push_back(std::move(q));
  if (found.recordings.empty())
    throw Error(Category::kInput,
                fmt::format("no recording has {} frames, {:g} s apart; the first has {} in all",
                            frames, interval_seconds, first.num_frames()),
                first.path, "give longer recordings, or change --frames or --interval");
}

FoundRecordings find(const std::vector<std::string>& paths, int64_t workers) {
  FoundRecordings found = find_recordings(paths, static_cast<int>(workers));
  if (found.recordings.empty()) {
    if (found.quarantined.empty())
      throw Error(Category::kInput, "no video found", paths.empty() ? "" : paths[0]);
    const Quarantined& q = found.quarantined[0];
    throw Error(
        Category::kInput,
        fmt::format("none of {} video files is usable; {}", found.quarantined.size(), q.reason),
        q.path, "`dojo inspect` lists all reasons");
  }
  return found;
}

std::vector<std::string> names_of(const std::vector<Recording>& recordings) {
  std::vector<std::string> names;
  for (const Recording& r : recordings) names.push_back(r.name);
  return names;
}

// Evaluations that cost about kEvalShare of the time, as a function of sizes only: a prediction
// of a clip and its mirror image costs two thirds of a training step.
int64_t default_eval_every(size_t clips, int64_t batch) {
  const double cost_in_steps = static_cast<double>(clips) / (1.5 * static_cast<double>(batch));
  return std::max<int64_t>(50,
                           static_cast<int64_t>(std::ceil(cost_in_steps / kEvalShare / 50) * 50));
}

std::unique_ptr<ClipSource> make_source(const std::vector<Recording>& recordings,
                                        const RunOptions& o, std::vector<Quarantined> given_up) {
  const PredictOptions& m = o.model;
  SamplerOptions sampler;
  sampler.frames = m.frames + 1;
  sampler.interval_seconds = o.interval_seconds;
  sampler.interval_factors = {0.5, 0.75, 1, 1, 1, 1.5};
  sampler.seed = o.seed;
  LoaderOptions loader;
  loader.batch = m.batch;
  loader.height = m.height;
  loader.width = m.width;
  loader.workers = static_cast<int>(o.workers);
  loader.quarantined = std::move(given_up);
  const ClipGeometry geometry{.frames = m.frames + 1,
                              .in_height = m.height,
                              .in_width = m.width,
                              .height = m.height,
                              .width = m.width};
  loader.transform = [geometry, seed = o.seed](uint64_t position, const ClipRef&,
                                               std::span<const uint8_t> frames,
                                               std::span<uint8_t> clip) {
    augment_clip({}, geometry, Random(seed, stream_id("augment"), position), frames, clip);
  };
  return make_clip_source(std::make_unique<ClipLoader>(recordings, sampler, loader));
}

std::vector<RunFile> files_of(const RecordingSplit& split) {
  std::vector<RunFile> files;
  for (const auto* part : {&split.train, &split.held_out})
    for (const Recording& r : *part) {
      std::error_code error;
      const auto bytes = std::filesystem::file_size(r.path, error);
      files.push_back({r.name, error ? 0 : static_cast<int64_t>(bytes), r.num_frames()});
    }
  return files;
}

// Throws Error(kInput) where the run would go on with other video than it began with.
void check_same_recordings(const RunConfig& before, const RunConfig& now,
                           const std::string& config_path) {
  if (before.train != now.train || before.held_out != now.held_out)
    throw Error(Category::kInput, "the recordings are not those that the run began with",
                config_path, "put them back, or start a new run");
  for (size_t i = 0; i < std::min(before.files.size(), now.files.size()); ++i) {
    const RunFile &a = before.files[i], &b = now.files[i];
    if (a.bytes != b.bytes || a.frames != b.frames)
      throw Error(Category::kInput,
                  fmt::format("the file is another than when the run began: it had {} bytes and {} "
                              "frames, now {} bytes and {} frames",
                              a.bytes, a.frames, b.bytes, b.frames),
                  b.name, "put the former file back, or start a new run");
  }
}

// Whether there is a checkpoint to go on from. Throws Error(kInput) where it is gone.
bool has_checkpoint(const std::string& folder) {
  namespace fs = std::filesystem;
  const std::string last = folder + "/last.safetensors";
  if (fs::exists(last)) return true;
  if (fs::exists(folder + "/best.safetensors"))
    throw Error(Category::kInput, "the checkpoint that a run goes on from is missing", last,
                "put it back, or start a new run");
  return false;  // killed before the first one: nothing is lost
}

void warn(const std::vector<Quarantined>& lost) {
  for (const Quarantined& q : lost)
    fmt::print(stderr, "warning: not usable, or not all of it: {}: {}\n", one_line(q.path),
               one_line(q.reason));
}

std::string counted(size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

}  // namespace

std::string to_json(const RunConfig& config) {
  const RunOptions& o = config.options;
  Json j;
  j["dojo_version"] = std::string(version());
  j["command"] = o.command;
  j["task"] = "predict";
  j["seed"] = o.seed;
  j["model"] = to_metadata(o.model);
  j["options"] = {{"folders", o.folders},
                  {"held_out", o.held_out},
                  {"steps", o.steps},
                  {"minutes", o.minutes},
                  {"batch", o.model.batch},
                  {"height", o.model.height},
                  {"width", o.model.width},
                  {"frames", o.model.frames},
                  {"interval_seconds", o.interval_seconds},
                  {"horizons", o.horizons},
                  {"lr", o.learning_rate},
                  {"weight_decay", o.weight_decay},
                  {"eval_every", o.eval_every},
                  {"checkpoint_every", o.checkpoint_every},
                  {"log_every", o.log_every},
                  {"workers", o.workers},
                  {"executor", o.executor}};
  j["train"] = config.train;
  j["held_out"] = config.held_out;
  j["files"] = Json::array();
  for (const RunFile& f : config.files)
    j["files"].push_back({{"name", f.name}, {"bytes", f.bytes}, {"frames", f.frames}});
  j["threads"] = o.threads;
  return dump(j, 1) + "\n";
}

RunConfig parse_run_config(const std::string& text, const std::string& where) {
  RunConfig config;
  RunOptions& o = config.options;
  try {
    const auto j = nlohmann::json::parse(text);
    j.at("command").get_to(o.command);
    j.at("seed").get_to(o.seed);
    j.at("threads").get_to(o.threads);
    j.at("train").get_to(config.train);
    j.at("held_out").get_to(config.held_out);
    if (j.contains("files"))
      for (const auto& f : j["files"])
        config.files.push_back({f.at("name").get<std::string>(), f.at("bytes").get<int64_t>(),
                                f.at("frames").get<int64_t>()});
    o.model = predict_options_from(j.at("model").get<std::map<std::string, std::string>>());
    const auto& options = j.at("options");
    options.at("folders").get_to(o.folders);
    options.at("held_out").get_to(o.held_out);
    options.at("steps").get_to(o.steps);
    options.at("minutes").get_to(o.minutes);
    options.at("batch").get_to(o.model.batch);
    options.at("interval_seconds").get_to(o.interval_seconds);
    options.at("horizons").get_to(o.horizons);
    options.at("lr").get_to(o.learning_rate);
    options.at("weight_decay").get_to(o.weight_decay);
    options.at("eval_every").get_to(o.eval_every);
    options.at("checkpoint_every").get_to(o.checkpoint_every);
    options.at("log_every").get_to(o.log_every);
    options.at("workers").get_to(o.workers);
    options.at("executor").get_to(o.executor);
  } catch (const Error& e) {  // of the model
    throw Error(e.category(), e.message(), where, e.hint());
  } catch (const nlohmann::json::exception& e) {
    throw Error(Category::kInput, fmt::format("not the configuration of a run: {}", e.what()),
                where);
  }
  const auto range = [&](const char* name, auto value, auto least, auto most) {
    if (!(value >= least && value <= most))
      throw Error(Category::kInput,
                  fmt::format("not the configuration of a run: {} is {}, allowed are {} to {}",
                              name, value, least, most),
                  where);
  };
  constexpr int64_t kMany = 1'000'000'000;
  range("steps", o.steps, int64_t{0}, kMany);
  range("minutes", o.minutes, 0.0, 1e6);
  if (o.steps == 0 && o.minutes == 0)
    throw Error(Category::kInput, "not the configuration of a run: neither steps nor minutes",
                where);
  range("batch", o.model.batch, int64_t{1}, int64_t{4096});
  range("threads", o.threads, int64_t{1}, int64_t{1024});
  range("workers", o.workers, int64_t{1}, int64_t{64});
  range("horizons", o.horizons, int64_t{1}, int64_t{100});
  range("log_every", o.log_every, int64_t{1}, kMany);
  range("eval_every", o.eval_every, int64_t{-1}, kMany);
  range("checkpoint_every", o.checkpoint_every, int64_t{0}, kMany);
  range("interval_seconds", o.interval_seconds, 1e-3, 3600.0);
  range("lr", o.learning_rate, 0.0, 1e6);
  range("weight_decay", o.weight_decay, 0.0, 1e6);
  return config;
}

std::string to_json(const EvalResult& result) {
  Json j = Json::parse(to_json(result.evaluation));
  j["quarantined"] = Json::array();
  for (const Quarantined& q : result.quarantined)
    j["quarantined"].push_back({{"path", q.path}, {"category", q.category}, {"reason", q.reason}});
  return dump(j);
}

LoopResult run_training(const std::string& folder, const RunOptions& o, bool resume, bool quiet,
                        const ExecutorFactory& make_executor) {
  const std::string config_path = folder + "/config.json";
  const PredictOptions& model = o.model;
  FoundRecordings found = find(o.folders, o.workers);
  keep_long_enough(found, model.frames + 1, o.interval_seconds);
  std::vector<Quarantined> lost = std::move(found.quarantined);
  const RecordingSplit split =
      split_recordings(found.recordings, fmt::format("{}", fmt::join(o.held_out, ",")),
                       static_cast<double>(model.frames + o.horizons) * o.interval_seconds);
  const RunConfig config{.options = o,
                         .train = names_of(split.train),
                         .held_out = names_of(split.held_out),
                         .files = files_of(split)};
  const std::string config_text = to_json(config);
  const bool go_on = resume && has_checkpoint(folder);
  std::vector<Quarantined> given_up;
  if (resume)  // compared as text has it: names may be no UTF-8
    check_same_recordings(parse_run_config(read_file(config_path), config_path),
                          parse_run_config(config_text, config_path), config_path);
  if (go_on) {
    const std::string path = folder + "/last.safetensors";
    const LoopState state = parse_loop_state(metadata(read_safetensors(path), "state", path), path);
    if (o.steps > 0 && state.step > o.steps)
      throw Error(
          Category::kConfig,
          fmt::format("the run has done {} steps already, --steps is {}", state.step, o.steps),
          folder, "give a larger number");
    given_up = state.given_up;
  }
  if (!quiet) {
    for (const std::string& m : found.messages) fmt::print(stderr, "{}\n", one_line(m));
    for (const std::string& m : split.messages) fmt::print(stderr, "{}\n", one_line(m));
    fmt::print(stderr, "{} to train on, {} held out: {}\n",
               counted(config.train.size(), "recording"), config.held_out.size(),
               one_line(fmt::format("{}", fmt::join(config.held_out, ", "))));
  }

  HeldOutClips held = load_held_out(split.held_out, {.inputs = model.frames,
                                                     .horizons = o.horizons,
                                                     .height = model.height,
                                                     .width = model.width,
                                                     .interval_seconds = o.interval_seconds});
  lost.insert(lost.end(), held.quarantined.begin(), held.quarantined.end());
  warn(lost);
  if (!quiet)
    for (const std::string& m : held.messages) fmt::print(stderr, "{}\n", m);
  const int64_t eval_every = o.eval_every >= 0 ? o.eval_every
                             : o.steps > 0 ? default_eval_every(held.set.clips.size(), model.batch)
                                           : 0;
  const auto source = make_source(split.train, o, std::move(given_up));
  const OptimizerOptions optimizer{.weight_decay = o.weight_decay};
  const auto step = make_executor(build_training_step(
      "predict", [&](Builder& b) { return predict_training(b, model); }, optimizer));
  Evaluator evaluator(std::move(held.set), inference_graph(model), make_executor);

  if (!resume || read_file(config_path) != config_text) write_file_atomic(config_path, config_text);
  LoopOptions loop;
  loop.folder = folder;
  loop.resume = go_on;
  loop.schedule = {.learning_rate = o.learning_rate, .steps = o.steps, .minutes = o.minutes};
  if (o.steps > 0)  // a short run warms up for a tenth of it
    loop.schedule.warmup_steps = std::clamp<int64_t>(o.steps / 10, 1, loop.schedule.warmup_steps);
  loop.seed = o.seed;
  loop.batch = model.batch;
  loop.horizons = o.horizons;
  loop.log_every = o.log_every;
  loop.eval_every = eval_every;
  loop.checkpoint_every = o.checkpoint_every;
  loop.lost = std::move(lost);
  loop.quiet = quiet;
  loop.metadata = {{"dojo_version", std::string(version())},
                   {"task", "predict"},
                   {"model", dump(to_metadata(model))},
                   {"interval_seconds", fmt::format("{}", o.interval_seconds)}};
  const LoopResult result = run_loop(loop, *step, *source, evaluator);
  if (result.reason == StopReason::kSteps || result.reason == StopReason::kMinutes)
    write_samples(folder + "/samples", evaluator);
  return result;
}

EvalResult evaluate_checkpoint(const std::string& path, const EvalOptions& o,
                               const ExecutorFactory& make_executor) {
  const SafeTensors checkpoint = read_safetensors(path);
  const auto fail = [&](std::string message) -> Error {
    return Error(Category::kInput, std::move(message), path, "give a best.safetensors of OpenDojo");
  };
  if (metadata(checkpoint, "task", path) != "predict")
    throw fail(
        fmt::format("the task is \"{}\", not \"predict\"", metadata(checkpoint, "task", path)));
  if (checkpoint.metadata.contains("state"))
    throw fail("this is the state of a training run, not its result");
  PredictOptions model;
  double interval = 0;
  try {
    model = predict_options_from(nlohmann::json::parse(metadata(checkpoint, "model", path))
                                     .get<std::map<std::string, std::string>>());
    interval = o.interval_seconds ? *o.interval_seconds
                                  : std::stod(metadata(checkpoint, "interval_seconds", path));
  } catch (const Error& e) {
    throw fail(e.message());
  } catch (const std::exception& e) {
    throw fail(fmt::format("the metadata cannot be read: {}", e.what()));
  }
  if (!(interval > 0 && interval < 1e6)) throw fail(fmt::format("the interval is {} s", interval));

  // The weights are checked before any time is spent on video.
  const Graph graph = inference_graph(model);
  restore(*make_executor(graph), checkpoint, path);
  FoundRecordings found = find(o.paths, o.workers);
  keep_long_enough(found, model.frames + 1, interval);
  EvalResult result;
  result.quarantined = std::move(found.quarantined);
  HeldOutOptions choice{.inputs = model.frames,
                        .horizons = o.horizons,
                        .height = model.height,
                        .width = model.width,
                        .interval_seconds = interval};
  if (o.clips_each > 0) {
    choice.clips_each = o.clips_each;
    choice.clips_in_all = std::numeric_limits<int64_t>::max();
  }
  HeldOutClips held = load_held_out(found.recordings, choice);
  result.messages = std::move(held.messages);
  result.quarantined.insert(result.quarantined.end(), held.quarantined.begin(),
                            held.quarantined.end());
  Evaluator evaluator(std::move(held.set), graph, make_executor);
  evaluator.load(checkpoint, path);
  result.evaluation = evaluator.run(o.horizons);
  return result;
}

}  // namespace dojo
