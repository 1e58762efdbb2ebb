#include "dojo/program/argument.h"

#include <algorithm>

#include "dojo/base/check.h"

namespace dojo::program {
namespace {

using Op = ArgumentStep::Op;

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::optional<int64_t> apply(Op op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSubtract:
      return a - b;
    case Op::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) return {};
      return result;
    case Op::kDivide:
      if (b < 1) return {};
      return floor_divide(a, b);
    case Op::kRemainder:
      if (b < 1) return {};
      return a - b * floor_divide(a, b);
    case Op::kMin:
      return std::min(a, b);
    case Op::kMax:
      return std::max(a, b);
    case Op::kConstant:
    case Op::kVariable:
      break;
  }
  return {};
}

}  // namespace

std::optional<int64_t> evaluate(std::span<const ArgumentStep> steps, const Frame& frame) {
  DOJO_CHECK_LE(steps.size(), kMaxArgumentSteps);
  std::array<int64_t, kMaxArgumentSteps> stack;
  size_t size = 0;
  for (const ArgumentStep& step : steps) {
    if (step.op == Op::kConstant) {
      stack[size++] = step.value;
    } else if (step.op == Op::kVariable) {
      stack[size++] = frame[static_cast<size_t>(step.value)];
    } else {
      DOJO_CHECK_LE(2u, size);
      const auto result = apply(step.op, stack[size - 2], stack[size - 1]);
      if (!result || *result > kMaxConstant || *result < -kMaxConstant) return {};
      stack[--size - 1] = *result;
    }
  }
  DOJO_CHECK_EQ(size, 1u);
  if (stack[0] > kMaxValue || stack[0] < -kMaxValue) return {};
  return stack[0];
}

}  // namespace dojo::program
