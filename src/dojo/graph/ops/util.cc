#include "dojo/graph/ops/util.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/error.h"

namespace dojo::ops {

void bad(std::string message, std::string hint) {
  throw Error(Category::kInput, std::move(message), "", std::move(hint));
}

void require_f32(const OpCall& call) {
  for (size_t i = 0; i < call.inputs.size(); ++i)
    if (call.has(i) && call.inputs[i]->format != Format::kF32)
      bad(fmt::format("operand {} is {}, not f32", i, to_string(*call.inputs[i])),
          "Cast it to f32 first");
}

void require_rank(const OpCall& call, size_t operand, size_t rank) {
  if (call.in(operand).size() != rank)
    bad(fmt::format("operand {} has shape {}, which is not of rank {}", operand,
                    to_string(call.in(operand)), rank));
}

void require_scalar(const OpCall& call, size_t operand) {
  if (!call.in(operand).empty())
    bad(fmt::format("operand {} has shape {}, not []", operand, to_string(call.in(operand))));
}

void require_same_shape(const OpCall& call, size_t a, size_t b) {
  if (call.in(a) != call.in(b))
    bad(fmt::format("operands {} and {} have different shapes {} and {}", a, b,
                    to_string(call.in(a)), to_string(call.in(b))));
}

size_t axis_of(int64_t axis, size_t rank) {
  const auto r = static_cast<int64_t>(rank);
  if (axis < -r || axis >= r) bad(fmt::format("axis {} of a shape of rank {}", axis, rank));
  return static_cast<size_t>(axis < 0 ? axis + r : axis);
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape result = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  const size_t skip = result.size() - shorter.size();
  for (size_t d = 0; d < shorter.size(); ++d) {
    int64_t& r = result[skip + d];
    if (r != shorter[d] && r != 1 && shorter[d] != 1)
      bad(fmt::format("shapes {} and {} do not broadcast", to_string(a), to_string(b)));
    if (r == 1) r = shorter[d];
  }
  return result;
}

std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

std::vector<int64_t> broadcast_strides(const Shape& shape, const Shape& to) {
  std::vector<int64_t> result(to.size(), 0);
  const std::vector<int64_t> own = strides_of(shape);
  const size_t skip = to.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d) result[skip + d] = shape[d] == 1 ? 0 : own[d];
  return result;
}

void read_view(const RefTensor& from, const View& view, RefTensor& to) {
  for_each_index(view.shape, [&](const auto& index, size_t n) {
    to.data[n] = from.data[static_cast<size_t>(view.begin + offset_of(index, view.strides))];
  });
}

void write_view(const RefTensor& from, const View& view, RefTensor& to) {
  for_each_index(view.shape, [&](const auto& index, size_t n) {
    to.data[static_cast<size_t>(view.begin + offset_of(index, view.strides))] = from.data[n];
  });
}

std::vector<Type> infer_elementwise(const OpCall& call) {
  require_f32(call);
  for (size_t i = 1; i < call.inputs.size(); ++i) require_same_shape(call, 0, i);
  return {*call.inputs[0]};
}

}  // namespace dojo::ops
