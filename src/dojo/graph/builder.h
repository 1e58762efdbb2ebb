// Makes a graph node by node; each call infers and checks types at once, so an error names the op
// that caused it.
//
//   Builder b("tiny");
//   ValueId x = b.data("x", {Format::kF32, {4, 8}});
//   ValueId w = b.parameter("w", {8, 2}, normal(0.5));
//   ValueId y = b.op("MatMul", {x, w});
//   b.output("y", y);
//   Graph g = std::move(b).finish();
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/graph.h"

namespace dojo {

inline Initial constant_value(double value) { return {Initial::Kind::kConstant, value}; }
inline Initial normal(double standard_deviation) {
  return {Initial::Kind::kNormal, standard_deviation};
}
inline Initial uniform(double bound) { return {Initial::Kind::kUniform, bound}; }

class Builder {
 public:
  explicit Builder(std::string graph_name);

  // Names get the current scope as a prefix ("encoder.stem.weight"). A name that is taken is an
  // Error(kInput) for inputs.
  ValueId data(std::string_view name, Type type);
  ValueId parameter(std::string_view name, Shape shape, Initial initial);
  ValueId state(std::string_view name, Type type, Initial initial);

  // A node. Its value is named `name` if given, else after the op with a number; both made unique.
  // Throws Error(kInput).
  ValueId op(std::string_view op, std::vector<ValueId> inputs, Attributes attributes = {},
             std::string_view name = {});
  std::vector<ValueId> op_multi(std::string_view op, std::vector<ValueId> inputs,
                                Attributes attributes = {}, std::string_view name = {});

  void output(std::string_view name, ValueId value, bool guard = false);
  void update(ValueId state, ValueId new_value);

  const Graph& graph() const { return graph_; }
  // By value: the graph grows with the next op.
  Type type(ValueId v) const { return graph_.type(v); }
  Shape shape(ValueId v) const { return graph_.type(v).shape; }

  // Drops nodes that reach no output and no update, verifies (verify.h) and hands the graph over.
  // The builder is empty afterwards.
  Graph finish() &&;

  // A name prefix for as long as it lives: `auto scope = b.scope("stem");`
  class Scope {
   public:
    Scope(Builder& builder, std::string_view name);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Builder& builder_;
    size_t old_size_;
  };
  [[nodiscard]] Scope scope(std::string_view name) { return Scope(*this, name); }

  // Shorthands for everyday ops (f32). Binary ones broadcast as numpy does.
  ValueId constant(double value);  // f32 scalar
  ValueId constant(const Shape& shape, std::vector<double> values);
  ValueId add(ValueId a, ValueId b);
  ValueId sub(ValueId a, ValueId b);
  ValueId mul(ValueId a, ValueId b);
  ValueId div(ValueId a, ValueId b);
  ValueId mul(ValueId a, double b) { return mul(a, constant(b)); }
  ValueId add(ValueId a, double b) { return add(a, constant(b)); }
  ValueId reshape(ValueId x, Shape shape);
  ValueId transpose(ValueId x, std::vector<int64_t> permutation);
  ValueId slice(ValueId x, int64_t axis, int64_t begin, int64_t end);  // [begin, end)
  ValueId concat(std::vector<ValueId> parts, int64_t axis);
  ValueId sum_to(
      ValueId x,
      const Shape& shape);  // the inverse of broadcasting: sums where `shape` has 1 or no dimension

 private:
  friend class Scope;
  ValueId input(std::string_view name, Type type, Role role, Initial initial);
  ValueId new_value(std::string name, Type type, NodeId producer, int32_t output_index);
  std::string unique_name(std::string_view wanted);

  Graph graph_;
  std::string prefix_;
  std::map<std::string, int64_t, std::less<>> taken_;  // name -> next number to try
};

}  // namespace dojo
