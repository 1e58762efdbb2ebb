#include "dojo/graph/graph.h"

namespace dojo {

const Input* Graph::find_input(std::string_view value_name) const {
  for (const Input& input : inputs)
    if (value(input.value).name == value_name) return &input;
  return nullptr;
}

const Output* Graph::find_output(std::string_view output_name) const {
  for (const Output& output : outputs)
    if (output.name == output_name) return &output;
  return nullptr;
}

}  // namespace dojo
