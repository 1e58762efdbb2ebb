#include "dojo/report/run_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/json.h"

namespace dojo::report {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int64_t kMaxImageBytes = 32 << 20, kMaxAllImagesBytes = 128 << 20;

double number(const Json& json, const char* key) {
  if (!json.is_object()) return NAN;
  const auto it = json.find(key);
  return it != json.end() && it->is_number() ? it->get<double>() : NAN;
}

// Text as it is, anything else as JSON.
std::string words(const Json& json) {
  return json.is_string() ? json.get<std::string>() : json.dump();
}

std::string text(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || json[key].is_null()) return "";
  return words(json[key]);
}

std::vector<std::string> texts(const Json& json, const char* key) {
  std::vector<std::string> all;
  if (json.is_object() && json.contains(key) && json[key].is_array()) {
    for (const Json& item : json[key]) all.push_back(words(item));
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> pairs(const Json& json, const char* key) {
  std::vector<std::pair<std::string, std::string>> all;
  if (json.is_object() && json.contains(key) && json[key].is_object()) {
    for (const auto& [name, value] : json[key].items()) all.emplace_back(name, words(value));
  }
  return all;
}

Errors errors(const Json& json) {
  return {number(json, "mse"),  number(json, "copy_last_mse"), number(json, "flow_mse"),
          number(json, "psnr"), number(json, "clips"),         number(json, "patch_mean_mse")};
}

Waits waits(const Json& time) {
  const Json by_cause = time.value("waited_for", Json::object());
  if (!by_cause.is_object()) return {};
  return {number(by_cause, "indexing"), number(by_cause, "decoding"), number(by_cause, "copies"),
          number(by_cause, "assembling")};
}

// The objects in it that are errors of a signal.
std::vector<SignalErrors> signal_errors(const Json& json) {
  std::vector<SignalErrors> all;
  for (const auto& [name, value] : json.items())
    if (value.is_object() && value.contains("mean_mae"))
      all.push_back({name, number(value, "mae"), number(value, "rmse"), number(value, "mean_mae"),
                     number(value, "mean_rmse"), number(value, "clips"),
                     number(value, "untrained_mae")});
  return all;
}

SignalErrorsBy signal_errors_by(const Json& json, const char* key) {
  SignalErrorsBy all;
  if (json.contains(key) && json[key].is_object())
    for (const auto& [name, value] : json[key].items())
      if (auto errors_of = signal_errors(value); !errors_of.empty())
        all.emplace_back(name, std::move(errors_of));
  return all;
}

StepLine step_line(const Json& json) {
  const Json time = json.value("time", Json::object());
  return {number(json, "step"),
          number(json, "loss"),
          number(json, "mse"),
          number(json, "copy_last_mse"),
          number(json, "grad_norm"),
          number(json, "lr"),
          number(json, json.contains("patch_mean_mse") ? "patch_mean_mse" : "mean_loss"),
          number(time, "elapsed_seconds"),
          number(time, "clips_per_second"),
          number(time, "wait_seconds"),
          number(time, "compute_seconds"),
          waits(time)};
}

EvalLine eval_line(const Json& json) {
  EvalLine line;
  line.step = number(json, "step");
  line.overall = errors(json);
  line.score = number(json, "score");
  if (json.contains("time")) line.eval_seconds = number(json["time"], "eval_seconds");
  line.signals = signal_errors(json);
  line.signals_by_recording = signal_errors_by(json, "by_recording");
  line.signals_by_camera = signal_errors_by(json, "by_camera");
  if (json.contains("by_recording") && json["by_recording"].is_object()) {
    for (const auto& [name, value] : json["by_recording"].items())
      if (line.signals.empty()) line.by_recording.emplace_back(name, errors(value));
  }
  if (json.contains("by_horizon") && json["by_horizon"].is_array()) {
    for (const Json& row : json["by_horizon"])
      line.by_horizon.push_back({number(row, "horizon"), number(row, "seconds"), errors(row)});
  }
  return line;
}

FinalLine final_line(const Json& json) {
  const Json time = json.value("time", Json::object());
  FinalLine line;
  line.step = number(json, "step");
  line.best_step = number(json, "best_step");
  line.parameters = number(json, "parameters");
  line.reason = text(json, "reason");
  line.problem = text(json, "problem");
  line.elapsed_seconds = number(time, "elapsed_seconds");
  line.decode_seconds = number(time, "decode_seconds");
  line.wait_seconds = number(time, "wait_seconds");
  line.waited_for = waits(time);
  line.compute_seconds = number(time, "compute_seconds");
  line.eval_seconds = number(time, "eval_seconds");
  line.peak_memory_bytes = number(time, "peak_memory_bytes");
  return line;
}

// Values that are nested deeply take as deep a stack when they are copied or printed.
bool is_shallow(int depth, Json::parse_event_t, Json&) {
  if (depth > 32) throw std::runtime_error("it is nested too deeply");
  return true;
}

Json parse(const fs::path& path) {
  const std::string content = read_file(path);
  try {
    return Json::parse(content, is_shallow);
  } catch (const Json::exception& error) {
    throw std::runtime_error(json_problem(error, content));
  }
}

// Calls use(object) for each line; what is no JSON object is counted. `use` may throw: the line
// then counts as damaged.
// Returns whether all lines are whole.
template <typename Use>
bool each_line(const fs::path& path, RunData& run, Use use) {
  std::istringstream lines(read_file(path));
  int64_t number_of_line = 0, bad = 0, first_bad = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number_of_line;
    if (line.empty()) continue;
    try {
      const Json json = Json::parse(line, is_shallow);
      if (!json.is_object()) throw std::runtime_error("no object");
      use(json);
    } catch (const std::exception&) {
      if (bad++ == 0) first_bad = number_of_line;
    }
  }
  if (bad > 0) {
    run.problems.push_back(fmt::format("{}: {} damaged {}, the first is line {}; {} left out",
                                       path.filename().string(), bad, bad == 1 ? "line" : "lines",
                                       first_bad, bad == 1 ? "it is" : "they are"));
  }
  return bad == 0;
}

void read_config(const fs::path& path, RunData& run) {
  const Json json = parse(path);
  if (!json.is_object()) throw std::runtime_error("it holds no JSON object");
  run.version = text(json, "dojo_version");
  run.seed = text(json, "seed");
  run.threads = text(json, "threads");
  run.task = text(json, "task");
  run.command = texts(json, "command");
  run.train = texts(json, "train");
  run.held_out = texts(json, "held_out");
  run.model = pairs(json, "model");
  run.options = pairs(json, "options");
  run.end_was_moved = json.contains("end_was_moved") && json["end_was_moved"] == true;
  run.ended_by_clock = json.contains("options") && number(json["options"], "minutes") > 0;
}

bool is_colour(const std::string& s) {
  return s.size() == 7 && s[0] == '#' &&
         s.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
}

void read_samples(const fs::path& folder, RunData& run) {
  const Json json = parse(folder / "samples.json");
  if (!json.is_array()) throw std::runtime_error("it holds no JSON array");
  int64_t bytes = 0;
  for (const Json& item : json) {
    Sample sample;
    sample.recording = text(item, "recording");
    sample.horizon = number(item, "horizon");
    sample.frame = number(item, "frame");
    sample.errors = errors(item);
    sample.error_scale = number(item, "error_scale");
    for (const std::string& colour : texts(item, "error_colours")) {
      if (is_colour(colour)) sample.error_colours.push_back(colour);
    }
    for (const auto& [kind, file] : pairs(item, "images")) {
      // A name, never a path: the report takes nothing from outside the run.
      if (file.empty() || fs::path(file).filename() != file || file == "..") {
        run.problems.push_back(
            fmt::format("samples.json: '{}' is not the name of a file beside it", file));
        continue;
      }
      try {
        std::string content = read_file(folder / file, kMaxImageBytes);
        if (content.rfind("\x89PNG\r\n\x1a\n", 0) != 0) {
          run.problems.push_back(fmt::format("samples/{}: not a PNG picture", file));
        } else if ((bytes += static_cast<int64_t>(content.size())) > kMaxAllImagesBytes) {
          run.problems.push_back(
              fmt::format("samples/{}: left out, the pictures before it have {} MiB already", file,
                          kMaxAllImagesBytes >> 20));
        } else {
          sample.images.emplace_back(kind, std::move(content));
        }
      } catch (const Error& error) {
        run.problems.push_back(fmt::format("samples/{}: {}", file, error.message()));
      }
    }
    if (!sample.images.empty()) run.samples.push_back(std::move(sample));
  }
}

std::vector<double> numbers(const Json& json, const char* key, size_t count) {
  std::vector<double> all;
  if (json.is_object() && json.contains(key) && json[key].is_array())
    for (const Json& item : json[key]) all.push_back(item.is_number() ? item.get<double>() : NAN);
  all.resize(count, NAN);
  return all;
}

void read_answers(const fs::path& path, RunData& run) {
  const Json json = parse(path);
  if (!json.is_array()) throw std::runtime_error("it holds no JSON array");
  for (const Json& item : json) {
    if (!item.is_object()) throw std::runtime_error("an item of it is no object");
    Answers answers;
    answers.recording = text(item, "recording");
    answers.camera = text(item, "camera");
    if (!item.contains("seconds") || !item["seconds"].is_array()) continue;
    const size_t count = item["seconds"].size();
    answers.seconds = numbers(item, "seconds", count);
    for (const auto& [name, value] : item.items())
      if (value.is_object())
        answers.signals.push_back(
            {name, numbers(value, "truth", count), numbers(value, "network", count)});
    run.answers.push_back(std::move(answers));
  }
}

void read_profile(const fs::path& path, RunData& run) {
  const Json json = parse(path).at("otherData");
  Profile p{.runs = number(json, "runs"),
            .flop_per_second = number(json, "flop_per_second"),
            .bytes_per_second = number(json, "bytes_per_second"),
            .kinds = {}};
  for (const Json& item : json.at("kinds")) {
    Profile::Kind k{text(item, "name"),   number(item, "kernels"), number(item, "seconds"),
                    number(item, "flop"), number(item, "bytes"),   number(item, "least_seconds")};
    if (k.seconds > 0) p.kinds.push_back(std::move(k));
  }
  if (!(p.flop_per_second > 0 && p.bytes_per_second > 0) || p.kinds.empty())
    throw std::runtime_error("it has no limits, or no kernel that took time");
  std::stable_sort(p.kinds.begin(), p.kinds.end(),
                   [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  run.profile = std::move(p);
}

// Runs `read` if the file is there; notes what is wrong. Returns whether it was read.
template <typename Read>
bool part(const fs::path& path, const std::string& shown, const char* missing, RunData& run,
          Read read) {
  try {
    if (!fs::exists(path)) {
      if (*missing) run.problems.push_back(shown + " is missing: " + missing);
      return false;
    }
    read();
    return true;
  } catch (const Error& error) {
    run.problems.push_back(shown + " cannot be read: " + error.message());
  } catch (const std::exception& error) {
    run.problems.push_back(shown + " is damaged: " + error.what());
  }
  return false;
}

// Before a run has looked at its video there is nothing in its folder but what it has timed.
bool has_just_begun(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename().string().find("algorithms.json") == std::string::npos) return false;
  return !error;
}

}  // namespace

const std::string* Sample::image(const std::string& kind) const {
  for (const auto& [name, bytes] : images) {
    if (name == kind) return &bytes;
  }
  return nullptr;
}

const EvalLine* RunData::result() const {
  const EvalLine* best = nullptr;
  // A finished run ends with the evaluation of its best weights on all horizons.
  if (final && !evals.empty() && (final->reason == "steps" || final->reason == "minutes"))
    return &evals.back();
  for (const EvalLine& line : evals) {
    if (line.tells() && (!best || line.rank() < best->rank())) best = &line;
  }
  return best;
}

RunData read_run(const std::string& folder) {
  std::error_code ignored;
  const fs::path path(folder);
  const char* hint = "give the folder that `dojo train --out` names";
  check_exists(path, hint);
  if (!fs::is_directory(path, ignored)) throw Error(Category::kInput, "not a folder", folder, hint);
  if (!fs::exists(path / "config.json", ignored) && !fs::exists(path / "metrics.jsonl", ignored)) {
    if (has_just_begun(path))
      throw Error(Category::kInput, "nothing to report yet: the folder has no metrics.jsonl",
                  folder, "if a run is beginning there, try again after its first step");
    throw Error(Category::kInput, "not a run: neither config.json nor metrics.jsonl is in it",
                folder, hint);
  }
  RunData run;
  fs::path named = path.lexically_normal();
  if (named.filename().empty()) named = named.parent_path();
  run.folder =
      named.filename() == "." || named.empty()
          ? fs::absolute(path, ignored).lexically_normal().parent_path().filename().string()
          : named.filename().string();
  const bool configured =
      part(path / "config.json", "config.json", "how the run was started is not known", run,
           [&] { read_config(path / "config.json", run); });
  const bool has_stepped = fs::exists(path / "last.safetensors", ignored);
  const char* without =
      has_stepped ? "how the run went is not known" : "the run has not made a step yet";
  part(path / "metrics.jsonl", "metrics.jsonl", without, run, [&] {
    each_line(path / "metrics.jsonl", run, [&](const Json& json) {
      const std::string kind = text(json, "kind");
      if (kind == "step") run.steps.push_back(step_line(json));
      if (kind == "eval") run.evals.push_back(eval_line(json));
      if (kind == "final") run.final = final_line(json);
      if (kind == "warning") run.warnings.push_back(text(json, "message"));
      // A run that was resumed goes on after its final line.
      if (kind == "step") run.final.reset();
    });
  });
  const bool tells_nothing = run.steps.empty() && run.evals.empty() && !run.final;
  run.lost_its_log = has_stepped && tells_nothing;
  if (tells_nothing && !has_stepped && run.problems.empty())
    run.problems.push_back("metrics.jsonl has no result yet: the run has not made a step");
  if (!configured && tells_nothing)
    throw Error(Category::kInput,
                fmt::format("nothing of this run can be read: {}", fmt::join(run.problems, "; ")),
                folder, "is it the folder of a run? what is left of it is not changed");
  part(path / "quarantine.jsonl", "quarantine.jsonl", "", run, [&] {
    run.quarantine_whole = each_line(path / "quarantine.jsonl", run, [&](const Json& json) {
      run.quarantine.push_back({text(json, "path"), text(json, "category"), text(json, "reason")});
    });
  });
  part(path / "samples" / "samples.json", "samples/samples.json", "", run,
       [&] { read_samples(path / "samples", run); });
  part(path / "samples" / "ego.json", "samples/ego.json", "", run,
       [&] { read_answers(path / "samples" / "ego.json", run); });
  part(path / "profile.json", "profile.json", "", run,
       [&] { read_profile(path / "profile.json", run); });
  return run;
}

}  // namespace dojo::report
