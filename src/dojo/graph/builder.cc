#include "dojo/graph/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/graph/compact.h"
#include "dojo/graph/op.h"
#include "dojo/graph/verify.h"

namespace dojo {

Builder::Builder(std::string graph_name) { graph_.name = std::move(graph_name); }

ValueId Builder::new_value(std::string name, Type type, NodeId producer, int32_t output_index) {
  taken_.emplace(name, 1);
  graph_.values.push_back({std::move(type), std::move(name), producer, output_index});
  return ValueId{static_cast<int32_t>(graph_.values.size() - 1)};
}

std::string Builder::unique_name(std::string_view wanted) {
  const auto at = taken_.find(wanted);
  if (at == taken_.end()) return std::string(wanted);
  for (;;) {
    std::string name = fmt::format("{}_{}", wanted, at->second++);
    if (!taken_.contains(name)) return name;
  }
}

ValueId Builder::input(std::string_view name, Type type, Role role, Initial initial) {
  std::string full = prefix_ + std::string(name);
  if (!is_valid_name(full))
    throw Error(Category::kInput, fmt::format("bad name \"{}\"", full), graph_.name,
                "use letters, digits, '_' and '.'");
  if (taken_.contains(full))
    throw Error(Category::kInput, "the name is taken", "%" + full, "give each input its own name");
  check_shape(type.shape);
  const ValueId v = new_value(std::move(full), std::move(type), kNoNode, 0);
  graph_.inputs.push_back({v, role, initial});
  return v;
}

ValueId Builder::data(std::string_view name, Type type) {
  return input(name, std::move(type), Role::kData, {});
}

ValueId Builder::parameter(std::string_view name, Shape shape, Initial initial) {
  return input(name, {Format::kF32, std::move(shape)}, Role::kParameter, initial);
}

ValueId Builder::state(std::string_view name, Type type, Initial initial) {
  return input(name, std::move(type), Role::kState, initial);
}

std::vector<ValueId> Builder::op_multi(std::string_view op, std::vector<ValueId> inputs,
                                       Attributes attributes, std::string_view name) {
  std::vector<const Type*> types;
  for (ValueId v : inputs) {
    DOJO_CHECK(v == kNoValue || (index(v) >= 0 && index(v) < std::ssize(graph_.values)));
    types.push_back(v == kNoValue ? nullptr : &graph_.type(v));
  }
  // The text form cannot tell an empty list of integers from one of numbers.
  for (auto& [key, value] : attributes)
    if (const auto* list = std::get_if<std::vector<double>>(&value); list && list->empty())
      value = std::vector<int64_t>{};

  std::string wanted = prefix_ + std::string(name.empty() ? op : name);
  if (name.empty())
    std::transform(
        wanted.begin() + std::ssize(prefix_), wanted.end(), wanted.begin() + std::ssize(prefix_),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::vector<Type> results;
  try {
    results = infer_types(op, attributes, types);
  } catch (const Error& error) {
    std::string where = fmt::format("{} %{}", op, wanted);
    for (size_t i = 0; i < types.size(); ++i)
      where += (i == 0 ? " of " : ", ") + (types[i] ? to_string(*types[i]) : std::string("_"));
    throw Error(error.category(), error.message(), where, error.hint());
  }

  const NodeId producer{static_cast<int32_t>(graph_.nodes.size())};
  Node node{std::string(op), std::move(inputs), {}, std::move(attributes)};
  for (size_t i = 0; i < results.size(); ++i)
    node.outputs.push_back(
        new_value(unique_name(wanted), std::move(results[i]), producer, static_cast<int32_t>(i)));
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back().outputs;
}

ValueId Builder::op(std::string_view op, std::vector<ValueId> inputs, Attributes attributes,
                    std::string_view name) {
  return op_multi(op, std::move(inputs), std::move(attributes), name)[0];
}

void Builder::output(std::string_view name, ValueId value, bool guard) {
  graph_.outputs.push_back({std::string(name), value, guard});
}

void Builder::update(ValueId state, ValueId new_value) {
  graph_.updates.push_back({state, new_value});
}

Graph Builder::finish() && {
  Graph result = compacted(graph_);
  graph_ = {};
  taken_.clear();
  verify(result);
  return result;
}

Builder::Scope::Scope(Builder& builder, std::string_view name)
    : builder_(builder), old_size_(builder.prefix_.size()) {
  builder_.prefix_ += name;
  builder_.prefix_ += '.';
}

Builder::Scope::~Scope() { builder_.prefix_.resize(old_size_); }

ValueId Builder::constant(double value) { return op("Constant", {}, {{"value", value}}); }

ValueId Builder::constant(const Shape& shape, std::vector<double> values) {
  if (values.size() == 1) return op("Constant", {}, {{"value", values[0]}, {"shape", shape}});
  return op("Constant", {}, {{"value", std::move(values)}, {"shape", shape}});
}

ValueId Builder::add(ValueId a, ValueId b) { return op("Add", {a, b}); }
ValueId Builder::sub(ValueId a, ValueId b) { return op("Sub", {a, b}); }
ValueId Builder::mul(ValueId a, ValueId b) { return op("Mul", {a, b}); }
ValueId Builder::div(ValueId a, ValueId b) { return op("Div", {a, b}); }

ValueId Builder::reshape(ValueId x, Shape shape) {
  if (this->shape(x) == shape) return x;
  return op("Reshape", {x}, {{"shape", std::move(shape)}});
}

ValueId Builder::transpose(ValueId x, std::vector<int64_t> permutation) {
  return op("Transpose", {x}, {{"perm", std::move(permutation)}});
}

ValueId Builder::slice(ValueId x, int64_t axis, int64_t begin, int64_t end) {
  using List = std::vector<int64_t>;
  return op("Slice", {x}, {{"axes", List{axis}}, {"starts", List{begin}}, {"ends", List{end}}});
}

ValueId Builder::concat(std::vector<ValueId> parts, int64_t axis) {
  return op("Concat", std::move(parts), {{"axis", axis}});
}

ValueId Builder::sum_to(ValueId x, const Shape& shape) {
  const Shape from = this->shape(x);
  if (from == shape) return x;
  DOJO_CHECK(shape.size() <= from.size());
  const size_t skip = from.size() - shape.size();
  std::vector<int64_t> axes;
  for (size_t d = 0; d < from.size(); ++d)
    if (from[d] != 1 && (d < skip || shape[d - skip] == 1)) axes.push_back(static_cast<int64_t>(d));
  if (!axes.empty())
    x = op("ReduceSum", {x}, {{"axes", std::move(axes)}, {"keepdims", int64_t{1}}});
  return reshape(x, shape);
}

}  // namespace dojo
