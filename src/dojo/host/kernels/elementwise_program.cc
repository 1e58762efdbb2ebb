#include "dojo/host/kernels/elementwise_program.h"

#include "dojo/base/check.h"

namespace dojo::kernels {
namespace {

struct OpInfo {
  Ew op;
  std::string_view name;
  int operands;
};
constexpr OpInfo kOps[] = {{Ew::kCopy, "Copy", 1},
                           {Ew::kNeg, "Neg", 1},
                           {Ew::kAbs, "Abs", 1},
                           {Ew::kSign, "Sign", 1},
                           {Ew::kSqrt, "Sqrt", 1},
                           {Ew::kReciprocal, "Reciprocal", 1},
                           {Ew::kSquare, "Square", 1},
                           {Ew::kExp, "Exp", 1},
                           {Ew::kLog, "Log", 1},
                           {Ew::kTanh, "Tanh", 1},
                           {Ew::kSigmoid, "Sigmoid", 1},
                           {Ew::kErf, "Erf", 1},
                           {Ew::kRelu, "Relu", 1},
                           {Ew::kGelu, "Gelu", 1},
                           {Ew::kGeluTanh, "GeluTanh", 1},
                           {Ew::kSilu, "Silu", 1},
                           {Ew::kSoftplus, "Softplus", 1},
                           {Ew::kFloor, "Floor", 1},
                           {Ew::kCeil, "Ceil", 1},
                           {Ew::kRound, "Round", 1},
                           {Ew::kSin, "Sin", 1},
                           {Ew::kCos, "Cos", 1},
                           {Ew::kNot, "Not", 1},
                           {Ew::kIsFinite, "IsFinite", 1},
                           {Ew::kRoundBf16, "RoundBf16", 1},
                           {Ew::kGeluSlope, "GeluSlope", 1},
                           {Ew::kGeluTanhSlope, "GeluTanhSlope", 1},
                           {Ew::kAdd, "Add", 2},
                           {Ew::kSub, "Sub", 2},
                           {Ew::kMul, "Mul", 2},
                           {Ew::kDiv, "Div", 2},
                           {Ew::kMin, "Min", 2},
                           {Ew::kMax, "Max", 2},
                           {Ew::kPow, "Pow", 2},
                           {Ew::kEqual, "Equal", 2},
                           {Ew::kLess, "Less", 2},
                           {Ew::kLessOrEqual, "LessOrEqual", 2},
                           {Ew::kGreater, "Greater", 2},
                           {Ew::kGreaterOrEqual, "GreaterOrEqual", 2},
                           {Ew::kAnd, "And", 2},
                           {Ew::kOr, "Or", 2},
                           {Ew::kReluGrad, "ReluGrad", 2},
                           {Ew::kGeluGrad, "GeluGrad", 2},
                           {Ew::kGeluTanhGrad, "GeluTanhGrad", 2},
                           {Ew::kSigmoidGrad, "SigmoidGrad", 2},
                           {Ew::kTanhGrad, "TanhGrad", 2},
                           {Ew::kMulAdd, "MulAdd", 3},
                           {Ew::kSelect, "Select", 3}};

const OpInfo& info(Ew op) {
  const OpInfo& found = kOps[static_cast<size_t>(op)];
  DOJO_CHECK(found.op == op);
  return found;
}

}  // namespace

int num_operands(Ew op) { return info(op).operands; }
std::string_view name(Ew op) { return info(op).name; }

Strides full_strides(std::span<const int64_t> dims) {
  return pitched_strides(dims, dims.empty() ? 1 : dims.back());
}

Strides pitched_strides(std::span<const int64_t> dims, int64_t pitch) {
  Strides strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;)
    strides[i - 1] = i + 1 == dims.size() ? pitch : strides[i] * dims[i];
  return strides;
}

Strides broadcast_strides(std::span<const int64_t> from, std::span<const int64_t> dims) {
  DOJO_CHECK_LE(from.size(), dims.size());
  Strides strides(dims.size(), 0);
  const Strides own = full_strides(from);
  const size_t skip = dims.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    DOJO_CHECK(from[i] == 1 || from[i] == dims[skip + i]);
    if (from[i] != 1) strides[skip + i] = own[i];
  }
  return strides;
}

}  // namespace dojo::kernels
