// DepthToSpace and its inverse: blocks of channels become blocks of pixels. Each is the other's
// gradient.
#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

struct Geometry {
  Shape deep, wide;  // [N,C*b*b,H,W] and [N,C,H*b,W*b]
  int64_t block = 0;
  bool crd = false;  // channel = c*b*b + i*b + j (PyTorch's pixel_shuffle), else (i*b + j)*C + c

  template <class F>
  void for_each(F f) const {  // f(index in deep, index in wide)
    const int64_t channels = wide[1], height = deep[2], width = deep[3];
    int64_t at = 0;
    for (int64_t n = 0; n < wide[0]; ++n)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t row = 0; row < wide[2]; ++row)
          for (int64_t column = 0; column < wide[3]; ++column) {
            const int64_t within = row % block * block + column % block;
            const int64_t channel = crd ? c * block * block + within : within * channels + c;
            f(((n * deep[1] + channel) * height + row / block) * width + column / block, at++);
          }
  }
};

int64_t block_of(const OpCall& call) {
  const int64_t block = call.integer("blocksize");
  if (block < 1 || block > 1024) bad(fmt::format("blocksize must be in 1 .. 1024, seen {}", block));
  return block;
}

Geometry to_space(const OpCall& call) {
  const Shape& x = f32_operand(call, 0, "x", 4, 4);
  const int64_t b = block_of(call);
  if (x[1] % (b * b) != 0)
    bad(fmt::format("blocksize {} needs channels divisible by {}, x is {}", b, b * b,
                    to_string(x)));
  return {x,
          {x[0], x[1] / (b * b), x[2] * b, x[3] * b},
          b,
          choice(call, "mode", {"DCR", "CRD"}) == "CRD"};
}

Geometry to_depth(const OpCall& call) {
  const Shape& x = f32_operand(call, 0, "x", 4, 4);
  const int64_t b = block_of(call);
  if (x[2] % b != 0 || x[3] % b != 0)
    bad(fmt::format("blocksize {} must divide height and width of x {}", b, to_string(x)));
  return {{x[0], x[1] * b * b, x[2] / b, x[3] / b},
          x,
          b,
          choice(call, "mode", {"DCR", "CRD"}) == "CRD"};
}

void evaluate_to_space(const OpCall& call, Inputs in, Outputs out) {
  to_space(call).for_each(
      [&](int64_t deep, int64_t wide) { out[0].data[size_t(wide)] = in[0]->data[size_t(deep)]; });
}

void evaluate_to_depth(const OpCall& call, Inputs in, Outputs out) {
  to_depth(call).for_each(
      [&](int64_t deep, int64_t wide) { out[0].data[size_t(deep)] = in[0]->data[size_t(wide)]; });
}

std::vector<ValueId> gradient_to_space(Builder& b, const Node& node, Gradients dy,
                                       const Wanted& wanted) {
  return {wanted[0] ? b.op("SpaceToDepth", {dy[0]}, node.attributes) : kNoValue};
}

std::vector<ValueId> gradient_to_depth(Builder& b, const Node& node, Gradients dy,
                                       const Wanted& wanted) {
  return {wanted[0] ? b.op("DepthToSpace", {dy[0]}, node.attributes) : kNoValue};
}

}  // namespace

const OpDef kDepthToSpace = {
    .name = "DepthToSpace",
    .summary =
        "(x[N,C*b*b,H,W]; blocksize = b, mode DCR|CRD) -> y[N,C,H*b,W*b]; CRD is PyTorch's "
        "pixel_shuffle",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"blocksize", "mode"},
    .infer = [](const OpCall& call) { return std::vector{f32(to_space(call).wide)}; },
    .gradient = gradient_to_space,
    .evaluate = evaluate_to_space,
    .cost = [](const OpCall&) { return Cost{}; },
};

const OpDef kSpaceToDepth = {
    .name = "SpaceToDepth",
    .summary =
        "(x[N,C,H*b,W*b]; blocksize = b, mode DCR|CRD) -> y[N,C*b*b,H,W]: the inverse of "
        "DepthToSpace; ONNX has DCR only",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"blocksize", "mode"},
    .infer = [](const OpCall& call) { return std::vector{f32(to_depth(call).deep)}; },
    .gradient = gradient_to_depth,
    .evaluate = evaluate_to_depth,
    .cost = [](const OpCall&) { return Cost{}; },
};

}  // namespace dojo::ops
