// Cast: to another number format.
#include <algorithm>
#include <cmath>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

Format target(const OpCall& call) {
  const std::string to = call.text("to");
  const std::optional<Format> format = parse_format(to);
  if (!format) bad("unknown format \"" + to + "\"", kFormatHint);
  return *format;
}

std::vector<Type> infer(const OpCall& call) { return {{target(call), call.in(0)}}; }

// Of values outside of the range ONNX leaves floats open and wraps integers round; here both become
// the nearest end of it, and NaN becomes 0.
double to_integer(double x, double low, double high) {
  return std::isnan(x) ? 0 : std::clamp(std::trunc(x), low, high);
}

void evaluate(const OpCall& call, Inputs inputs, Outputs outputs) {
  for (size_t i = 0; i < outputs[0].data.size(); ++i) {
    const double x = inputs[0]->data[i];
    switch (outputs[0].type.format) {
      case Format::kF32:
      case Format::kBF16:
        outputs[0].data[i] = x;  // rounded when it is stored, as every result
        break;
      case Format::kI32:
        outputs[0].data[i] = to_integer(x, INT32_MIN, INT32_MAX);
        break;
      case Format::kU8:
        outputs[0].data[i] = to_integer(x, 0, UINT8_MAX);
        break;
    }
  }
}

// Of a floating format: nothing flows through an integer. What is rounded on the way forward is
// rounded on the way back.
std::vector<ValueId> gradient(Builder& b, const Node& node, Gradients dy, const Wanted&) {
  if (b.type(node.outputs[0]).format != Format::kBF16) return {dy[0]};
  return {b.op("Cast", {b.op("Cast", {dy[0]}, {{"to", "bf16"}})}, {{"to", "f32"}})};
}

}  // namespace

const OpDef kCast{.name = "Cast",
                  .summary =
                      "(x; to f32|bf16|i32|u8) -> y: another format; to bf16 it rounds to nearest, "
                      "ties to even, and its gradient is rounded to bf16 too; to an integer it "
                      "rounds towards zero, limits to the range, and takes NaN as 0",
                  .min_inputs = 1,
                  .max_inputs = 1,
                  .attributes = {"to"},
                  .infer = infer,
                  .gradient = gradient,
                  .evaluate = evaluate};

}  // namespace dojo::ops
