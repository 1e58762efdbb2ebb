// What an operation is: one OpDef for each, one file for each in ops/, listed in ops/registry.cc.
// Names and meanings follow ONNX where ONNX has the op; what ONNX passes as a tensor of shape data
// (Reshape, Slice, Resize ...) is an attribute, because shapes are static. Adding an op:
// docs/graph.md, "Adding an op".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/graph.h"

namespace dojo {

class Builder;

// One use of an op, as its rules see it: attributes and the types of its operands. An absent
// optional operand has no type.
struct OpCall {
  const Attributes& attributes;
  std::span<const Type* const> inputs;  // nullptr for an absent optional operand
  std::span<const Type> outputs;        // empty while infer() runs

  const Shape& in(size_t i) const { return inputs[i]->shape; }
  const Shape& out(size_t i) const { return outputs[i].shape; }
  bool has(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }

  // Attributes by name, with the default where it is absent. Error(kInput) where the kind is
  // another.
  int64_t integer(std::string_view name, std::optional<int64_t> otherwise = {}) const;
  double number(std::string_view name, std::optional<double> otherwise = {}) const;
  std::string text(std::string_view name, std::optional<std::string> otherwise = {}) const;
  std::vector<int64_t> integers(std::string_view name,
                                std::optional<std::vector<int64_t>> otherwise = {}) const;
  std::vector<double> numbers(std::string_view name,
                              std::optional<std::vector<double>> otherwise = {}) const;
};

// A tensor of the interpreter: every format is held as double; plain row-major order.
struct RefTensor {
  Type type;
  std::vector<double> data;  // num_elements(type.shape)
};

struct Cost {
  double flop = 0;        // one multiply-add counts 2
  double bytes_read = 0;  // each operand once
  double bytes_written = 0;
};

struct OpDef {
  std::string_view name;
  std::string_view summary;  // one line for docs/graph.md: operands, attributes, meaning
  int min_inputs = 0;
  int max_inputs = 0;                             // -1: any number
  std::vector<std::string_view> attributes = {};  // the names it knows; any other is an error

  // The types of the outputs. Throws Error(kInput) that says what is wrong with operands or
  // attributes.
  std::vector<Type> (*infer)(const OpCall& call) = nullptr;

  // Builds the gradient: for each input the value d loss / d input, or kNoValue.
  // `output_gradients[i]` is kNoValue where nothing flows back; `wanted[i]` is false where input i
  // needs none (build nothing for it). nullptr: the op has no gradient, on purpose (gradient and
  // optimizer ops, comparisons).
  std::vector<ValueId> (*gradient)(Builder& builder, const Node& node,
                                   std::span<const ValueId> output_gradients,
                                   const std::vector<bool>& wanted) = nullptr;

  // The reference meaning, slow and obvious, in double. `outputs` come with type set and data sized
  // and zeroed.
  void (*evaluate)(const OpCall& call, std::span<const RefTensor* const> inputs,
                   std::span<RefTensor> outputs) = nullptr;

  // FLOP; bytes are filled in from the types by op_cost() unless set here.
  Cost (*cost)(const OpCall& call) = nullptr;
};

// ops/registry.cc
std::span<const OpDef* const> all_ops();      // sorted by name
const OpDef* find_op(std::string_view name);  // nullptr if unknown
const OpDef& op_def(const Node& node);        // REQUIRES: the graph was verified
Cost op_cost(const Graph& graph, const Node& node);

// Checks the number of operands, the names of the attributes and the shapes of the results around
// OpDef::infer. Throws Error(kInput) whose `where` is the op.
std::vector<Type> infer_types(std::string_view op, const Attributes& attributes,
                              std::span<const Type* const> inputs);

}  // namespace dojo
