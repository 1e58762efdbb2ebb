// Fused elementwise arithmetic: a short program over arrays, evaluated block by block, so that
// intermediate values stay in the first-level cache. One ElementwiseKernel replaces a chain of Add,
// Mul, Gelu ... nodes and reads each operand once.
//
//   // y[N,H,W,C] = relu(x[N,H,W,C] * scale[C] + 0.5), and the sum of y
//   Elementwise e{.dims = {N, H, W, C},
//                 .inputs = {full_strides(dims), broadcast_strides({C}, dims)},
//                 .code = {{Ew::kMul, 0, 1}, {Ew::kAdd, 2, kImmediate, 0, 0.5f}, {Ew::kRelu, 3}},
//                 .outputs = {{4, full_strides(dims)}},
//                 .sums = {{4}}};
//   ElementwiseKernel kernel(e);          // once
//   kernel.run({x, scale}, {y}, {&sum});  // each step; const, thread-safe, uses parallel_for
//
// Sums have a fixed order that depends on the number of elements only, not on the number of
// threads.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
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

using Strides =
    std::vector<int64_t>;  // in elements, one for each dimension of the iteration space; 0 repeats

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

class ElementwiseKernel {
 public:
  explicit ElementwiseKernel(const Elementwise& program);

  // An output may be the same memory as an input with the same strides; any other overlap is wrong.
  // `sums[i]` gets sum i.
  void run(std::span<const float* const> inputs, std::span<float* const> outputs,
           std::span<float* const> sums = {}) const;
  void run(std::initializer_list<const float*> inputs, std::initializer_list<float*> outputs,
           std::initializer_list<float*> sums = {}) const;

  // What the constructor makes of the program: each operand's strides as the fewest dimensions that
  // walk it, and instructions on the slots of a block buffer. Input i has slot i.
  struct Walk {
    struct Level {
      int64_t size = 0, stride = 0;
    };
    std::vector<Level> levels;  // outermost first, at least one
  };
  struct Step {
    Ew op;
    int16_t dst, a, b, c;
  };
  struct Store {
    int16_t slot;
    Walk walk;
  };
  struct Plan {
    int64_t size = 0;
    int num_slots = 0;
    std::vector<Walk> inputs;
    std::vector<std::pair<int16_t, float>> constants;
    std::vector<Step> steps;
    std::vector<Store> outputs;
    int direct_output =
        -1;  // the last step's result is output i, contiguous: it is written there at once
    std::vector<int16_t> sum_slots;
    std::vector<Elementwise::Reduction> sums;
  };

 private:
  Plan plan_;
};

}  // namespace dojo::kernels
