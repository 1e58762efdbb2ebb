#include "dojo/graph/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "dojo/base/check.h"
#include "dojo/graph/bytes.h"

namespace dojo {
namespace {

bool all_finite(const RefTensor& t) {
  return std::all_of(t.data.begin(), t.data.end(), [](double x) { return std::isfinite(x); });
}

// For each node the values that no later node, output or update needs.
std::vector<std::vector<ValueId>> dying_values(const Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const Input& input : graph.inputs) needed[at(input.value)] = true;
  for (const Output& output : graph.outputs) needed[at(output.value)] = true;
  for (const Update& update : graph.updates) needed[at(update.value)] = true;
  std::vector<std::vector<ValueId>> dying(graph.nodes.size());
  for (size_t n = graph.nodes.size(); n-- > 0;)
    for (const auto* list : {&graph.nodes[n].inputs, &graph.nodes[n].outputs})
      for (ValueId v : *list)
        if (v != kNoValue && !needed[at(v)]) {
          needed[at(v)] = true;
          dying[n].push_back(v);
        }
  return dying;
}

void evaluate_node(const Graph& graph, const Node& node, Precision precision,
                   std::vector<RefTensor>& values) {
  std::vector<const Type*> input_types;
  std::vector<const RefTensor*> inputs;
  for (ValueId v : node.inputs) {
    input_types.push_back(v == kNoValue ? nullptr : &graph.type(v));
    inputs.push_back(v == kNoValue ? nullptr : &values[at(v)]);
  }
  std::vector<Type> output_types;
  std::vector<RefTensor> outputs;
  for (ValueId v : node.outputs) {
    const Type& type = graph.type(v);
    output_types.push_back(type);
    outputs.push_back({type, std::vector<double>(static_cast<size_t>(type.num_elements()))});
  }
  op_def(node).evaluate({node.attributes, input_types, output_types}, inputs, outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (precision == Precision::kFloat)
      for (double& x : outputs[i].data) x = round_to(outputs[i].type.format, x);
    values[at(node.outputs[i])] = std::move(outputs[i]);
  }
}

class Interpreter final : public Executor {
 public:
  Interpreter(const Graph& graph, Precision precision)
      : graph_(graph), precision_(precision), dying_(dying_values(graph)) {
    values_.resize(graph_.values.size());
    for (const Input& input : graph_.inputs) {
      const Type& type = graph_.type(input.value);
      values_[at(input.value)] = {type,
                                  std::vector<double>(static_cast<size_t>(type.num_elements()))};
    }
    for (const Output& output : graph_.outputs) {
      const Type& type = graph_.type(output.value);
      results_.push_back({type, std::vector<double>(static_cast<size_t>(type.num_elements()))});
    }
  }

  const Graph& graph() const override { return graph_; }

  void write(std::string_view name, std::span<const std::byte> bytes) override {
    const Input* input = graph_.find_input(name);
    DOJO_CHECK(input != nullptr);
    RefTensor& tensor = values_[at(input->value)];
    from_bytes(tensor.type.format, bytes, tensor.data);
  }

  void read(std::string_view name, std::span<std::byte> bytes) const override {
    const RefTensor* tensor = nullptr;
    if (const Input* input = graph_.find_input(name)) tensor = &values_[at(input->value)];
    for (size_t i = 0; !tensor && i < results_.size(); ++i)
      if (graph_.outputs[i].name == name) tensor = &results_[i];
    DOJO_CHECK(tensor != nullptr);
    to_bytes(tensor->type.format, tensor->data, bytes);
  }

  bool run() override {
    if (!run_without_update()) return false;
    std::vector<RefTensor> next;  // all updates happen at once: one may be another's old value
    for (const Update& update : graph_.updates) next.push_back(values_[at(update.value)]);
    for (size_t i = 0; i < next.size(); ++i)
      values_[at(graph_.updates[i].state)] = std::move(next[i]);
    return true;
  }

  std::string first_nonfinite() override {
    for (const Input& input : graph_.inputs)
      if (!all_finite(values_[at(input.value)]))
        return fmt::format("{} %{}",
                           input.role == Role::kData        ? "data"
                           : input.role == Role::kParameter ? "parameter"
                                                            : "state",
                           graph_.value(input.value).name);
    std::string found;
    evaluate([&](const Node& node) {
      for (ValueId v : node.outputs)
        if (found.empty() && !all_finite(values_[at(v)]))
          found = fmt::format("{} %{}", node.op, graph_.value(v).name);
    });
    return found;
  }

  int64_t memory_bytes() const override { return peak_elements_ * int64_t{sizeof(double)}; }

  // Returns true iff every guard is finite.
  bool run_without_update() {
    evaluate([](const Node&) {});
    bool finite = true;
    for (size_t i = 0; i < results_.size(); ++i) {
      results_[i] = values_[at(graph_.outputs[i].value)];
      if (graph_.outputs[i].guard) finite = finite && all_finite(results_[i]);
    }
    return finite;
  }

  std::vector<RefTensor> values_;
  std::vector<RefTensor> results_;  // of graph_.outputs, from the last run

 private:
  void evaluate(const std::function<void(const Node&)>& after_node) {
    int64_t elements = 0;
    for (const RefTensor& t : values_) elements += std::ssize(t.data);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      evaluate_node(graph_, graph_.nodes[n], precision_, values_);
      for (ValueId v : graph_.nodes[n].outputs) elements += graph_.type(v).num_elements();
      peak_elements_ = std::max(peak_elements_, elements);
      after_node(graph_.nodes[n]);
      for (ValueId v : dying_[n]) {
        values_[at(v)] = {};
        elements -= graph_.type(v).num_elements();
      }
    }
  }

  const Graph graph_;
  const Precision precision_;
  const std::vector<std::vector<ValueId>> dying_;
  int64_t peak_elements_ = 0;
};

}  // namespace

std::unique_ptr<Executor> make_interpreter(const Graph& graph, Precision precision) {
  return std::make_unique<Interpreter>(graph, precision);
}

std::vector<RefTensor> interpret(const Graph& graph, const std::vector<RefTensor>& inputs,
                                 Precision precision) {
  DOJO_CHECK_EQ(inputs.size(), graph.inputs.size());
  Interpreter interpreter(graph, precision);
  for (size_t i = 0; i < inputs.size(); ++i) {
    RefTensor& tensor = interpreter.values_[at(graph.inputs[i].value)];
    DOJO_CHECK(inputs[i].data.size() == tensor.data.size());
    tensor.data = inputs[i].data;
  }
  interpreter.run_without_update();
  return std::move(interpreter.results_);
}

}  // namespace dojo
