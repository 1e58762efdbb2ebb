// How well each pixel of one image matches the neighbourhood of the same place in another: the
// local cost volume of optical-flow networks (PWC-Net, Sun et al. 2018, with absolute differences).
// Not in ONNX; there it would be Pad, Slice, Sub, Abs and ReduceMean for each of the (2r+1)^2
// shifts, which an executor would have to recognise to be fast.
#include <algorithm>
#include <cmath>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

struct Geometry {
  Shape image, volume;  // [N,C,H,W], [N,(2r+1)^2,H,W]
  int64_t radius = 1;

  // `first`: where the operands a and b stand.
  static Geometry read(const OpCall& call, size_t first) {
    Geometry g;
    g.image = f32_operand(call, first, "a", 4, 4);
    expect_shape(call, first + 1, "b", g.image);
    g.radius = call.integer("radius", 1);
    if (g.radius < 0 || g.radius > 16)
      bad(fmt::format("radius must be in [0, 16], seen {}", g.radius));
    g.volume = {g.image[0], (2 * g.radius + 1) * (2 * g.radius + 1), g.image[2], g.image[3]};
    return g;
  }
};

Geometry backward(const OpCall& call) {
  Geometry g = Geometry::read(call, 1);
  expect_shape(call, 0, "dy", g.volume);
  return g;
}

// Calls f(index in the volume, index in a, index in b) for every shift, pixel and channel.
template <class F>
void for_each_pair(const Geometry& g, F f) {
  const int64_t channels = g.image[1], height = g.image[2], width = g.image[3];
  const int64_t side = 2 * g.radius + 1, shifts = side * side;
  for (int64_t n = 0; n < g.image[0]; ++n)
    for (int64_t s = 0; s < shifts; ++s)
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          for (int64_t c = 0; c < channels; ++c) {
            const int64_t row = std::clamp<int64_t>(y + s / side - g.radius, 0, height - 1);
            const int64_t column = std::clamp<int64_t>(x + s % side - g.radius, 0, width - 1);
            const int64_t plane = (n * channels + c) * height;
            f(((n * shifts + s) * height + y) * width + x, (plane + y) * width + x,
              (plane + row) * width + column);
          }
}

void evaluate(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = Geometry::read(call, 0);
  const double scale = 1 / double(g.image[1]);
  for_each_pair(g, [&](int64_t v, int64_t a, int64_t b) {
    out[0].data[v] += scale * std::abs(in[0]->data[a] - in[1]->data[b]);
  });
}

void evaluate_grad(const OpCall& call, Inputs in, Outputs out) {
  const Geometry g = backward(call);
  const double scale = 1 / double(g.image[1]);
  for_each_pair(g, [&](int64_t v, int64_t a, int64_t b) {
    const double difference = in[1]->data[a] - in[2]->data[b];
    const double sign = difference > 0 ? 1 : difference < 0 ? -1 : 0;
    out[0].data[a] += scale * sign * in[0]->data[v];
    out[1].data[b] -= scale * sign * in[0]->data[v];
  });
}

double work(const Geometry& g) { return double(num_elements(g.volume)) * double(g.image[1]); }

}  // namespace

const OpDef kCostVolume = {
    .name = "CostVolume",
    .summary =
        "(a[N,C,H,W], b[N,C,H,W]; radius = 1) -> y[N,(2r+1)^2,H,W]: mean over channels of |a(p) - "
        "b(p + d)| for each shift d in "
        "[-r,r]^2, row by row; b repeats its border. Not in ONNX",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"radius"},
    .infer = [](const OpCall& call) { return std::vector{f32(Geometry::read(call, 0).volume)}; },
    .gradient =
        [](Builder& b, const Node& node, Gradients dy, const Wanted&) {
          return b.op_multi("CostVolumeGrad", {dy[0], node.inputs[0], node.inputs[1]},
                            node.attributes);
        },
    .evaluate = evaluate,
    .cost = [](const OpCall& call) { return Cost{.flop = 3 * work(Geometry::read(call, 0))}; },
};

const OpDef kCostVolumeGrad = {
    .name = "CostVolumeGrad",
    .summary =
        "(dy, a, b; radius = 1) -> da, db: gradient of CostVolume; 0 where a and b are equal",
    .min_inputs = 3,
    .max_inputs = 3,
    .attributes = {"radius"},
    .infer =
        [](const OpCall& call) {
          const Geometry g = backward(call);
          return std::vector{f32(g.image), f32(g.image)};
        },
    .evaluate = evaluate_grad,
    .cost = [](const OpCall& call) { return Cost{.flop = 5 * work(backward(call))}; },
};

}  // namespace dojo::ops
