#include "dojo/graph/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "dojo/base/error.h"
#include "dojo/graph/op.h"

namespace dojo {
namespace {

[[noreturn]] void fail(std::string message, std::string where) {
  throw Error(Category::kInput, std::move(message), std::move(where));
}

bool has_nan(const Attribute& attribute) {
  if (const auto* v = std::get_if<double>(&attribute)) return std::isnan(*v);
  if (const auto* v = std::get_if<std::vector<double>>(&attribute))
    for (double x : *v)
      if (std::isnan(x)) return true;
  return false;
}

void verify_initial(const Initial& initial, Format format, const std::string& where) {
  if (!std::isfinite(initial.scale)) fail("the first value is not finite", where);
  // Normal numbers of random.h stay within 9 deviations.
  const double largest = static_cast<double>(std::numeric_limits<float>::max()) /
                         (initial.kind == Initial::Kind::kConstant ? 1 : 9);
  if (format == Format::kF32 && std::abs(initial.scale) > largest)
    fail(fmt::format("the first value {} is beyond f32", initial.scale), where);
  if (format == Format::kBF16 && initial.scale != round_to(format, initial.scale))
    fail(fmt::format("the first value {} is not in the format bf16", initial.scale), where);
  if (initial.kind != Initial::Kind::kConstant) {
    if (format != Format::kF32) fail("a random first value needs the format f32", where);
    if (initial.scale < 0) fail(fmt::format("a negative scale {}", initial.scale), where);
  } else if (!is_floating(format)) {
    const double low = format == Format::kU8 ? 0 : INT32_MIN;
    const double high = format == Format::kU8 ? UINT8_MAX : INT32_MAX;
    if (initial.scale < low || initial.scale > high || initial.scale != std::floor(initial.scale))
      fail(fmt::format("the first value {} is not in the format {}", initial.scale, name(format)),
           where);
  }
}

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph), made_(graph.values.size(), false) {}

  void run() {
    std::set<std::string_view> names;
    for (const Value& value : graph_.values) {
      if (!is_valid_name(value.name)) fail(fmt::format("bad name \"{}\"", value.name), "value");
      if (!names.insert(value.name).second) fail("the name is taken", "%" + value.name);
      try {
        check_shape(value.type.shape);
      } catch (const Error& error) {
        fail(error.message(), "%" + value.name);
      }
    }
    for (const Input& input : graph_.inputs) {
      const Value& value = make(input.value, kNoNode, 0, "an input");
      inputs_.emplace(value.name, &input);
      if (input.role == Role::kParameter && value.type.format != Format::kF32)
        fail("a parameter must be f32", "%" + value.name);
      if (input.role != Role::kData)
        verify_initial(input.initial, value.type.format, "%" + value.name);
      else if (input.initial != Initial{})
        fail("data has no first value", "%" + value.name);
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) verify_node(static_cast<int32_t>(n));
    if (next_ != static_cast<int32_t>(made_.size()))
      fail("a value that neither an input nor a node makes",
           "%" + graph_.values[static_cast<size_t>(next_)].name);
    verify_results();
  }

 private:
  const Value& make(ValueId v, NodeId producer, int32_t output_index, const std::string& where) {
    if (index(v) != next_ || index(v) >= static_cast<int32_t>(made_.size()))
      fail(fmt::format("value {} where {} is next", index(v), next_), where);
    const Value& value = graph_.value(v);
    if (value.producer != producer || value.output_index != output_index)
      fail("the value names another producer", "%" + value.name);
    made_[static_cast<size_t>(next_++)] = true;
    return value;
  }

  const Value& use(ValueId v, const std::string& where) const {
    if (index(v) < 0 || index(v) >= static_cast<int32_t>(made_.size()))
      fail(fmt::format("there is no value {}", index(v)), where);
    if (!made_[at(v)]) fail(fmt::format("uses %{} before it is made", graph_.value(v).name), where);
    return graph_.value(v);
  }

  void verify_node(int32_t n) {
    const Node& node = graph_.node(NodeId{n});
    std::string where = node.op;
    if (!node.outputs.empty() && index(node.outputs[0]) >= 0 &&
        index(node.outputs[0]) < static_cast<int32_t>(made_.size()))
      where += " %" + graph_.value(node.outputs[0]).name;
    std::vector<const Type*> inputs;
    for (ValueId v : node.inputs) inputs.push_back(v == kNoValue ? nullptr : &use(v, where).type);
    for (const auto& [key, attribute] : node.attributes)
      if (has_nan(attribute)) fail(fmt::format("the attribute {} is NaN", key), where);
    std::vector<Type> types;
    try {
      types = infer_types(node.op, node.attributes, inputs);
    } catch (const Error& error) {
      throw Error(error.category(), error.message(), where, error.hint());
    }
    if (types.size() != node.outputs.size())
      fail(fmt::format("{} results; the op makes {}", node.outputs.size(), types.size()), where);
    for (size_t i = 0; i < types.size(); ++i) {
      const Value& value = make(node.outputs[i], NodeId{n}, static_cast<int32_t>(i), where);
      if (value.type != types[i])
        fail(fmt::format("%{} is {}; the op makes {}", value.name, to_string(value.type),
                         to_string(types[i])),
             where);
    }
  }

  void verify_results() const {
    std::set<std::string_view> names;
    for (const Output& output : graph_.outputs) {
      const std::string where = "output " + output.name;
      if (!is_valid_name(output.name)) fail(fmt::format("bad name \"{}\"", output.name), "output");
      if (!names.insert(output.name).second) fail("the name is taken", where);
      // Executor::read() takes both names, so one must not hide another.
      const auto input = inputs_.find(output.name);
      if (input != inputs_.end() && input->second->value != output.value)
        fail("an input has that name", where);
      const Type& type = use(output.value, where).type;
      if (output.guard && type != Type{Format::kF32, {}})
        fail(fmt::format("a guard must be f32[], not {}", to_string(type)), where);
    }
    std::set<ValueId> updated;
    for (const Update& update : graph_.updates) {
      const Value& state = use(update.state, "update");
      const std::string where = "update %" + state.name;
      const Value& value = use(update.value, where);
      const auto input = inputs_.find(state.name);
      if (input == inputs_.end() || input->second->role == Role::kData)
        fail("neither a parameter nor a state", where);
      if (!updated.insert(update.state).second) fail("updated twice", where);
      if (value.type != state.type)
        fail(fmt::format("%{} is {}, not {}", value.name, to_string(value.type),
                         to_string(state.type)),
             where);
    }
  }

  const Graph& graph_;
  std::vector<bool> made_;
  std::map<std::string_view, const Input*> inputs_;
  int32_t next_ = 0;
};

}  // namespace

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

bool is_valid_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), is_name_char);
}

void verify(const Graph& graph) { Verifier(graph).run(); }

}  // namespace dojo
