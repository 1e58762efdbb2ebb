// Bilinear sampling at given places, its two gradients, and the grid of an affine map. Places are
// normalised: -1 and 1 are the centres of the first and last pixel (align_corners = 1) or the outer
// edges of the image (0).
#include <cmath>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

struct Geometry {
  Shape x, grid, y;  // [N,C,H,W], [N,Ho,Wo,2] (x before y), [N,C,Ho,Wo]
  bool border = false, align_corners = false;

  static Geometry read(const OpCall& call, const Shape& x, const Shape& grid) {
    Geometry g{x,
               grid,
               {},
               choice(call, "padding_mode", {"zeros", "border"}) == "border",
               flag(call, "align_corners", false)};
    choice(call, "mode", {"linear"});
    if (grid[3] != 2)
      bad(fmt::format("the last dimension of grid must be 2 (x, y), seen {}", to_string(grid)));
    if (grid[0] != x[0])
      bad(fmt::format("x {} and grid {} must have the same N", to_string(x), to_string(grid)));
    g.y = {x[0], x[1], grid[1], grid[2]};
    return g;
  }
  double flop(double per_value) const { return per_value * double(num_elements(y)); }
};

Geometry forward(const OpCall& call) {
  return Geometry::read(call, f32_operand(call, 0, "x", 4, 4), f32_operand(call, 1, "grid", 4, 4));
}
Geometry input_grad(const OpCall& call) {
  Geometry g = Geometry::read(call, shape_attribute(call, "input_shape", 4, 4),
                              f32_operand(call, 1, "grid", 4, 4));
  expect_shape(call, 0, "dy", g.y);
  return g;
}
Geometry grid_grad(const OpCall& call) {
  Geometry g =
      Geometry::read(call, f32_operand(call, 1, "x", 4, 4), f32_operand(call, 2, "grid", 4, 4));
  expect_shape(call, 0, "dy", g.y);
  return g;
}

// One axis of a place: the pixel below it, how far it is on the way to the next one, and how the
// pixel coordinate changes with the normalised one.
struct Place {
  int64_t pixel = 0;
  double fraction = 0;
  double slope = 0;
};

// A coordinate that is not a number gives fraction NaN, so that what is sampled there is not a
// number either.
Place locate(double u, int64_t size, const Geometry& g) {
  double slope = (g.align_corners ? double(size - 1) : double(size)) / 2;
  double pixel = g.align_corners ? (u + 1) * slope : ((u + 1) * double(size) - 1) / 2;
  if (std::isnan(pixel)) return {0, pixel, slope};
  if (g.border) {  // as in PyTorch, the gradient is 0 at the clipping points too
    if (pixel <= 0) pixel = slope = 0;
    if (pixel >= double(size - 1)) pixel = double(size - 1), slope = 0;
  }
  if (pixel < -1 || pixel > double(size)) return {-2, 0, 0};  // zeros: no neighbour inside
  const double below = std::floor(pixel);
  return {int64_t(below), pixel - below, slope};
}

// Calls f(y index of channel 0, x index of channel 0, weight, d weight / d u, d weight / d v, grid
// index) for each pixel inside the image that a place (u, v) touches. The value there is the sum of
// weight * pixel.
template <class F>
void for_each_tap(const Geometry& g, const std::vector<double>& grid, F f) {
  const int64_t height = g.x[2], width = g.x[3], places = g.y[2] * g.y[3];
  for (int64_t n = 0; n < g.x[0]; ++n)
    for (int64_t p = 0; p < places; ++p) {
      const int64_t at = (n * places + p) * 2;
      const Place u = locate(grid[at], width, g), v = locate(grid[at + 1], height, g);
      for (int64_t j = 0; j < 2; ++j)
        for (int64_t i = 0; i < 2; ++i) {
          const int64_t row = v.pixel + j, column = u.pixel + i;
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          const double wu = i ? u.fraction : 1 - u.fraction, wv = j ? v.fraction : 1 - v.fraction;
          f(n * g.x[1] * places + p, n * g.x[1] * height * width + row * width + column, wu * wv,
            (i ? u.slope : -u.slope) * wv, (j ? v.slope : -v.slope) * wu, at);
        }
    }
}

void evaluate_grid_sample(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = forward(call);
  const int64_t space = g.x[2] * g.x[3], places = g.y[2] * g.y[3];
  for_each_tap(g, in[1]->data, [&](int64_t y0, int64_t x0, double weight, double, double, int64_t) {
    for (int64_t c = 0; c < g.x[1]; ++c)
      out[0].data[y0 + c * places] += weight * in[0]->data[x0 + c * space];
  });
}

void evaluate_input_grad(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = input_grad(call);
  const int64_t space = g.x[2] * g.x[3], places = g.y[2] * g.y[3];
  for_each_tap(g, in[1]->data, [&](int64_t y0, int64_t x0, double weight, double, double, int64_t) {
    for (int64_t c = 0; c < g.x[1]; ++c)
      out[0].data[x0 + c * space] += weight * in[0]->data[y0 + c * places];
  });
}

void evaluate_grid_grad(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = grid_grad(call);
  const int64_t space = g.x[2] * g.x[3], places = g.y[2] * g.y[3];
  for_each_tap(
      g, in[2]->data, [&](int64_t y0, int64_t x0, double, double du, double dv, int64_t at) {
        for (int64_t c = 0; c < g.x[1]; ++c) {
          const double product = in[0]->data[y0 + c * places] * in[1]->data[x0 + c * space];
          out[0].data[at] += product * du;
          out[0].data[at + 1] += product * dv;
        }
      });
}

std::vector<ValueId> gradient_grid_sample(Builder& b, const Node& node, Gradients dy,
                                          const Wanted& wanted) {
  std::vector<ValueId> result(2, kNoValue);
  if (wanted[0]) {
    const Attributes attributes = with(node.attributes, "input_shape", b.shape(node.inputs[0]));
    result[0] = b.op("GridSampleInputGrad", {dy[0], node.inputs[1]}, attributes);
  }
  if (wanted[1])
    result[1] =
        b.op("GridSampleGridGrad", {dy[0], node.inputs[0], node.inputs[1]}, node.attributes);
  return result;
}

// ---- AffineGrid

Shape affine_size(const OpCall& call) {
  Shape size = shape_attribute(call, "size", 4, 4);
  expect_shape(call, 0, "theta", {size[0], 2, 3});
  flag(call, "align_corners", false);
  return size;
}

std::vector<Type> infer_affine_grid(const OpCall& call) {
  const Shape size = affine_size(call);
  return {f32({size[0], size[2], size[3], 2})};
}

// The normalised coordinate of pixel i of n.
double centre(int64_t i, int64_t n, bool align_corners) {
  if (align_corners) return n > 1 ? 2.0 * double(i) / double(n - 1) - 1 : 0;
  return (2.0 * double(i) + 1) / double(n) - 1;
}

void evaluate_affine_grid(const OpCall& call, Inputs in, Outputs out) {
  const Shape size = affine_size(call);
  const bool align_corners = flag(call, "align_corners", false);
  size_t at = 0;
  for (int64_t n = 0; n < size[0]; ++n)
    for (int64_t row = 0; row < size[2]; ++row)
      for (int64_t column = 0; column < size[3]; ++column)
        for (int64_t k = 0; k < 2; ++k) {
          const double* t = &in[0]->data[(n * 2 + k) * 3];
          out[0].data[at++] = t[0] * centre(column, size[3], align_corners) +
                              t[1] * centre(row, size[2], align_corners) + t[2];
        }
}

// The grid is base * theta^T, where base [H*W,3] has rows (x, y, 1), so d theta = d grid^T * base.
// The base itself is made by AffineGrid from two constant maps.
std::vector<ValueId> gradient_affine_grid(Builder& b, const Node& node, Gradients dy,
                                          const Wanted& wanted) {
  if (!wanted[0]) return {kNoValue};
  const Shape grid = b.shape(dy[0]);
  const int64_t places = grid[1] * grid[2];
  const auto map = [&](std::vector<double> theta) {
    const Attributes attributes = with(node.attributes, "size", Shape{1, 1, grid[1], grid[2]});
    return b.reshape(b.op("AffineGrid", {b.constant(Shape{1, 2, 3}, std::move(theta))}, attributes),
                     {places, 2});
  };
  const ValueId base =
      b.concat({map({1, 0, 0, 0, 1, 0}), b.slice(map({0, 0, 1, 0, 0, 1}), 1, 0, 1)}, 1);
  const ValueId dgrid = b.transpose(b.reshape(dy[0], {grid[0], places, 2}), {0, 2, 1});
  return {b.op("MatMul", {dgrid, base})};
}

}  // namespace

const OpDef kGridSample = {
    .name = "GridSample",
    .summary =
        "(x[N,C,H,W], grid[N,Ho,Wo,2]; mode linear, padding_mode zeros|border, align_corners = 0) "
        "-> y[N,C,Ho,Wo]: x at the "
        "places (x, y) of grid, -1 to 1 over the image",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"mode", "padding_mode", "align_corners"},
    .infer = [](const OpCall& call) { return std::vector{f32(forward(call).y)}; },
    .gradient = gradient_grid_sample,
    .evaluate = evaluate_grid_sample,
    .cost = [](const OpCall& call) { return Cost{.flop = forward(call).flop(8)}; },
};

const OpDef kGridSampleInputGrad = {
    .name = "GridSampleInputGrad",
    .summary =
        "(dy, grid; GridSample's attributes, input_shape) -> dx: gradient of GridSample with "
        "respect to x",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"mode", "padding_mode", "align_corners", "input_shape"},
    .infer = [](const OpCall& call) { return std::vector{f32(input_grad(call).x)}; },
    .evaluate = evaluate_input_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = input_grad(call).flop(8)}; },
};

const OpDef kGridSampleGridGrad = {
    .name = "GridSampleGridGrad",
    .summary =
        "(dy, x, grid; GridSample's attributes) -> dgrid: gradient of GridSample with respect to "
        "grid; 0 where border clips",
    .min_inputs = 3,
    .max_inputs = 3,
    .attributes = {"mode", "padding_mode", "align_corners"},
    .infer = [](const OpCall& call) { return std::vector{f32(grid_grad(call).grid)}; },
    .evaluate = evaluate_grid_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = grid_grad(call).flop(20)}; },
};

const OpDef kAffineGrid = {
    .name = "AffineGrid",
    .summary =
        "(theta[N,2,3]; size = [N,C,H,W], align_corners = 0) -> grid[N,H,W,2]: theta * (x, y, 1) "
        "of each pixel of the output",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"size", "align_corners"},
    .infer = infer_affine_grid,
    .gradient = gradient_affine_grid,
    .evaluate = evaluate_affine_grid,
    .cost =
        [](const OpCall& call) { return Cost{.flop = 4.0 * double(num_elements(call.out(0)))}; },
};

}  // namespace dojo::ops
