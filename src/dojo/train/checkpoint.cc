#include "dojo/train/checkpoint.h"

#include <fmt/format.h>

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

}  // namespace

std::string to_json(const LoopState& s) {
  return nlohmann::json{
      {"step", s.step},
      {"position", s.position},
      {"metrics_lines", s.metrics_lines},
      {"evaluated_step", s.evaluated_step},
      {"best_step", s.best_step},
      {"best_score", s.best_score},
      {"elapsed_seconds", s.elapsed_seconds},
      {"log", {{"steps", s.log.steps}, {"sums", s.log.sums}}},
      {"guard", {s.smooth_loss, s.least_smooth_loss, s.smooth_copy, s.steps_above}}}
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
    if (s.step < 0 || s.metrics_lines < 0 || s.log.steps < 0)
      fail(fmt::format("the state of the run has a negative count: {}", text), where);
    return s;
  } catch (const nlohmann::json::exception& e) {
    fail(fmt::format("the state of the run cannot be read: {}", e.what()), where);
  }
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
