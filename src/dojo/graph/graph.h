// The IR of one training step: forward, backward, optimizer and metrics in one list of nodes. Text
// form and semantics: docs/graph.md.
//
//   graph "tiny" {
//     data %x: f32[4,8]
//     parameter %w: f32[8,2] = normal(0.5)
//     data %lr: f32[]
//     %y: f32[4,2] = MatMul(%x, %w)
//     ...
//     output loss %l guard
//     update %w = %w2
//   }
//
// SSA: each value is made once, by an input or by one node; nodes stand in an order in which they
// can be executed. References are indices, so a graph can be copied, printed and sorted. Graphs are
// made with Builder (builder.h) or parse_graph() (text.h) and are not changed afterwards; a pass
// makes a new one. Thread safety: const access only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "dojo/graph/type.h"

namespace dojo {

enum class ValueId : int32_t {};
enum class NodeId : int32_t {};
inline constexpr ValueId kNoValue{-1};  // an optional operand that is absent
inline constexpr NodeId kNoNode{-1};    // the producer of a graph input
constexpr int32_t index(ValueId v) { return static_cast<int32_t>(v); }
constexpr int32_t index(NodeId n) { return static_cast<int32_t>(n); }
// The place in Graph::values, Graph::nodes and any other vector with an element for each.
constexpr size_t at(ValueId v) { return static_cast<size_t>(index(v)); }
constexpr size_t at(NodeId n) { return static_cast<size_t>(index(n)); }

using Attribute =
    std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;
using Attributes = std::map<std::string, Attribute, std::less<>>;

struct Value {
  Type type;
  std::string name;  // unique within the graph, without the '%': letters, digits, '_' and '.'
  NodeId producer = kNoNode;  // kNoNode for an input
  int32_t output_index = 0;   // which output of the producer

  bool operator==(const Value&) const = default;
};

struct Node {
  std::string op;  // the name in the op registry (ops/registry.h)
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  Attributes attributes;

  bool operator==(const Node&) const = default;
};

// How a parameter or state gets its first value: a pure function of (seed, name of the value).
struct Initial {
  enum class Kind { kConstant, kNormal, kUniform } kind = Kind::kConstant;
  double scale = 0;  // the constant; the standard deviation (mean 0); the bound of U[-scale, scale]
  bool operator==(const Initial&) const = default;
};

enum class Role {
  kData,       // fed anew for each step: clips, labels, learning rate, step number
  kParameter,  // trained; kept by the executor between steps
  kState,      // kept too, not trained: optimizer moments, running means, averaged weights
};

struct Input {
  ValueId value = kNoValue;
  Role role = Role::kData;
  Initial initial;  // for kParameter and kState

  bool operator==(const Input&) const = default;
};

// A named result. A guard must be finite, or the step makes no update (Executor::run says so).
struct Output {
  std::string name;
  ValueId value = kNoValue;
  bool guard = false;

  bool operator==(const Output&) const = default;
};

// At the end of the step the input `state` takes the value `value`; all updates happen at once.
struct Update {
  ValueId state = kNoValue;
  ValueId value = kNoValue;

  bool operator==(const Update&) const = default;
};

struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;  // in executable order
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Update> updates;

  const Value& value(ValueId v) const { return values[at(v)]; }
  const Node& node(NodeId n) const { return nodes[at(n)]; }
  const Type& type(ValueId v) const { return value(v).type; }

  const Input* find_input(std::string_view value_name) const;  // nullptr if there is none
  const Output* find_output(std::string_view output_name) const;

  bool operator==(const Graph&) const = default;
};

}  // namespace dojo
