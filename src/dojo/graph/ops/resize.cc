// Resize of the two spatial dimensions of [N,C,H,W] and its gradient. Both walk over the same taps:
// y = sum weight * x.
#include <algorithm>
#include <cmath>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

struct Tap {
  int64_t from = 0;  // index in the input
  double weight = 0;
};

// For each output index along one axis the inputs that it is made of.
std::vector<std::vector<Tap>> taps(const OpCall& call, int64_t in, int64_t out) {
  const std::string mode = call.text("mode", "nearest");
  const std::string coordinates = call.text("coordinate_transformation_mode", "half_pixel");
  const bool floor = call.text("nearest_mode", "round_prefer_floor") == "floor";
  std::vector<std::vector<Tap>> result;
  for (int64_t i = 0; i < out; ++i) {
    double at = 0;
    if (coordinates == "half_pixel") at = (double(i) + 0.5) * double(in) / double(out) - 0.5;
    if (coordinates == "asymmetric") at = double(i) * double(in) / double(out);
    if (coordinates == "align_corners" && out > 1)
      at = double(i) * double(in - 1) / double(out - 1);
    at = std::clamp(at, 0.0, double(in - 1));
    if (mode == "nearest") {
      const int64_t nearest = int64_t(floor ? std::floor(at) : std::ceil(at - 0.5));
      result.push_back({{std::clamp<int64_t>(nearest, 0, in - 1), 1.0}});
    } else {
      const int64_t below = int64_t(std::floor(at));
      const double fraction = at - double(below);
      result.push_back({{below, 1 - fraction}, {std::min(below + 1, in - 1), fraction}});
    }
  }
  return result;
}

void check_modes(const OpCall& call) {
  choice(call, "mode", {"nearest", "linear"});
  choice(call, "coordinate_transformation_mode", {"half_pixel", "align_corners", "asymmetric"});
  choice(call, "nearest_mode", {"round_prefer_floor", "floor"});
}

// Calls f(y index, x index, weight) for each term.
template <class F>
void for_each_term(const OpCall& call, const Shape& x, const Shape& y, F f) {
  const auto rows = taps(call, x[2], y[2]), columns = taps(call, x[3], y[3]);
  for (int64_t plane = 0; plane < x[0] * x[1]; ++plane)
    for (int64_t row = 0; row < y[2]; ++row)
      for (int64_t column = 0; column < y[3]; ++column)
        for (const Tap& r : rows[size_t(row)])
          for (const Tap& c : columns[size_t(column)])
            f((plane * y[2] + row) * y[3] + column, (plane * x[2] + r.from) * x[3] + c.from,
              r.weight * c.weight);
}

std::vector<Type> infer_resize(const OpCall& call) {
  const Shape& x = f32_operand(call, 0, "x", 4, 4);
  const Shape sizes = shape_attribute(call, "sizes", 4, 4);
  if (sizes[0] != x[0] || sizes[1] != x[1]) {
    bad(fmt::format("sizes {} must keep N and C of x {}", to_string(sizes), to_string(x)));
  }
  check_modes(call);
  return {f32(sizes)};
}

std::vector<Type> infer_resize_grad(const OpCall& call) {
  const Shape& dy = f32_operand(call, 0, "dy", 4, 4);
  const Shape x = shape_attribute(call, "input_shape", 4, 4);
  if (dy[0] != x[0] || dy[1] != x[1]) {
    bad(fmt::format("input_shape {} must have N and C of dy {}", to_string(x), to_string(dy)));
  }
  check_modes(call);
  return {f32(x)};
}

void evaluate_resize(const OpCall& call, Inputs in, Outputs out) {
  for_each_term(call, in[0]->type.shape, out[0].type.shape,
                [&](int64_t y, int64_t x, double weight) {
                  out[0].data[size_t(y)] += weight * in[0]->data[size_t(x)];
                });
}

void evaluate_resize_grad(const OpCall& call, Inputs in, Outputs out) {
  for_each_term(call, out[0].type.shape, in[0]->type.shape,
                [&](int64_t y, int64_t x, double weight) {
                  out[0].data[size_t(x)] += weight * in[0]->data[size_t(y)];
                });
}

std::vector<ValueId> gradient_resize(Builder& b, const Node& node, Gradients dy,
                                     const Wanted& wanted) {
  if (!wanted[0]) return {kNoValue};
  Attributes attributes = with(node.attributes, "input_shape", b.shape(node.inputs[0]));
  attributes.erase("sizes");
  return {b.op("ResizeGrad", {dy[0]}, attributes)};
}

// Linear: four taps of a multiply-add for each value of the larger side; nearest copies.
double flop(const OpCall& call, const Shape& y) {
  return call.text("mode", "nearest") == "linear" ? 8.0 * double(num_elements(y)) : 0;
}

}  // namespace

const OpDef kResize = {
    .name = "Resize",
    .summary =
        "(x[N,C,H,W]; sizes = [N,C,h,w], mode nearest|linear, coordinate_transformation_mode "
        "half_pixel|align_corners|asymmetric, "
        "nearest_mode round_prefer_floor|floor) -> y[N,C,h,w]; no antialiasing",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"sizes", "mode", "coordinate_transformation_mode", "nearest_mode"},
    .infer = infer_resize,
    .gradient = gradient_resize,
    .evaluate = evaluate_resize,
    .cost = [](const OpCall& call) { return Cost{.flop = flop(call, call.out(0))}; },
};

const OpDef kResizeGrad = {
    .name = "ResizeGrad",
    .summary = "(dy; Resize's modes, input_shape) -> dx: gradient of Resize",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"input_shape", "mode", "coordinate_transformation_mode", "nearest_mode"},
    .infer = infer_resize_grad,
    .evaluate = evaluate_resize_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = flop(call, call.in(0))}; },
};

}  // namespace dojo::ops
