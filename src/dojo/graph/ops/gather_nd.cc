// GatherND (ONNX opset 13) and its gradient, which adds rows where GatherND takes them. Indices
// from the data are checked when the op runs: their values are not known before.
#include <algorithm>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

// data [batch..., indexed..., row...], indices [batch..., tuples..., k]: one index for each of the
// k indexed dimensions. y [batch..., tuples..., row...].
struct Geometry {
  Shape y, indexed;
  int64_t batches = 1, tuples = 1, row = 1;

  static Geometry read(const OpCall& call, const Shape& data) {
    const Type& type = *call.inputs[1];
    if (type.format != Format::kI32 || type.shape.empty())
      bad(fmt::format("indices must be i32[...,k], seen {}", to_string(type)));
    const Shape& indices = type.shape;
    const int64_t depth = indices.back(), batch_dims = call.integer("batch_dims", 0);
    const auto rank = std::ssize(data);
    if (batch_dims < 0 || batch_dims >= std::min(rank, std::ssize(indices)))
      bad(fmt::format("batch_dims {} for data {} and indices {}", batch_dims, to_string(data),
                      to_string(indices)));
    if (depth > rank - batch_dims)
      bad(fmt::format("indices {} have {} numbers each, data {} has {} dimensions to index",
                      to_string(indices), depth, to_string(data), rank - batch_dims));
    const auto b = size_t(batch_dims), k = size_t(depth);
    if (!std::equal(data.begin(), data.begin() + batch_dims, indices.begin()))
      bad(fmt::format("data {} and indices {} differ in their first {} dimensions", to_string(data),
                      to_string(indices), b));
    Geometry g{Shape(indices.begin(), indices.end() - 1),
               Shape(data.begin() + batch_dims, data.begin() + batch_dims + depth)};
    g.y.insert(g.y.end(), data.begin() + batch_dims + depth, data.end());
    g.batches = product(data, 0, b);
    g.tuples = product(indices, b, indices.size() - 1);
    g.row = product(data, b + k, data.size());
    return g;
  }

  // Calls f(element of y, element of data) for each element of y; Error(kInput) for an index that
  // is not in [-size, size).
  template <class F>
  void for_each(const RefTensor& indices, F f) const {
    const auto k = std::ssize(indexed);
    for (int64_t t = 0; t < batches * tuples; ++t) {
      int64_t place = t / tuples;
      for (int64_t i = 0; i < k; ++i) {
        const int64_t size = indexed[size_t(i)], at = int64_t(indices.data[size_t(t * k + i)]);
        if (at < -size || at >= size)
          bad(fmt::format("index {} of tuple {} is not in {} .. {}", at, t, -size, size - 1));
        place = place * size + (at < 0 ? at + size : at);
      }
      for (int64_t r = 0; r < row; ++r) f(t * row + r, place * row + r);
    }
  }
};

Geometry forward(const OpCall& call) { return Geometry::read(call, call.in(0)); }

Geometry backward(const OpCall& call) {
  const Shape data = shape_attribute(call, "input_shape", 1, kMaxRank);
  const Geometry g = Geometry::read(call, data);
  expect_shape(call, 0, "dy", g.y);
  return g;
}

void evaluate(const OpCall& call, Inputs in, Outputs out) {
  forward(call).for_each(
      *in[1], [&](int64_t y, int64_t x) { out[0].data[size_t(y)] = in[0]->data[size_t(x)]; });
}

void evaluate_grad(const OpCall& call, Inputs in, Outputs out) {
  backward(call).for_each(
      *in[1], [&](int64_t y, int64_t x) { out[0].data[size_t(x)] += in[0]->data[size_t(y)]; });
}

std::vector<ValueId> gradient(Builder& b, const Node& node, Gradients dy, const Wanted& wanted) {
  if (!wanted[0]) return {kNoValue, kNoValue};
  return {b.op("GatherNDGrad", {dy[0], node.inputs[1]},
               with(node.attributes, "input_shape", b.shape(node.inputs[0]))),
          kNoValue};
}

// Rows that are not taken are not read.
Cost cost(const OpCall& call) {
  return {.bytes_read = double(call.outputs[0].num_bytes() + call.inputs[1]->num_bytes())};
}

}  // namespace

const OpDef kGatherND = {
    .name = "GatherND",
    .summary =
        "(data, indices i32[...,k]; batch_dims = 0) -> y: data at each tuple of k indices into "
        "its dimensions behind the first batch_dims, which both share; negative ones count from "
        "the back",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"batch_dims"},
    .infer =
        [](const OpCall& call) {
          return std::vector{Type{call.inputs[0]->format, forward(call).y}};
        },
    .gradient = gradient,
    .evaluate = evaluate,
    .cost = cost,
};

const OpDef kGatherNDGrad = {
    .name = "GatherNDGrad",
    .summary = "(dy, indices; batch_dims, input_shape) -> dx: gradient of GatherND",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"batch_dims", "input_shape"},
    .infer =
        [](const OpCall& call) {
          backward(call);
          return std::vector{f32(call.integers("input_shape"))};
        },
    .evaluate = evaluate_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = double(num_elements(call.in(0)))}; },
};

}  // namespace dojo::ops
