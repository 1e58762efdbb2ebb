#include "dojo/train/pretrained.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <set>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/train/checkpoint.h"
#include "dojo/train/model_metadata.h"
#include "dojo/train/safetensors.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

struct File {
  SafeTensors content;
  const PretrainedNames& names;
  const std::string& path;

  [[noreturn]] void refuse(const std::string& message) const {
    throw Error(Category::kInput, message, path,
                fmt::format("the names and shapes must be those of {}", names.source));
  }

  std::vector<float> values_of(const Tensor& t) const {
    if (t.type.format != Format::kF32)
      refuse(fmt::format("tensor \"{}\" is {}, not f32", t.name, to_string(t.type)));
    std::vector<float> values(t.data.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), t.data.data(), t.data.size());
    for (size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        refuse(fmt::format("tensor \"{}\" has the value {} at element {}", t.name, values[i], i));
    return values;
  }

  // The values of a tensor for an input of this shape.
  std::vector<float> values_for(const Tensor& t, const Shape& shape) const {
    std::vector<float> values = values_of(t);
    if (t.type.shape == shape) return values;
    Shape flat = shape;  // [M,C,T,h,w] without T
    if (flat.size() == 5) flat.erase(flat.begin() + 2);
    if (t.type.shape != flat)
      refuse(fmt::format("tensor \"{}\" is {}, the network has {} there", t.name,
                         to_string(t.type.shape), to_string(shape)));
    const size_t frames = static_cast<size_t>(shape[2]);
    const size_t picture = static_cast<size_t>(shape[3] * shape[4]);
    std::vector<float> inflated;
    for (size_t i = 0; i < values.size(); i += picture)
      for (size_t t_frame = 0; t_frame < frames; ++t_frame)
        for (size_t p = 0; p < picture; ++p)
          inflated.push_back(values[i + p] / static_cast<float>(frames));
    return inflated;
  }
};

bool is_running_statistic(const std::string& name) {
  return name.ends_with(".running_mean") || name.ends_with(".running_var");
}

// What a file says of itself, without its tensors' values.
struct Outline {
  std::map<std::string, std::string> metadata;
  bool has_encoder = false;
};

Outline outline_of(const std::string& path) {
  Outline outline;
  outline.metadata = read_safetensors(path, [&](const std::string& name) {
                       outline.has_encoder |= name.starts_with("encoder.");
                       return false;
                     }).metadata;
  return outline;
}

PretrainedWeights weights_of(SafeTensors content, const Graph& graph, const PretrainedNames& names,
                             const std::string& path) {
  PretrainedWeights result;
  const File file{std::move(content), names, path};
  std::set<std::string> used;  // by the file's name
  for (const Input& input : graph.inputs) {
    const std::string& name = graph.value(input.value).name;
    if (input.role != Role::kParameter &&
        !(input.role == Role::kState && is_running_statistic(name)))
      continue;
    const std::string in_file = names.in_file(name);
    if (in_file.empty()) {
      result.kept.push_back(name);
      continue;
    }
    const Tensor* tensor = file.content.find(in_file);
    if (!tensor) file.refuse(fmt::format("there is no tensor \"{}\"", in_file));
    result.values[name] = file.values_for(*tensor, graph.type(input.value).shape);
    used.insert(in_file);
    result.taken.push_back(name);
  }
  for (const Tensor& t : file.content.tensors)
    if (!used.contains(t.name))
      file.refuse(fmt::format("tensor \"{}\" has no place in the network", t.name));
  return result;
}

}  // namespace

PretrainedWeights read_pretrained(const Graph& graph, const PretrainedNames& names,
                                  const std::string& path) {
  std::vector<std::string> unused;
  SafeTensors content = read_safetensors(path, [&](const std::string& name) {
    if (names.is_unused(name)) unused.push_back(name);
    return !names.is_unused(name);
  });
  PretrainedWeights weights = weights_of(std::move(content), graph, names, path);
  weights.unused = std::move(unused);
  return weights;
}

PretrainedWeights read_first_weights(const Graph& graph, std::string_view network,
                                     const std::string& path) {
  const Outline outline = outline_of(path);
  try {
    if (outline.metadata.contains("task")) {
      const SafeTensors whole = read_checkpoint(path);  // nothing damaged
      return read_pretrained(graph, own_names(network, network_of(whole, path)), path);
    }
    const bool encoder = outline.has_encoder && (network == "mae" || network == "ego-vit");
    return read_pretrained(graph, encoder ? own_names(network, "mae") : pretrained_names(network),
                           path);
  } catch (const Error& e) {
    throw Error(e.category(), e.message(), path, e.hint());
  }
}

void write(const PretrainedWeights& weights, Executor& executor) {
  for (const auto& [name, numbers] : weights.values) {
    executor.write_f32(name, numbers);
    if (executor.graph().find_input(average_name(name)))
      executor.write_f32(average_name(name), numbers);
  }
}

}  // namespace dojo
