// Cases in bf16: the casts, and cases of other families with their f32 operands in bf16 where the
// op takes that.
#include <algorithm>
#include <string_view>

#include "dojo/graph/ops/op_cases.h"

namespace dojo {
namespace {

// Ops that only move values: one operand, or all of them.
constexpr std::string_view kMoving[] = {"Concat", "Expand",  "GatherND", "Identity",
                                        "Pad",    "Reshape", "Slice",    "Transpose"};
constexpr std::string_view kProducts[] = {"Conv", "ConvInputGrad", "ConvWeightGrad", "Gemm",
                                          "MatMul"};

template <size_t n>
bool is_one_of(std::string_view op, const std::string_view (&list)[n]) {
  return std::find(std::begin(list), std::end(list), op) != std::end(list);
}

}  // namespace

void add_bf16_cases(Random& random, std::vector<OpCase>& cases) {
  const size_t others = cases.size();
  for (size_t i = 0; i < others; ++i) {
    OpCase c = cases[i];
    const bool product = is_one_of(c.op, kProducts);
    if (!product && !is_one_of(c.op, kMoving)) continue;
    if (c.op == "Pad" && c.attributes.contains("value")) continue;  // in bf16 only with 0
    bool any = false;
    for (size_t k = 0; k < (product ? 2 : c.inputs.size()); ++k)
      if (Format& format = c.inputs[k].type.format; format == Format::kF32) {
        format = Format::kBF16;
        any = true;
      }
    if (any) cases.push_back(std::move(c));
  }
  const Shape shape = random_shape(random, 3);
  const auto cast = [&](Format from, double begin, double end, const char* to) {
    cases.push_back({"Cast", {{{from, shape}, begin, end}}, {{"to", to}}});
  };
  cast(Format::kF32, -3, 3, "bf16");
  cast(Format::kF32, -1e-38, 1e-38, "bf16");  // also subnormal numbers
  cast(Format::kBF16, -3, 3, "f32");
  cast(Format::kBF16, -3, 3, "bf16");
  cast(Format::kBF16, -300, 600, "u8");
  cast(Format::kBF16, -1e5, 1e5, "i32");
  cast(Format::kU8, 0, 256, "bf16");
  cast(Format::kI32, -1e9, 1e9, "bf16");  // numbers that f32 does not hold
  cases.push_back({"Constant", {}, {{"value", -0.0078125}, {"shape", shape}, {"format", "bf16"}}});
}

}  // namespace dojo
