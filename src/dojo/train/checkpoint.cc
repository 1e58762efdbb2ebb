#include "dojo/train/checkpoint.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/check.h"
#include "dojo/base/crc32c.h"
#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/train/json.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

constexpr const char* kHint = "the checkpoint belongs to another network or is damaged";
constexpr const char* kChecksum = "crc32c";

[[noreturn]] void fail(std::string message, const std::string& path) {
  throw Error(Category::kInput, std::move(message), path, kHint);
}

Tensor read_tensor(const Executor& executor, const std::string& from, const std::string& as) {
  const Graph& graph = executor.graph();
  Tensor tensor;
  tensor.name = as;
  tensor.type = graph.type(graph.find_input(from)->value);
  tensor.data.resize(static_cast<size_t>(tensor.type.num_bytes()));
  executor.read(from, tensor.data);
  return tensor;
}

// Of the metadata but itself, and of the tensors: names, types, numbers.
std::string checksum(const SafeTensors& content) {
  uint32_t crc = 0;
  for (const auto& [key, value] : content.metadata)
    if (key != kChecksum) crc = crc32c(fmt::format("{}={}\n", key, value), crc);
  for (const Tensor& t : content.tensors) {
    crc = crc32c(fmt::format("{} {}\n", t.name, to_string(t.type)), crc);
    crc = crc32c({reinterpret_cast<const char*>(t.data.data()), t.data.size()}, crc);
  }
  return fmt::format("{:08x}", crc);
}

}  // namespace

std::string to_json(const LoopState& s) {
  auto given_up = nlohmann::json::array();
  for (const Quarantined& q : s.given_up) {
    given_up.push_back(
        {{"file", to_utf8(q.path)}, {"category", q.category}, {"reason", to_utf8(q.reason)}});
    if (!q.was_used) given_up.back()["was_used"] = false;
  }
  return dump(nlohmann::json{{"step", s.step},
                             {"position", s.position},
                             {"metrics_lines", s.metrics_lines},
                             {"evaluated_step", s.evaluated_step},
                             {"best_step", s.best_step},
                             {"best_score", s.best_score},
                             {"first_score", s.first_score},
                             {"held_out_clips", s.held_out_clips},
                             {"elapsed_seconds", s.elapsed_seconds},
                             {"log", {{"steps", s.log.steps}, {"sums", s.log.sums}}},
                             {"guard",
                              {{"smooth_loss", s.guard.smooth_loss},
                               {"least_smooth_loss", s.guard.least_smooth_loss},
                               {"smooth_copy", s.guard.smooth_copy},
                               {"steps_above", s.guard.steps_above}}},
                             {"given_up", given_up}});
}

LoopState parse_loop_state(const std::string& text, const std::string& where) {
  const JsonReader json(text, "the state of a run", where, kHint);
  LoopState s;
  constexpr int64_t kMany = int64_t{1} << 53;
  json.get("step", &s.step, 0, kMany);
  json.get("position", &s.position);
  json.get("metrics_lines", &s.metrics_lines, 0, kMany);
  json.get("evaluated_step", &s.evaluated_step, -1, s.step);
  json.get("best_step", &s.best_step, -1, s.step);
  json.get("best_score", &s.best_score);
  json.get("first_score", &s.first_score);
  if (json.has("held_out_clips")) json.get("held_out_clips", &s.held_out_clips, 0, kMany);
  json.get("elapsed_seconds", &s.elapsed_seconds, 0);
  const JsonReader log = json.object("log"), guard = json.object("guard");
  log.get("steps", &s.log.steps, 0, kMany);
  s.log.sums = log.numbers("sums");
  guard.get("smooth_loss", &s.guard.smooth_loss);
  guard.get("least_smooth_loss", &s.guard.least_smooth_loss);
  guard.get("smooth_copy", &s.guard.smooth_copy);
  guard.get("steps_above", &s.guard.steps_above, 0, kMany);
  for (const JsonReader& q : json.objects("given_up")) {
    // Under "path" names had another spelling; a file whose name is read wrongly would be used.
    if (q.has("path"))
      throw Error(
          Category::kInput,
          "the checkpoint is of an earlier version, which spelt the names of files otherwise",
          where, "start a new run");
    Quarantined& file = s.given_up.emplace_back();
    q.get("file", &file.path);
    q.get("category", &file.category);
    q.get("reason", &file.reason);
    if (q.has("was_used")) q.get("was_used", &file.was_used);
    file.path = name_of_utf8(file.path);
    file.reason = name_of_utf8(file.reason);
  }
  return s;
}

void write_checkpoint(const std::string& path, SafeTensors content) {
  content.metadata[kChecksum] = checksum(content);
  write_safetensors(path, content);
}

SafeTensors read_checkpoint(const std::string& path) {
  SafeTensors content = read_safetensors(path);
  const auto stored = content.metadata.find(kChecksum);
  if (stored == content.metadata.end()) return content;
  if (const std::string found = checksum(content); found != stored->second)
    fail(fmt::format("the checksum of its content is {}, but {} was stored", found, stored->second),
         path);
  return content;
}

std::string first_nonfinite(const SafeTensors& content) {
  for (const Tensor& t : content.tensors) {
    if (t.type.format != Format::kF32) continue;
    for (size_t i = 0; i + sizeof(float) <= t.data.size(); i += sizeof(float)) {
      float x = 0;
      std::memcpy(&x, t.data.data() + i, sizeof x);
      if (!std::isfinite(x)) return t.name;
    }
  }
  return "";
}

SafeTensors training_tensors(const Executor& executor) {
  SafeTensors content;
  const Graph& graph = executor.graph();
  for (const Input& input : graph.inputs) {
    const std::string& name = graph.value(input.value).name;
    if (input.role != Role::kData) content.tensors.push_back(read_tensor(executor, name, name));
  }
  return content;
}

SafeTensors averaged_tensors(const Executor& executor) {
  SafeTensors content;
  const Graph& graph = executor.graph();
  for (const Input& input : graph.inputs) {
    if (input.role != Role::kParameter) continue;
    const std::string& name = graph.value(input.value).name;
    const std::string average = average_name(name);
    content.tensors.push_back(
        read_tensor(executor, graph.find_input(average) ? average : name, name));
  }
  return content;
}

SafeTensors averaged_tensors(const Graph& graph, const SafeTensors& training) {
  SafeTensors content;
  for (const Input& input : graph.inputs) {
    if (input.role != Role::kParameter) continue;
    const std::string& name = graph.value(input.value).name;
    const std::string average = average_name(name);
    const Tensor* tensor = training.find(graph.find_input(average) ? average : name);
    DOJO_CHECK(tensor != nullptr);
    content.tensors.push_back(*tensor);
    content.tensors.back().name = name;
  }
  return content;
}

namespace {

void check_those(const Graph& graph, bool (*wanted)(Role), const SafeTensors& content,
                 const std::string& path) {
  std::set<std::string> expected;
  for (const Input& input : graph.inputs) {
    if (!wanted(input.role)) continue;
    const Value& value = graph.value(input.value);
    expected.insert(value.name);
    const Tensor* tensor = content.find(value.name);
    if (!tensor) fail(fmt::format("tensor \"{}\" is missing", value.name), path);
    if (tensor->type != value.type)
      fail(fmt::format("tensor \"{}\" is {}, but the network has {}", value.name,
                       to_string(tensor->type), to_string(value.type)),
           path);
  }
  for (const Tensor& t : content.tensors)
    if (!expected.contains(t.name))
      fail(fmt::format("tensor \"{}\" is unknown to the network", t.name), path);
}

}  // namespace

void check_tensors(const Graph& graph, const SafeTensors& content, const std::string& path) {
  check_those(
      graph, [](Role role) { return role != Role::kData; }, content, path);
}

void check_weights(const Graph& graph, const SafeTensors& weights, const std::string& path) {
  check_those(
      graph, [](Role role) { return role == Role::kParameter; }, weights, path);
}

void restore(Executor& executor, const SafeTensors& content, const std::string& path) {
  check_tensors(executor.graph(), content, path);
  for (const Tensor& t : content.tensors) executor.write(t.name, t.data);
}

const std::string& metadata(const SafeTensors& content, const std::string& key,
                            const std::string& path) {
  const auto found = content.metadata.find(key);
  if (found == content.metadata.end())
    fail(fmt::format("the metadata has no \"{}\"; it was not written by OpenDojo", key), path);
  return found->second;
}

}  // namespace dojo
