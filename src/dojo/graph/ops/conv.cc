// Convolution and the gradients of its operands. All three are sums over the same terms y * x * w,
// see for_each_term().
#include "dojo/graph/ops/nn_rules.h"
#include "dojo/graph/ops/window.h"

namespace dojo::ops {
namespace {

// x [N,C,in...], w [M,C/group,kernel...], y [N,M,out...]
struct Geometry {
  Shape x, w, y;
  int64_t group = 1;
  Window window;

  static Geometry read(const OpCall& call, const Shape& x, const Shape& w) {
    Geometry g{x, w, {}, call.integer("group", 1), {}};
    if (w.size() != x.size())
      bad(fmt::format("x {} and w {} must have the same rank", to_string(x), to_string(w)));
    if (g.group < 1 || x[1] % g.group != 0 || w[0] % g.group != 0) {
      bad(fmt::format("group {} must divide the {} input and {} output channels", g.group, x[1],
                      w[0]));
    }
    if (w[1] != x[1] / g.group) {
      bad(fmt::format("w {} has {} input channels, x {} has {} in each of {} groups", to_string(w),
                      w[1], to_string(x), x[1] / g.group, g.group));
    }
    const Shape kernel(w.begin() + 2, w.end());
    if (call.integers("kernel_shape", kernel) != kernel) {
      bad(fmt::format("kernel_shape {} is not that of w {}",
                      to_string(call.integers("kernel_shape")), to_string(w)));
    }
    g.window = Window::read(call, kernel);
    g.y = {x[0], w[0]};
    for (int64_t size : g.window.output_space(x)) g.y.push_back(size);
    return g;
  }

  // Calls f(y index, x index, w index) for each term of y[...] = sum x[...] * w[...].
  template <class F>
  void for_each_term(F f) const {
    const Space in = space_of(x), out = space_of(y);
    const int64_t outputs = w[0], channels = w[1], outputs_of_group = outputs / group;
    for (int64_t n = 0; n < x[0]; ++n)
      for (int64_t m = 0; m < outputs; ++m)
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t y0 = (n * outputs + m) * volume(out);
          const int64_t x0 = (n * x[1] + m / outputs_of_group * channels + c) * volume(in);
          const int64_t w0 = (m * channels + c) * volume(window.kernel);
          for_each_tap(window, in, out,
                       [&](int64_t o, int64_t i, int64_t k) { f(y0 + o, x0 + i, w0 + k); });
        }
  }

  // As usually counted: taps in the padding are multiplied too.
  double flop() const {
    return 2.0 * double(num_elements(y)) * double(w[1] * volume(window.kernel));
  }
};

Geometry forward(const OpCall& call) {
  return Geometry::read(call, factor(call, 0, "x", 3, 5), factor(call, 1, "w", 3, 5));
}

Geometry input_grad(const OpCall& call) {
  Geometry g =
      Geometry::read(call, shape_attribute(call, "input_shape", 3, 5), factor(call, 1, "w", 3, 5));
  expect_factor(call, 0, "dy", g.y);
  return g;
}

Geometry weight_grad(const OpCall& call) {
  const Shape& x = factor(call, 0, "x", 3, 5);
  const Shape& dy = factor(call, 1, "dy", 3, 5);
  const int64_t group = call.integer("group", 1);
  if (group < 1 || x[1] % group != 0)
    bad(fmt::format("group {} must divide the {} channels of x", group, x[1]));
  Shape w = {dy[1], x[1] / group};
  for (int64_t size : call.integers("kernel_shape")) w.push_back(size);
  Geometry g = Geometry::read(call, x, w);
  expect_factor(call, 1, "dy", g.y);
  return g;
}

std::vector<Type> infer_conv(const OpCall& call) {
  const Geometry g = forward(call);
  if (call.has(2)) expect_shape(call, 2, "b", {g.w[0]});
  return {f32(g.y)};
}

std::vector<ValueId> gradient_conv(Builder& b, const Node& node, Gradients dy,
                                   const Wanted& wanted) {
  const Shape x = b.shape(node.inputs[0]), w = b.shape(node.inputs[1]);
  std::vector<ValueId> result(node.inputs.size(), kNoValue);
  const ValueId dy_factor = wanted[0] || wanted[1] ? as_factor(b, dy[0], node.inputs[0]) : kNoValue;
  if (wanted[0])
    result[0] =
        b.op("ConvInputGrad", {dy_factor, node.inputs[1]}, with(node.attributes, "input_shape", x));
  if (wanted[1]) {
    const Attributes attributes =
        with(node.attributes, "kernel_shape", Shape(w.begin() + 2, w.end()));
    result[1] = b.op("ConvWeightGrad", {node.inputs[0], dy_factor}, attributes);
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue && wanted[2]) {
    Shape axes = {0};
    for (size_t i = 2; i < x.size(); ++i) axes.push_back(int64_t(i));
    result[2] = b.op("ReduceSum", {dy[0]}, {{"axes", axes}, {"keepdims", int64_t{0}}});
  }
  return result;
}

void evaluate_conv(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = forward(call);
  const auto &x = in[0]->data, &w = in[1]->data;
  auto& y = out[0].data;
  if (call.has(2)) {
    const int64_t space = volume(space_of(g.y));
    for (size_t i = 0; i < y.size(); ++i) y[i] = in[2]->data[int64_t(i) / space % g.w[0]];
  }
  g.for_each_term([&](int64_t yi, int64_t xi, int64_t wi) { y[yi] += x[xi] * w[wi]; });
}

void evaluate_input_grad(const OpCall& call, Inputs in, Outputs out) {
  const auto &dy = in[0]->data, &w = in[1]->data;
  auto& dx = out[0].data;
  input_grad(call).for_each_term(
      [&](int64_t yi, int64_t xi, int64_t wi) { dx[xi] += dy[yi] * w[wi]; });
}

void evaluate_weight_grad(const OpCall& call, Inputs in, Outputs out) {
  const auto &x = in[0]->data, &dy = in[1]->data;
  auto& dw = out[0].data;
  weight_grad(call).for_each_term(
      [&](int64_t yi, int64_t xi, int64_t wi) { dw[wi] += dy[yi] * x[xi]; });
}

Cost cost_conv(const OpCall& call) {
  const Geometry g = forward(call);
  return {.flop = g.flop() + (call.has(2) ? double(num_elements(g.y)) : 0)};
}

}  // namespace

const OpDef kConv = {
    .name = "Conv",
    .summary =
        "(x[N,C,...], w[M,C/group,k...], b[M]?; strides, pads, dilations, group, kernel_shape) -> "
        "y[N,M,...]: correlation, zero "
        "padding, 1 to 3 spatial dimensions; x and w may both be bf16, y is f32",
    .min_inputs = 2,
    .max_inputs = 3,
    .attributes = {"strides", "pads", "dilations", "group", "kernel_shape"},
    .infer = infer_conv,
    .gradient = gradient_conv,
    .evaluate = evaluate_conv,
    .cost = cost_conv,
};

const OpDef kConvInputGrad = {
    .name = "ConvInputGrad",
    .summary =
        "(dy, w; Conv's attributes, input_shape) -> dx: gradient of Conv with respect to x (a "
        "transposed convolution); dy and w may both be bf16",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"strides", "pads", "dilations", "group", "kernel_shape", "input_shape"},
    .infer = [](const OpCall& call) { return std::vector{f32(input_grad(call).x)}; },
    .evaluate = evaluate_input_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = input_grad(call).flop()}; },
};

const OpDef kConvWeightGrad = {
    .name = "ConvWeightGrad",
    .summary =
        "(x, dy; Conv's attributes, kernel_shape) -> dw: gradient of Conv with respect to w; x and "
        "dy may both be bf16",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"strides", "pads", "dilations", "group", "kernel_shape"},
    .infer = [](const OpCall& call) { return std::vector{f32(weight_grad(call).w)}; },
    .evaluate = evaluate_weight_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = weight_grad(call).flop()}; },
};

}  // namespace dojo::ops
