#include "dojo/train/run_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/base/version.h"
#include "dojo/train/json.h"

namespace dojo {
namespace {

std::vector<std::string> each(const std::vector<std::string>& names,
                              std::string (*convert)(std::string_view)) {
  std::vector<std::string> converted;
  for (const std::string& name : names) converted.push_back(convert(name));
  return converted;
}

constexpr std::string_view kUri = "file://";  // no absolute path begins so

// A path as it is where JSON can hold it, else as a URI, so that a resumed run finds the folder.
std::string path_as_text(const std::string& path) {
  return to_utf8(path) == path ? path : file_uri(path);
}

std::string text_as_path(std::string_view text) {
  if (!text.starts_with(kUri)) return std::string(text);
  text.remove_prefix(kUri.size());
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char *begin = text.data() + i + 1, *end = text.data() + std::min(i + 3, text.size());
    if (text[i] == '%' && std::from_chars(begin, end, byte, 16).ptr == begin + 2) {
      path += static_cast<char>(byte);
      i += 2;
    } else {
      path += text[i];
    }
  }
  return path;
}

// Of the clips that the network of the task is given.
struct ClipSize {
  int64_t frames, height, width;
};

ClipSize clip_size(const RunOptions& o) {
  const auto of = [](const auto& network) {
    return ClipSize{network.frames, network.height, network.width};
  };
  if (o.task == "ego") return of(o.ego);
  if (o.task == "mae") return of(o.mae.encoder);
  return of(o.model);
}

ModelMetadata network_metadata(const RunOptions& o) {
  if (o.task == "ego") return to_metadata(o.ego);
  if (o.task == "mae") return to_metadata(o.mae);
  return to_metadata(o.model);
}

// Throws Error for a network that there cannot be. REQUIRES: o->task is one that there is.
void set_network(RunOptions* o, const ModelMetadata& metadata) {
  if (o->task == "ego")
    o->ego = ego_options_from(metadata);
  else if (o->task == "mae")
    o->mae = mae_options_from(metadata);
  else
    o->model = predict_options_from(metadata);
}

nlohmann::ordered_json init_json(const InitFile& init) {
  return {{"file", path_as_text(init.path)},
          {"crc32c", init.crc32c},
          {"taken", init.taken},
          {"kept", init.kept},
          {"unused", each(init.unused, to_utf8)}};
}

InitFile parse_init(const JsonReader& j) {
  InitFile init;
  j.get("file", &init.path);
  init.path = text_as_path(init.path);
  if (init.path.empty()) j.fail("the first weights are of no file");
  j.get("crc32c", &init.crc32c);
  j.get("taken", &init.taken);
  j.get("kept", &init.kept);
  j.get("unused", &init.unused);
  init.unused = each(init.unused, name_of_utf8);
  return init;
}

}  // namespace

std::string_view network_of(const RunOptions& o) {
  return o.task == "ego" ? network_name(o.ego) : std::string_view(o.task);
}

int64_t batch_of(const RunOptions& o) {
  if (o.task == "ego") return o.ego.batch;
  if (o.task == "mae") return o.mae.encoder.clips;
  return o.model.batch;
}

void set_batch(RunOptions* o, int64_t batch) {
  o->model.batch = o->ego.batch = o->mae.encoder.clips = batch;
}

std::string to_json(const RunConfig& config) {
  const RunOptions& o = config.options;
  std::vector<std::string> folders;
  for (const std::string& folder : o.folders) folders.push_back(path_as_text(folder));
  nlohmann::ordered_json j;
  j["dojo_version"] = std::string(version());
  j["command"] = each(o.command, to_utf8);
  j["task"] = o.task;
  j["seed"] = o.seed;
  const ClipSize size = clip_size(o);
  j["model"] = network_metadata(o);
  if (!o.init.path.empty()) j["init"] = init_json(o.init);
  j["options"] = {{"folders", folders},
                  {"held_out", each(o.held_out, to_utf8)},
                  {"steps", o.steps},
                  {"minutes", o.minutes},
                  {"batch", batch_of(o)},
                  {"height", size.height},
                  {"width", size.width},
                  {"frames", size.frames},
                  {"interval_seconds", o.interval_seconds},
                  {"horizons", o.horizons},
                  {"lr", o.learning_rate},
                  {"weight_decay", o.weight_decay},
                  {"eval_every", o.eval_every},
                  {"checkpoint_every", o.checkpoint_every},
                  {"log_every", o.log_every},
                  {"workers", o.workers},
                  {"executor", o.executor},
                  {"format", std::string(name(o.format))},
                  {"deterministic", o.deterministic},
                  {"without", o.without},
                  {"segments", o.segments},
                  {"keep_damaged", o.keep_damaged},
                  {"order", std::string(name(o.order))},
                  {"frame_scale", o.frame_scale},
                  {"cache", std::string(name(o.cache))},
                  {"cache_dir", path_as_text(o.cache_folder)},
                  {"cache_gb", o.cache_gigabytes}};
  if (o.end_was_moved) j["end_was_moved"] = true;
  j["train"] = each(config.train, to_utf8);
  j["held_out"] = each(config.held_out, to_utf8);
  j["files"] = nlohmann::ordered_json::array();
  for (const RunFile& f : config.files)
    j["files"].push_back({{"name", to_utf8(f.name)},
                          {"bytes", f.bytes},
                          {"frames", f.frames},
                          {"ends", f.ends},
                          {"modified_ns", f.modified_ns},
                          {"telemetry", f.telemetry}});
  j["threads"] = o.threads;
  return dump(j, 1) + "\n";
}

std::string fixed_options(const RunOptions& o) {
  std::string text = fmt::format(
      "batch {}, interval {}, horizons {}, lr {}, weight decay {}, threads {}, order {}, frame "
      "scale {}, eval every {}, log every {}, executor {}, format {}",
      batch_of(o), o.interval_seconds, o.horizons, o.learning_rate, o.weight_decay, o.threads,
      name(o.order), o.frame_scale, o.eval_every, o.log_every, o.executor, name(o.format));
  if (o.cache == CopyTier::kShortGop) text += ", short-gop copies";  // raw ones change no byte
  if (o.deterministic) text += ", deterministic";
  if (!o.without.empty()) text += fmt::format(", without {}", fmt::join(o.without, " "));
  if (o.segments > 1) text += fmt::format(", {} segments", o.segments);
  if (o.keep_damaged) text += ", damaged frames kept";
  if (!o.init.path.empty()) text += fmt::format(", first weights {:08x}", o.init.crc32c);
  return text;
}

RunConfig parse_run_config(const std::string& text, const std::string& where) {
  RunConfig config;
  RunOptions& o = config.options;
  const JsonReader j(text, "the configuration of a run", where,
                     "put the config.json of the run back, or start a new run");
  const JsonReader options = j.object("options"), model = j.object("model");
  j.get("task", &o.task);
  if (o.task != "predict" && o.task != "ego" && o.task != "mae")
    j.fail("there is no task \"" + o.task + "\"");
  try {
    set_network(&o, model.texts());
  } catch (const Error& e) {
    model.fail(e.message());
  }
  if (j.has("init")) o.init = parse_init(j.object("init"));
  constexpr int64_t kMany = 1'000'000'000;
  const auto get_names = [](const JsonReader& of, const char* field,
                            std::vector<std::string>* names) {
    of.get(field, names);
    *names = each(*names, name_of_utf8);
  };
  get_names(j, "command", &o.command);
  if (j.has("end_was_moved")) j.get("end_was_moved", &o.end_was_moved);
  j.get("seed", &o.seed);
  j.get("threads", &o.threads, 1, 1024);
  get_names(j, "train", &config.train);
  get_names(j, "held_out", &config.held_out);
  for (const JsonReader& file : j.objects("files")) {
    RunFile& f = config.files.emplace_back();
    file.get("name", &f.name);
    f.name = name_of_utf8(f.name);
    file.get("bytes", &f.bytes);
    file.get("frames", &f.frames, 0);
    file.get("ends", &f.ends);
    file.get("modified_ns", &f.modified_ns);
    if (file.has("telemetry")) file.get("telemetry", &f.telemetry);
  }
  options.get("folders", &o.folders);
  for (std::string& folder : o.folders) folder = text_as_path(folder);
  get_names(options, "held_out", &o.held_out);
  options.get("steps", &o.steps, 0, kMany);
  options.get("minutes", &o.minutes, 0, 1e6);
  if (o.steps == 0 && o.minutes == 0) options.fail("neither steps nor minutes");
  int64_t batch = 0;
  options.get("batch", &batch, 1, 4096);
  set_batch(&o, batch);
  options.get("interval_seconds", &o.interval_seconds, 1e-3, 3600);
  options.get("horizons", &o.horizons, 1, 100);
  options.get("lr", &o.learning_rate, 0, 1e6);
  options.get("weight_decay", &o.weight_decay, 0, 1e6);
  options.get("eval_every", &o.eval_every, -1, kMany);
  options.get("checkpoint_every", &o.checkpoint_every, 0, kMany);
  options.get("log_every", &o.log_every, 1, kMany);
  options.get("workers", &o.workers, 1, 64);
  // Runs of versions before had none of these.
  if (options.has("order")) {
    std::string order;
    options.get("order", &order);
    const std::optional<SamplingOrder> known = parse_sampling_order(order);
    if (!known) options.fail("there is no order \"" + order + "\"");
    o.order = *known;
  }
  if (options.has("frame_scale")) options.get("frame_scale", &o.frame_scale, 1, 4);
  if (options.has("cache")) {
    std::string tier;
    options.get("cache", &tier);
    const std::optional<CopyTier> known = parse_copy_tier(tier);
    if (!known) options.fail("there is no cache \"" + tier + "\"");
    o.cache = *known;
    options.get("cache_dir", &o.cache_folder);
    o.cache_folder = text_as_path(o.cache_folder);
    options.get("cache_gb", &o.cache_gigabytes, 1e-3, 1e6);
  }
  options.get("executor", &o.executor);
  if (options.has("format")) {
    std::string format;
    options.get("format", &format);
    const std::optional<Format> known = parse_format(format);
    if (!known || !is_floating(*known))
      options.fail("there is no step in the format \"" + format + "\"");
    o.format = *known;
  }
  if (options.has("deterministic")) options.get("deterministic", &o.deterministic);
  if (options.has("without")) options.get("without", &o.without);
  if (options.has("segments")) options.get("segments", &o.segments, 1, 1000);
  if (options.has("keep_damaged")) options.get("keep_damaged", &o.keep_damaged);
  return config;
}

}  // namespace dojo
