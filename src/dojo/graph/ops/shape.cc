// Identity, Reshape, Transpose, Concat, Expand: values move, none changes. All take any format.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

void copy(const OpCall&, Inputs inputs, Outputs outputs) { outputs[0].data = inputs[0]->data; }

std::vector<Type> infer_identity(const OpCall& call) { return {*call.inputs[0]}; }

std::vector<ValueId> identity_gradient(Builder&, const Node&, Gradients dy, const Wanted&) {
  return {dy[0]};
}

// ONNX: 0 takes the operand's dimension at the same place, one -1 takes what is left.
std::vector<Type> infer_reshape(const OpCall& call) {
  Shape shape = call.integers("shape");
  const int64_t count = num_elements(call.in(0));
  std::optional<size_t> open;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0 && d < call.in(0).size()) shape[d] = call.in(0)[d];
    if (shape[d] != -1) continue;
    if (open) bad("more than one -1 in " + to_string(call.integers("shape")));
    open = d;
    shape[d] = 1;
  }
  check_shape(shape);
  if (open) shape[*open] = count / num_elements(shape);
  if (num_elements(shape) != count)
    bad(fmt::format("{} does not fit into {}", to_string(call.in(0)),
                    to_string(call.integers("shape"))));
  return {{call.inputs[0]->format, shape}};
}

std::vector<ValueId> reshape_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.reshape(dy[0], b.shape(node.inputs[0]))};
}

// ONNX: without perm the dimensions are reversed.
std::vector<int64_t> permutation_of(const OpCall& call) {
  const size_t rank = call.in(0).size();
  std::vector<int64_t> reversed(rank);
  for (size_t d = 0; d < rank; ++d) reversed[d] = static_cast<int64_t>(rank - 1 - d);
  return call.integers("perm", reversed);
}

std::vector<Type> infer_transpose(const OpCall& call) {
  const std::vector<int64_t> perm = permutation_of(call);
  std::vector<int64_t> sorted = perm, all(call.in(0).size());
  std::sort(sorted.begin(), sorted.end());
  std::iota(all.begin(), all.end(), 0);
  if (sorted != all)
    bad(fmt::format("perm {} is no permutation of the {} dimensions", to_string(perm), all.size()));
  Shape shape;
  for (int64_t d : perm) shape.push_back(call.in(0)[static_cast<size_t>(d)]);
  return {{call.inputs[0]->format, shape}};
}

void evaluate_transpose(const OpCall& call, Inputs inputs, Outputs outputs) {
  const std::vector<int64_t> perm = permutation_of(call);
  const std::vector<int64_t> own = strides_of(call.in(0));
  std::vector<int64_t> strides;
  for (int64_t d : perm) strides.push_back(own[static_cast<size_t>(d)]);
  read_view(*inputs[0], {call.out(0), 0, strides}, outputs[0]);
}

std::vector<ValueId> transpose_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  const std::vector<int64_t> perm = from_call(b, node, permutation_of);
  std::vector<int64_t> inverse(perm.size());
  for (size_t d = 0; d < perm.size(); ++d)
    inverse[static_cast<size_t>(perm[d])] = static_cast<int64_t>(d);
  return {b.transpose(dy[0], inverse)};
}

std::vector<Type> infer_concat(const OpCall& call) {
  Type type = *call.inputs[0];
  const size_t axis = axis_of(call.integer("axis"), type.shape.size());
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    Shape shape = call.in(i);
    if (call.inputs[i]->format != type.format)
      bad(fmt::format("operand {} is {}, operand 0 is {}", i, name(call.inputs[i]->format),
                      name(type.format)));
    if (shape.size() == type.shape.size()) {
      type.shape[axis] += shape[axis];
      shape[axis] = type.shape[axis];
    }
    if (shape != type.shape)
      bad(fmt::format("operands 0 and {} have shapes {} and {} that differ beside axis {}", i,
                      to_string(call.in(0)), to_string(call.in(i)), axis));
    check_shape(type.shape);
  }
  return {type};
}

void evaluate_concat(const OpCall& call, Inputs inputs, Outputs outputs) {
  const size_t axis = axis_of(call.integer("axis"), call.out(0).size());
  const std::vector<int64_t> strides = strides_of(call.out(0));
  int64_t begin = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    write_view(*inputs[i], {call.in(i), begin * strides[axis], strides}, outputs[0]);
    begin += call.in(i)[axis];
  }
}

std::vector<ValueId> concat_gradient(Builder& b, const Node& node, Gradients dy,
                                     const Wanted& wanted) {
  const size_t axis = axis_of(std::get<int64_t>(node.attributes.at("axis")), b.shape(dy[0]).size());
  std::vector<ValueId> result(node.inputs.size(), kNoValue);
  int64_t begin = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int64_t end = begin + b.shape(node.inputs[i])[axis];
    if (wanted[i]) result[i] = b.slice(dy[0], static_cast<int64_t>(axis), begin, end);
    begin = end;
  }
  return result;
}

// ONNX: the operand and `shape` broadcast to each other.
std::vector<Type> infer_expand(const OpCall& call) {
  const Shape shape = call.integers("shape");
  check_shape(shape);
  return {{call.inputs[0]->format, broadcast(call.in(0), shape)}};
}

void evaluate_expand(const OpCall& call, Inputs inputs, Outputs outputs) {
  const std::vector<int64_t> strides = broadcast_strides(call.in(0), call.out(0));
  read_view(*inputs[0], {call.out(0), 0, strides}, outputs[0]);
}

std::vector<ValueId> expand_gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  return {b.sum_to(dy[0], b.shape(node.inputs[0]))};
}

}  // namespace

const OpDef kIdentity{.name = "Identity",
                      .summary = "(x) -> x",
                      .min_inputs = 1,
                      .max_inputs = 1,
                      .infer = infer_identity,
                      .gradient = identity_gradient,
                      .evaluate = copy};
const OpDef kReshape{.name = "Reshape",
                     .summary =
                         "(x; shape) -> y: the same values in row-major order; 0 copies a "
                         "dimension, one -1 takes what is left",
                     .min_inputs = 1,
                     .max_inputs = 1,
                     .attributes = {"shape"},
                     .infer = infer_reshape,
                     .gradient = reshape_gradient,
                     .evaluate = copy};
const OpDef kTranspose{.name = "Transpose",
                       .summary =
                           "(x; perm = reversed) -> y: dimension i of the result is dimension "
                           "perm[i] of x",
                       .min_inputs = 1,
                       .max_inputs = 1,
                       .attributes = {"perm"},
                       .infer = infer_transpose,
                       .gradient = transpose_gradient,
                       .evaluate = evaluate_transpose};
const OpDef kConcat{.name = "Concat",
                    .summary = "(x0, x1, ...; axis) -> y: one after the other along the axis",
                    .min_inputs = 1,
                    .max_inputs = -1,
                    .attributes = {"axis"},
                    .infer = infer_concat,
                    .gradient = concat_gradient,
                    .evaluate = evaluate_concat};
const OpDef kExpand{.name = "Expand",
                    .summary = "(x; shape) -> y: x broadcast with the shape",
                    .min_inputs = 1,
                    .max_inputs = 1,
                    .attributes = {"shape"},
                    .infer = infer_expand,
                    .gradient = expand_gradient,
                    .evaluate = evaluate_expand};

}  // namespace dojo::ops
