// For tests of the networks: random inputs and weights, mirror images, and what a graph learns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/graph/builder.h"
#include "dojo/graph/executor.h"
#include "dojo/model/task.h"

namespace dojo {

inline std::vector<std::byte> noise_bytes(int64_t count, uint64_t seed) {
  Random random(seed);
  std::vector<std::byte> bytes(static_cast<size_t>(count));
  for (std::byte& v : bytes) v = static_cast<std::byte>(random.below(256));
  return bytes;
}

// In [0,1).
inline std::vector<float> noise(int64_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = static_cast<float>(random.uniform());
  return values;
}

// Gives an input normally distributed numbers: of a head, which starts at zero, as after training.
inline void randomise(Executor& executor, const std::string& name, double deviation) {
  Random random(4, stream_id(name));
  std::vector<float> values = executor.read_f32(name);
  for (float& v : values) v = static_cast<float>(deviation * random.normal());
  executor.write_f32(name, values);
}

// Left and right of each image exchanged: [...,W,3].
template <typename T>
std::vector<T> mirrored(const std::vector<T>& images, int64_t width) {
  std::vector<T> out(images.size());
  const size_t w = static_cast<size_t>(width);
  for (size_t i = 0; i < images.size(); ++i) {
    const size_t row = i / (3 * w), x = i / 3 % w;
    out[(row * w + (w - 1 - x)) * 3 + i % 3] = images[i];
  }
  return out;
}

// A task without its optimizer: the outputs are its loss and its metrics.
inline Graph loss_graph(const std::function<TaskGraph(Builder&)>& model) {
  Builder b("loss");
  const TaskGraph task = model(b);
  b.output("loss", task.loss, true);
  for (const auto& [name, value] : task.metrics) b.output(name, value);
  return std::move(b).finish();
}

inline std::map<std::string, Shape> parameter_shapes(const Graph& graph) {
  std::map<std::string, Shape> found;
  for (const Input& input : graph.inputs)
    if (input.role == Role::kParameter)
      found[graph.value(input.value).name] = graph.type(input.value).shape;
  return found;
}

}  // namespace dojo
