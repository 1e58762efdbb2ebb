#include "dojo/sim/values/vector_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "dojo/base/check.h"

namespace dojo::sim {
namespace {

using program::VectorOp;

constexpr uint32_t kSign = 0x80000000u, kNan = 0x7fc00000u;
constexpr int64_t kLanes = 16;  // of f32 in a register of 64 bytes

float with_bits(float x, uint32_t and_mask, uint32_t xor_mask) {
  return std::bit_cast<float>((std::bit_cast<uint32_t>(x) & and_mask) ^ xor_mask);
}

// A NaN that an operation makes has one code, whatever processor this runs on.
float canonical(float x) { return std::isnan(x) ? std::bit_cast<float>(kNan) : x; }

float larger(float a, float b) { return a > b || std::isnan(a) ? a : b; }
float smaller(float a, float b) { return a < b || std::isnan(a) ? a : b; }

// Of the C library's double functions, rounded once more.
template <typename Fn>
float through_double(Fn fn, float x) {
  return static_cast<float>(fn(static_cast<double>(x)));
}

// Whether it gives only what an operand has, perhaps with another sign.
bool only_chooses(VectorOp op) {
  return op == VectorOp::kMove || op == VectorOp::kNegate || op == VectorOp::kAbs ||
         op == VectorOp::kMax || op == VectorOp::kMin || op == VectorOp::kSelect;
}

float one(VectorOp op, float a) {
  switch (op) {
    case VectorOp::kMove:
      return a;
    case VectorOp::kNegate:
      return with_bits(a, ~0u, kSign);
    case VectorOp::kAbs:
      return with_bits(a, ~kSign, 0);
    case VectorOp::kExp:
      return through_double([](double x) { return std::exp(x); }, a);
    case VectorOp::kLog:
      return through_double([](double x) { return std::log(x); }, a);
    case VectorOp::kSqrt:
      return std::sqrt(a);
    case VectorOp::kRsqrt:
      return through_double([](double x) { return 1.0 / std::sqrt(x); }, a);
    case VectorOp::kReciprocal:
      return 1.0f / a;
    case VectorOp::kTanh:
      return through_double([](double x) { return std::tanh(x); }, a);
    case VectorOp::kErf:
      return through_double([](double x) { return std::erf(x); }, a);
    default:
      break;
  }
  DOJO_CHECK(false && "an operation of one operand");
  return 0;
}

float two(VectorOp op, float a, float b) {
  switch (op) {
    case VectorOp::kAdd:
      return a + b;
    case VectorOp::kSubtract:
      return a - b;
    case VectorOp::kMultiply:
      return a * b;
    case VectorOp::kDivide:
      return a / b;
    case VectorOp::kMax:
      return larger(a, b);
    case VectorOp::kMin:
      return smaller(a, b);
    case VectorOp::kGreater:
      return a > b ? 1.0f : 0.0f;
    case VectorOp::kGreaterEqual:
      return a >= b ? 1.0f : 0.0f;
    case VectorOp::kEqual:
      return a == b ? 1.0f : 0.0f;
    default:
      break;
  }
  DOJO_CHECK(false && "an operation of two operands");
  return 0;
}

float three(VectorOp op, float a, float b, float c) {
  return op == VectorOp::kMultiplyAdd ? std::fma(a, b, c) : a != 0.0f ? b : c;
}

struct Sum {
  static constexpr float kNothing = 0.0f;
  float operator()(float a, float b) const { return canonical(a + b); }
};
struct Largest {
  static constexpr float kNothing = -std::numeric_limits<float>::infinity();
  float operator()(float a, float b) const { return larger(a, b); }
};

template <typename Join>
void reduce_rows(const float* a, int64_t count, int64_t results, float* d) {
  for (int64_t j = 0; j < results; ++j) {
    float all = count > 0 ? a[j] : Join::kNothing;
    for (int64_t i = j + results; i < count; i += results) all = Join()(all, a[i]);
    d[j] = all;
  }
}

template <typename Join>
void reduce_lanes(const float* a, int64_t count, int64_t results, float* d) {
  const int64_t r = count / results;
  for (int64_t j = 0; j < results; ++j, a += r) {
    float lanes[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) {
      lanes[l] = l < r ? a[l] : Join::kNothing;
      for (int64_t i = l + kLanes; i < r; i += kLanes) lanes[l] = Join()(lanes[l], a[i]);
    }
    for (int64_t half = kLanes / 2; half > 0; half /= 2)
      for (int64_t l = 0; l < half; ++l) lanes[l] = Join()(lanes[l], lanes[l + half]);
    d[j] = lanes[0];
  }
}

}  // namespace

void apply(VectorOp op, std::span<const float* const> operands, int64_t count, float* result) {
  for (int64_t i = 0; i < count; ++i)
    result[i] = operands.size() == 1   ? one(op, operands[0][i])
                : operands.size() == 2 ? two(op, operands[0][i], operands[1][i])
                                       : three(op, operands[0][i], operands[1][i], operands[2][i]);
  if (!only_chooses(op)) std::transform(result, result + count, result, canonical);
}

void reduce(VectorOp op, const float* operand, int64_t count, int64_t results, float* result) {
  switch (op) {
    case VectorOp::kSumRows:
      return reduce_rows<Sum>(operand, count, results, result);
    case VectorOp::kSumLanes:
      return reduce_lanes<Sum>(operand, count, results, result);
    case VectorOp::kMaxRows:
      return reduce_rows<Largest>(operand, count, results, result);
    default:
      return reduce_lanes<Largest>(operand, count, results, result);
  }
}

}  // namespace dojo::sim
