#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dojo/graph/text.h"

namespace dojo {
namespace {

// The shortest text that reads back as the same double, and cannot be taken for an integer.
std::string print_double(double x) {
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", x);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string print_string(const std::string& s) {
  std::string text = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\')
      text += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      text += c;
  }
  return text + '"';
}

template <class T, class F>
std::string print_list(const std::vector<T>& list, F print) {
  std::string text = "[";
  for (size_t i = 0; i < list.size(); ++i) text += (i ? "," : "") + print(list[i]);
  return text + "]";
}

struct AttributePrinter {
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return print_double(v); }
  std::string operator()(const std::string& v) const { return print_string(v); }
  std::string operator()(const std::vector<int64_t>& v) const {
    return print_list(v, [](int64_t x) { return std::to_string(x); });
  }
  std::string operator()(const std::vector<double>& v) const { return print_list(v, print_double); }
};

std::string print_input(const Graph& graph, const Input& input) {
  const Value& value = graph.value(input.value);
  const std::string typed = fmt::format("%{}: {}", value.name, to_string(value.type));
  if (input.role == Role::kData) return "data " + typed;
  std::string_view kind = "constant";
  if (input.initial.kind == Initial::Kind::kNormal) kind = "normal";
  if (input.initial.kind == Initial::Kind::kUniform) kind = "uniform";
  return fmt::format("{} {} = {}({})", input.role == Role::kParameter ? "parameter" : "state",
                     typed, kind, print_double(input.initial.scale));
}

}  // namespace

std::string print_node(const Graph& graph, const Node& node) {
  std::string text = node.op + "(";
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (i) text += ", ";
    text += node.inputs[i] == kNoValue ? "_" : "%" + graph.value(node.inputs[i]).name;
  }
  const char* separator = "; ";
  for (const auto& [key, value] : node.attributes) {
    text += fmt::format("{}{}={}", separator, key, std::visit(AttributePrinter{}, value));
    separator = ", ";
  }
  return text + ")";
}

std::string print_graph(const Graph& graph) {
  std::string text = "graph " + print_string(graph.name) + " {\n";
  for (const Input& input : graph.inputs) text += "  " + print_input(graph, input) + "\n";
  for (const Node& node : graph.nodes) {
    text += "  ";
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const Value& value = graph.value(node.outputs[i]);
      text += fmt::format("{}%{}: {}", i ? ", " : "", value.name, to_string(value.type));
    }
    text += " = " + print_node(graph, node) + "\n";
  }
  for (const Output& output : graph.outputs)
    text += fmt::format("  output {} %{}{}\n", output.name, graph.value(output.value).name,
                        output.guard ? " guard" : "");
  for (const Update& update : graph.updates)
    text += fmt::format("  update %{} = %{}\n", graph.value(update.state).name,
                        graph.value(update.value).name);
  return text + "}\n";
}

}  // namespace dojo
