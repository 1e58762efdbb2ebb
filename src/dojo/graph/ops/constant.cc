// Constant: numbers written in the graph; one number fills the shape.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "dojo/graph/ops/util.h"

namespace dojo::ops {
namespace {

std::vector<double> values_of(const OpCall& call) {
  const auto at = call.attributes.find("value");
  const bool is_list =
      at != call.attributes.end() && (std::holds_alternative<std::vector<double>>(at->second) ||
                                      std::holds_alternative<std::vector<int64_t>>(at->second));
  return is_list ? call.numbers("value") : std::vector<double>{call.number("value")};
}

std::vector<Type> infer(const OpCall& call) {
  const std::string format_name = call.text("format", "f32");
  const std::optional<Format> format = parse_format(format_name);
  if (!format) bad("unknown format \"" + format_name + "\"", kFormatHint);
  const Type type{*format, call.integers("shape", Shape{})};
  check_shape(type.shape);
  const std::vector<double> values = values_of(call);
  if (values.size() != 1 && std::ssize(values) != type.num_elements())
    bad(fmt::format("{} values for the shape {}", values.size(), to_string(type.shape)));
  const double low = *format == Format::kU8 ? 0 : INT32_MIN;
  const double high = *format == Format::kU8 ? UINT8_MAX : INT32_MAX;
  if (*format == Format::kBF16)
    for (double x : values)
      if (x != round_to(*format, x)) bad(fmt::format("the value {} is not in the format bf16", x));
  if (!is_floating(*format))
    for (double x : values)
      if (!(x >= low && x <= high && x == std::floor(x)))
        bad(fmt::format("the value {} is not in the format {}", x, format_name));
  if (*format == Format::kF32)
    for (double x : values)
      if (std::isfinite(x) && std::abs(x) > static_cast<double>(std::numeric_limits<float>::max()))
        bad(fmt::format("the value {} is beyond f32", x));
  return {type};
}

void evaluate(const OpCall& call, Inputs, Outputs outputs) {
  const std::vector<double> values = values_of(call);
  for (size_t i = 0; i < outputs[0].data.size(); ++i)
    outputs[0].data[i] = values[values.size() == 1 ? 0 : i];
}

}  // namespace

const OpDef kConstant{
    .name = "Constant",
    .summary =
        "(; value NUMBER|[NUMBERS], shape = [], format f32|bf16|i32|u8) -> y: the values, "
        "row-major; one number fills the shape",
    .attributes = {"format", "shape", "value"},
    .infer = infer,
    .evaluate = evaluate};

}  // namespace dojo::ops
