#include "dojo/train/checkpoint.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/error.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

[[noreturn]] void fail(std::string message, const std::string& path) {
  throw Error(Category::kInput, std::move(message), path,
              "the checkpoint belongs to another network or is damaged");
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

// A file name may hold any bytes, JSON only UTF-8: the byte 0xE9 is written as U+00E9, so that it
// comes back as it was.
std::string bytes_as_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

std::string text_as_bytes(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80 && i + 1 < text.size())
      bytes += static_cast<char>((c & 0x03) << 6 | (text[++i] & 0x3F));
    else
      bytes += text[i];
  }
  return bytes;
}

}  // namespace

std::string to_json(const LoopState& s) {
  auto given_up = nlohmann::json::array();
  for (const Quarantined& q : s.given_up)
    given_up.push_back({bytes_as_text(q.path), q.category, bytes_as_text(q.reason)});
  return nlohmann::json{
      {"step", s.step},
      {"position", s.position},
      {"metrics_lines", s.metrics_lines},
      {"evaluated_step", s.evaluated_step},
      {"best_step", s.best_step},
      {"best_score", s.best_score},
      {"elapsed_seconds", s.elapsed_seconds},
      {"log", {{"steps", s.log.steps}, {"sums", s.log.sums}}},
      {"guard", {s.smooth_loss, s.least_smooth_loss, s.smooth_copy, s.steps_above}},
      {"given_up", given_up}}
      .dump();
}

LoopState parse_loop_state(const std::string& text, const std::string& where) {
  try {
    const auto j = nlohmann::json::parse(text);
    LoopState s;
    j.at("step").get_to(s.step);
    j.at("position").get_to(s.position);
    j.at("metrics_lines").get_to(s.metrics_lines);
    j.at("evaluated_step").get_to(s.evaluated_step);
    j.at("best_step").get_to(s.best_step);
    j.at("best_score").get_to(s.best_score);
    j.at("elapsed_seconds").get_to(s.elapsed_seconds);
    j.at("log").at("steps").get_to(s.log.steps);
    j.at("log").at("sums").get_to(s.log.sums);
    j.at("guard").at(0).get_to(s.smooth_loss);
    j.at("guard").at(1).get_to(s.least_smooth_loss);
    j.at("guard").at(2).get_to(s.smooth_copy);
    j.at("guard").at(3).get_to(s.steps_above);
    if (j.contains("given_up"))
      for (const auto& q : j["given_up"])
        s.given_up.push_back({text_as_bytes(q.at(0).get<std::string>()), q.at(1).get<std::string>(),
                              text_as_bytes(q.at(2).get<std::string>())});
    if (s.step < 0 || s.metrics_lines < 0 || s.log.steps < 0)
      fail(fmt::format("the state of the run has a negative count: {}", text), where);
    return s;
  } catch (const nlohmann::json::exception& e) {
    fail(fmt::format("the state of the run cannot be read: {}", e.what()), where);
  }
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

void restore(Executor& executor, const SafeTensors& content, const std::string& path) {
  const Graph& graph = executor.graph();
  std::set<std::string> expected;
  for (const Input& input : graph.inputs) {
    if (input.role == Role::kData) continue;
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
