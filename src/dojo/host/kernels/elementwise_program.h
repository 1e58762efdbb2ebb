// What a fused elementwise kernel computes, written down: a short list of instructions over arrays
// that are walked together. elementwise.h runs it.
//
//   // y[N,H,W,C] = relu(x[N,H,W,C] * scale[C] + 0.5), and the sum of y
//   Elementwise e{.dims = {N, H, W, C},
//                 .inputs = {full_strides(dims), broadcast_strides({C}, dims)},
//                 .code = {{Ew::kMul, 0, 1}, {Ew::kAdd, 2, kImmediate, 0, 0.5f}, {Ew::kRelu, 3}},
//                 .outputs = {{4, full_strides(dims)}},
//                 .sums = {{4}}};
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dojo::kernels {

enum class Ew : uint8_t {
  // one operand
  kCopy,
  kNeg,
  kAbs,
  kSign,
  kSqrt,
  kReciprocal,
  kSquare,
  kExp,
  kLog,
  kTanh,
  kSigmoid,
  kErf,
  kRelu,
  kGelu,
  kGeluTanh,
  kSilu,
  kSoftplus,
  kFloor,
  kCeil,
  kRound,
  kSin,
  kCos,
  kNot,
  kIsFinite,
  kRoundBf16,  // to the nearest number of bf16, ties to even: numerics/bf16.h, bit for bit
  kGeluSlope,
  kGeluTanhSlope,  // the derivative at a
  // two operands
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMin,
  kMax,
  kPow,
  kEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kAnd,
  kOr,
  kReluGrad,      // a > 0 ? b : 0      (a: argument or result of Relu, b: gradient of the result)
  kGeluGrad,      // b * gelu'(a)       (a: argument)
  kGeluTanhGrad,  // the same for the tanh form
  kSigmoidGrad,   // b * a * (1 - a)    (a: result of Sigmoid)
  kTanhGrad,      // b * (1 - a * a)    (a: result of Tanh)
  // three operands
  kMulAdd,  // a * b + c, rounded once
  kSelect,  // a != 0 ? b : c
};
// Comparisons, kNot, kAnd, kOr and kIsFinite give 1 or 0. kMin, kMax: NaN if an operand is NaN.
// kRound: half to even. Accuracy of exp, log, tanh, sigmoid, erf: relative error below 1e-6
// where the result is a normal number; of gelu and its slope: absolute error below
// 1e-6 * max(1, |a|).

int num_operands(Ew op);
std::string_view name(Ew op);  // "Add", "GeluGrad", ...

inline constexpr int16_t kImmediate = -1;

// Values are numbered: 0 ... inputs.size() - 1 are the inputs, then one for the result of each
// instruction in order.
struct Instruction {
  Ew op = Ew::kCopy;
  int16_t a = 0, b = 0, c = 0;  // value numbers, or kImmediate for `immediate`
  float immediate = 0;
};

// In elements, one for each dimension of the iteration space; 0 repeats.
using Strides = std::vector<int64_t>;

// One program. Every value that is not an output or a sum stays in the kernel.
struct Elementwise {
  struct Output {
    int value = 0;
    Strides strides;  // no zero but where the dimension is 1
  };
  enum class Sum : uint8_t { kSum, kSumOfSquares };
  struct Reduction {
    int value = 0;
    Sum kind = Sum::kSum;
    float scale = 1;  // 1 / n for a mean
  };

  std::vector<int64_t> dims;  // the iteration space, outermost first; empty for a scalar
  std::vector<Strides> inputs;
  std::vector<Instruction> code;
  std::vector<Output> outputs;
  std::vector<Reduction> sums;
};

// Row-major strides of an array with these dimensions; of its slice where `pitch` floats lie
// between rows of the last dimension.
Strides full_strides(std::span<const int64_t> dims);
Strides pitched_strides(std::span<const int64_t> dims, int64_t pitch);
// Strides that repeat an array of shape `from` over `dims` by the ONNX (numpy) rule. REQUIRES:
// `from` broadcasts to `dims`.
Strides broadcast_strides(std::span<const int64_t> from, std::span<const int64_t> dims);

}  // namespace dojo::kernels
