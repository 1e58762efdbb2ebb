// What the files of this folder share: checks of operands, broadcasting, walking over indices.
// Errors are Error(kInput) without a place; infer_types() adds the op.
#pragma once

#include <string>
#include <vector>

#include "dojo/graph/builder.h"
#include "dojo/graph/ops/registry.h"

namespace dojo::ops {

// The arguments of OpDef's functions.
using Inputs = std::span<const RefTensor* const>;
using Outputs = std::span<RefTensor>;
using Gradients = std::span<const ValueId>;  // of the results
using Wanted = std::vector<bool>;            // which operands need one

[[noreturn]] void bad(std::string message, std::string hint = {});  // throws Error(kInput)
void require_f32(const OpCall& call);                               // all present operands
void require_rank(const OpCall& call, size_t operand, size_t rank);
void require_scalar(const OpCall& call, size_t operand);  // shape []
void require_same_shape(const OpCall& call, size_t a, size_t b);

// An axis in [0, rank) from one in [-rank, rank), as ONNX counts them.
size_t axis_of(int64_t axis, size_t rank);

// numpy's rule: aligned at the last dimension, 1 stretches.
Shape broadcast(const Shape& a, const Shape& b);

// Elements to skip for one step along each dimension, row-major.
std::vector<int64_t> strides_of(const Shape& shape);

// The strides with which a tensor of `shape` is read at indices of `to`, which it broadcasts to: 0
// where it is stretched.
std::vector<int64_t> broadcast_strides(const Shape& shape, const Shape& to);

inline int64_t offset_of(const std::vector<int64_t>& index, const std::vector<int64_t>& strides) {
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
  return offset;
}

// The index-th element of `shape` lies at begin + sum of index[d] * strides[d].
struct View {
  Shape shape;
  int64_t begin = 0;
  std::vector<int64_t> strides;
};
void read_view(const RefTensor& from, const View& view, RefTensor& to);   // to[n] = from[view]
void write_view(const RefTensor& from, const View& view, RefTensor& to);  // to[view] = from[n]

// Calls f(index, n) for each index of `shape` in row-major order, n = 0, 1, 2 ...
template <class F>
void for_each_index(const Shape& shape, F f) {
  std::vector<int64_t> index(shape.size(), 0);
  const int64_t count = num_elements(shape);
  for (int64_t n = 0; n < count; ++n) {
    f(static_cast<const std::vector<int64_t>&>(index), static_cast<size_t>(n));
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

// f of a node's first operand and attributes as the op's rules see them, for use in a gradient.
template <class F>
auto from_call(const Builder& b, const Node& node, F f) {
  const Type type = b.type(node.inputs[0]);
  const Type* types[] = {&type};
  return f(OpCall{node.attributes, types, {}});
}

// FLOP = `per_element` for each element of output 0.
template <int per_element>
Cost elementwise_cost(const OpCall& call) {
  return {.flop = per_element * static_cast<double>(num_elements(call.out(0)))};
}

// The output has the type of operand 0; all operands are f32 of the same shape.
std::vector<Type> infer_elementwise(const OpCall& call);

}  // namespace dojo::ops
