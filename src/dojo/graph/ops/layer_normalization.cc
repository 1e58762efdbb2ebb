// LayerNormalization (ONNX opset 17): the elements from an axis on are a row; each row loses its
// mean, is divided by its standard deviation, and is scaled and shifted place by place.
#include <cmath>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

struct Rows {
  int64_t rows = 0, size = 0;
  Shape places;      // x's dimensions from the axis on: of scale and bias
  Shape statistics;  // x's shape with 1 in place of these: of mean and inverse deviation

  static Rows read(const OpCall& call) {
    const Shape& x = f32_operand(call, 0, "x", 1, kMaxRank);
    const size_t axis = axis_of(call.integer("axis", -1), x.size());
    Rows r{product(x, 0, axis), product(x, axis, x.size()), Shape(x.begin() + axis, x.end()), x};
    for (size_t d = axis; d < x.size(); ++d) r.statistics[d] = 1;
    expect_shape(call, 1, "scale", r.places);
    return r;
  }
};

double epsilon_of(const OpCall& call) { return positive(call, "epsilon", 1e-5); }

std::vector<Type> infer(const OpCall& call) {
  const Rows r = Rows::read(call);
  expect_shape(call, 2, "bias", r.places);
  epsilon_of(call);
  return {f32(call.in(0)), f32(r.statistics), f32(r.statistics)};
}

void evaluate(const OpCall& call, Inputs in, Outputs out) {
  const Rows r = Rows::read(call);
  const double size = double(r.size);
  for (int64_t row = 0; row < r.rows; ++row) {
    const double* x = in[0]->data.data() + row * r.size;
    double* y = out[0].data.data() + row * r.size;
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < r.size; ++i) mean += x[i] / size;
    for (int64_t i = 0; i < r.size; ++i) variance += (x[i] - mean) * (x[i] - mean) / size;
    const double inverse = 1 / std::sqrt(variance + epsilon_of(call));
    for (int64_t i = 0; i < r.size; ++i)
      y[i] = (x[i] - mean) * inverse * in[1]->data[size_t(i)] + in[2]->data[size_t(i)];
    out[1].data[size_t(row)] = mean;
    out[2].data[size_t(row)] = inverse;
  }
}

std::vector<Type> infer_grad(const OpCall& call) {
  const Rows r = Rows::read(call);
  expect_shape(call, 2, "dy", call.in(0));
  expect_shape(call, 3, "mean", r.statistics);
  expect_shape(call, 4, "inv_std_dev", r.statistics);
  return {f32(call.in(0)), f32(r.places), f32(r.places)};
}

// With h the normalised x and g = dy * scale: dx = (g - mean(g) - h mean(g h)) / deviation, the
// means over the row.
void evaluate_grad(const OpCall& call, Inputs in, Outputs out) {
  const Rows r = Rows::read(call);
  const double size = double(r.size);
  for (int64_t row = 0; row < r.rows; ++row) {
    const double* x = in[0]->data.data() + row * r.size;
    const double* dy = in[2]->data.data() + row * r.size;
    const double mean = in[3]->data[size_t(row)], inverse = in[4]->data[size_t(row)];
    double mean_g = 0, mean_gh = 0;
    for (int64_t i = 0; i < r.size; ++i) {
      const double h = (x[i] - mean) * inverse, g = dy[i] * in[1]->data[size_t(i)];
      mean_g += g / size;
      mean_gh += g * h / size;
      out[1].data[size_t(i)] += dy[i] * h;
      out[2].data[size_t(i)] += dy[i];
    }
    for (int64_t i = 0; i < r.size; ++i) {
      const double h = (x[i] - mean) * inverse, g = dy[i] * in[1]->data[size_t(i)];
      out[0].data[size_t(row * r.size + i)] = (g - mean_g - h * mean_gh) * inverse;
    }
  }
}

std::vector<ValueId> gradient(Builder& b, const Node& node, Gradients dy, const Wanted& wanted) {
  const ValueId x = node.inputs[0], mean = node.outputs[1], inverse = node.outputs[2];
  std::vector<ValueId> result(3, kNoValue);
  const auto add = [&](ValueId part) {
    result[0] = result[0] == kNoValue ? part : b.add(result[0], part);
  };
  if (dy[0] != kNoValue) {
    Attributes attributes = node.attributes;
    attributes.erase("epsilon");
    const auto grads =
        b.op_multi("LayerNormalizationGrad", {x, node.inputs[1], dy[0], mean, inverse}, attributes);
    for (size_t i = 0; i < 3; ++i)
      if (wanted[i]) result[i] = grads[i];
  }
  if (!wanted[0]) return result;
  // What flows back through the statistics themselves.
  const double size = double(num_elements(b.shape(x))) / double(num_elements(b.shape(mean)));
  if (dy[1] != kNoValue) add(b.op("Expand", {b.mul(dy[1], 1 / size)}, {{"shape", b.shape(x)}}));
  if (dy[2] != kNoValue) {
    const ValueId cube = b.mul(inverse, b.mul(inverse, inverse));
    add(b.mul(b.sub(x, mean), b.mul(b.mul(dy[2], cube), -1 / size)));
  }
  return result;
}

// As the other normalisations: mean 1, variance 3, the rest 4; backward two sums of products 6 and
// dx 6.
Cost cost(const OpCall& call) { return {.flop = 8.0 * double(num_elements(call.in(0)))}; }
Cost cost_grad(const OpCall& call) { return {.flop = 12.0 * double(num_elements(call.in(0)))}; }

}  // namespace

const OpDef kLayerNormalization = {
    .name = "LayerNormalization",
    .summary =
        "(x, scale, bias; axis = -1, epsilon = 1e-5) -> y, mean, inv_std_dev: each row of the "
        "dimensions from the axis on is normalised; scale and bias have a row's shape",
    .min_inputs = 3,
    .max_inputs = 3,
    .attributes = {"axis", "epsilon"},
    .infer = infer,
    .gradient = gradient,
    .evaluate = evaluate,
    .cost = cost,
};

const OpDef kLayerNormalizationGrad = {
    .name = "LayerNormalizationGrad",
    .summary = "(x, scale, dy, mean, inv_std_dev; axis) -> dx, dscale, dbias",
    .min_inputs = 5,
    .max_inputs = 5,
    .attributes = {"axis"},
    .infer = infer_grad,
    .evaluate = evaluate_grad,
    .cost = cost_grad,
};

}  // namespace dojo::ops
