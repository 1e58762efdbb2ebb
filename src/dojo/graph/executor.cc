#include "dojo/graph/executor.h"

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/random.h"
#include "dojo/graph/bytes.h"

namespace dojo {
namespace {

const Type& type_of(const Graph& graph, std::string_view name) {
  if (const Input* input = graph.find_input(name)) return graph.type(input->value);
  const Output* output = graph.find_output(name);
  DOJO_CHECK(output != nullptr);
  return graph.type(output->value);
}

}  // namespace

std::vector<float> Executor::read_f32(std::string_view name) const {
  const Type& type = type_of(graph(), name);
  DOJO_CHECK(type.format == Format::kF32);
  std::vector<float> values(static_cast<size_t>(type.num_elements()));
  read(name, std::as_writable_bytes(std::span(values)));
  return values;
}

float Executor::read_scalar(std::string_view name) const {
  const std::vector<float> values = read_f32(name);
  DOJO_CHECK_EQ(values.size(), size_t{1});
  return values[0];
}

std::vector<float> initial_value(const Graph& graph, const Input& input, uint64_t seed) {
  const Value& value = graph.value(input.value);
  std::vector<float> result(static_cast<size_t>(value.type.num_elements()));
  Random random(seed, stream_id(value.name));
  const double scale = input.initial.scale;
  for (float& x : result) switch (input.initial.kind) {
      case Initial::Kind::kConstant:
        x = static_cast<float>(scale);
        break;
      case Initial::Kind::kNormal:
        x = static_cast<float>(scale * random.normal());
        break;
      case Initial::Kind::kUniform:
        x = static_cast<float>(random.uniform(-scale, scale));
        break;
    }
  return result;
}

void initialize(Executor& executor, uint64_t seed) {
  const Graph& graph = executor.graph();
  for (const Input& input : graph.inputs) {
    if (input.role == Role::kData) continue;
    const Value& value = graph.value(input.value);
    const std::vector<float> first = initial_value(graph, input, seed);
    std::vector<double> wide(first.begin(), first.end());
    if (value.type.format != Format::kF32)  // a constant, which f32 may not hold
      std::fill(wide.begin(), wide.end(), input.initial.scale);
    std::vector<std::byte> bytes(static_cast<size_t>(value.type.num_bytes()));
    to_bytes(value.type.format, wide, bytes);
    executor.write(value.name, bytes);
  }
}

}  // namespace dojo
