// Pools over a sliding window, their gradients, and the mean over all of space.
#include <limits>

#include "dojo/graph/ops/nn_rules.h"
#include "dojo/graph/ops/window.h"

namespace dojo::ops {
namespace {

// x [N,C,in...] -> y [N,C,out...]; the same window for each of the N*C planes
struct Geometry {
  Shape x, y;
  Window window;

  static Geometry read(const OpCall& call, const Shape& x) {
    Geometry g{x, {x[0], x[1]}, Window::read(call, call.integers("kernel_shape"))};
    for (size_t d = 0; d < 3; ++d) {
      if (g.window.begin[d] >= g.window.kernel[d] || g.window.end[d] >= g.window.kernel[d]) {
        bad(fmt::format("pads {} must be smaller than the kernel {}",
                        to_string(call.integers("pads")),
                        to_string(call.integers("kernel_shape"))));
      }
    }
    for (int64_t size : g.window.output_space(x)) g.y.push_back(size);
    return g;
  }

  // Calls f(y index, x index) for each tap inside the input.
  template <class F>
  void for_each(F f) const {
    const Space in = space_of(x), out = space_of(y);
    for (int64_t plane = 0; plane < x[0] * x[1]; ++plane) {
      for_each_tap(window, in, out, [&](int64_t o, int64_t i, int64_t) {
        f(plane * volume(out) + o, plane * volume(in) + i);
      });
    }
  }

  double flop() const { return double(num_elements(y)) * double(volume(window.kernel)); }
};

Geometry forward(const OpCall& call) {
  return Geometry::read(call, f32_operand(call, 0, "x", 3, 5));
}

Geometry max_pool_grad(const OpCall& call) {
  Geometry g = forward(call);
  expect_shape(call, 1, "y", g.y);
  expect_shape(call, 2, "dy", g.y);
  return g;
}

Geometry average_pool_grad(const OpCall& call) {
  Geometry g = Geometry::read(call, shape_attribute(call, "input_shape", 3, 5));
  expect_shape(call, 0, "dy", g.y);
  return g;
}

// For each output the index of its largest input: the first one in row-major order, or the last
// NaN.
std::vector<int64_t> largest(const Geometry& g, const std::vector<double>& x) {
  std::vector<int64_t> result(size_t(num_elements(g.y)), -1);
  g.for_each([&](int64_t o, int64_t i) {
    if (result[o] < 0 || x[i] > x[result[o]] || x[i] != x[i]) result[o] = i;
  });
  return result;
}

void evaluate_max_pool(const OpCall& call, Inputs in, Outputs out) {
  const std::vector<int64_t> from = largest(forward(call), in[0]->data);
  for (size_t o = 0; o < from.size(); ++o) {
    out[0].data[o] = from[o] < 0 ? -std::numeric_limits<double>::infinity() : in[0]->data[from[o]];
  }
}

void evaluate_max_pool_grad(const OpCall& call, Inputs in, Outputs out) {
  const std::vector<int64_t> from = largest(max_pool_grad(call), in[0]->data);
  for (size_t o = 0; o < from.size(); ++o) {
    if (from[o] >= 0) out[0].data[from[o]] += in[2]->data[o];
  }
}

// What each output's sum is divided by: the taps inside the input, or all of the kernel's with
// count_include_pad.
std::vector<double> divisors(const OpCall& call, const Geometry& g) {
  std::vector<double> result(size_t(num_elements(g.y)), 0);
  if (flag(call, "count_include_pad", false)) {
    result.assign(result.size(), double(volume(g.window.kernel)));
  } else {
    g.for_each([&](int64_t o, int64_t) { result[o] += 1; });
  }
  return result;
}

void evaluate_average_pool(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = forward(call);
  auto& y = out[0].data;
  g.for_each([&](int64_t o, int64_t i) { y[o] += in[0]->data[i]; });
  const std::vector<double> divisor = divisors(call, g);
  for (size_t o = 0; o < y.size(); ++o) y[o] /= divisor[o];
}

void evaluate_average_pool_grad(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = average_pool_grad(call);
  const std::vector<double> divisor = divisors(call, g);
  g.for_each([&](int64_t o, int64_t i) { out[0].data[i] += in[0]->data[o] / divisor[o]; });
}

std::vector<ValueId> gradient_max_pool(Builder& b, const Node& node, Gradients dy,
                                       const Wanted& wanted) {
  if (!wanted[0]) return {kNoValue};
  return {b.op("MaxPoolGrad", {node.inputs[0], node.outputs[0], dy[0]}, node.attributes)};
}

std::vector<ValueId> gradient_average_pool(Builder& b, const Node& node, Gradients dy,
                                           const Wanted& wanted) {
  if (!wanted[0]) return {kNoValue};
  return {b.op("AveragePoolGrad", {dy[0]},
               with(node.attributes, "input_shape", b.shape(node.inputs[0])))};
}

std::vector<Type> infer_global(const OpCall& call) {
  Shape y = f32_operand(call, 0, "x", 3, 5);
  for (size_t i = 2; i < y.size(); ++i) y[i] = 1;
  return {f32(y)};
}

void evaluate_global(const OpCall& call, Inputs in, Outputs out) {
  const int64_t space = volume(space_of(call.in(0)));
  for (size_t i = 0; i < in[0]->data.size(); ++i)
    out[0].data[int64_t(i) / space] += in[0]->data[i] / double(space);
}

// The mean over all of space is an average pool whose window is all of space.
std::vector<ValueId> gradient_global(Builder& b, const Node& node, Gradients dy,
                                     const Wanted& wanted) {
  if (!wanted[0]) return {kNoValue};
  const Shape x = b.shape(node.inputs[0]);
  return {b.op("AveragePoolGrad", {dy[0]},
               {{"input_shape", x}, {"kernel_shape", Shape(x.begin() + 2, x.end())}})};
}

}  // namespace

const OpDef kMaxPool = {
    .name = "MaxPool",
    .summary =
        "(x[N,C,...]; kernel_shape, strides, pads) -> y[N,C,...]: the largest value in each "
        "window; padding never wins",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"kernel_shape", "strides", "pads"},
    .infer = [](const OpCall& call) { return std::vector{f32(forward(call).y)}; },
    .gradient = gradient_max_pool,
    .evaluate = evaluate_max_pool,
    .cost = [](const OpCall& call) { return Cost{.flop = forward(call).flop()}; },
};

const OpDef kMaxPoolGrad = {
    .name = "MaxPoolGrad",
    .summary =
        "(x, y, dy; MaxPool's attributes) -> dx: dy goes to the first largest value of the window "
        "in row-major order",
    .min_inputs = 3,
    .max_inputs = 3,
    .attributes = {"kernel_shape", "strides", "pads"},
    .infer = [](const OpCall& call) { return std::vector{f32(max_pool_grad(call).x)}; },
    .evaluate = evaluate_max_pool_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = max_pool_grad(call).flop()}; },
};

const OpDef kAveragePool = {
    .name = "AveragePool",
    .summary =
        "(x[N,C,...]; kernel_shape, strides, pads, count_include_pad = 0) -> y[N,C,...]: the mean "
        "of each window",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"kernel_shape", "strides", "pads", "count_include_pad"},
    .infer =
        [](const OpCall& call) {
          flag(call, "count_include_pad", false);
          return std::vector{f32(forward(call).y)};
        },
    .gradient = gradient_average_pool,
    .evaluate = evaluate_average_pool,
    .cost = [](const OpCall& call) { return Cost{.flop = forward(call).flop()}; },
};

const OpDef kAveragePoolGrad = {
    .name = "AveragePoolGrad",
    .summary = "(dy; AveragePool's attributes, input_shape) -> dx: gradient of AveragePool",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"kernel_shape", "strides", "pads", "count_include_pad", "input_shape"},
    .infer =
        [](const OpCall& call) {
          flag(call, "count_include_pad", false);
          return std::vector{f32(average_pool_grad(call).x)};
        },
    .evaluate = evaluate_average_pool_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = average_pool_grad(call).flop()}; },
};

const OpDef kGlobalAveragePool = {
    .name = "GlobalAveragePool",
    .summary = "(x[N,C,...]) -> y[N,C,1,...]: the mean over all spatial dimensions",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {},
    .infer = infer_global,
    .gradient = gradient_global,
    .evaluate = evaluate_global,
    .cost = [](const OpCall& call) { return Cost{.flop = double(num_elements(call.in(0)))}; },
};

}  // namespace dojo::ops
