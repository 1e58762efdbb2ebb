// The arithmetic of a node's matrix unit: each cycle an 8x4 and a 4x8 matrix of a narrow format are
// multiplied into 8x8 accumulators. A product of any size is made of these, 8 rows, 8 columns and 4
// products a step, so one accumulator of it is
//
//   acc = start;  for k in 0, 4, 8, ...:  acc += a[k] b[k] + a[k+1] b[k+1] + a[k+2] b[k+2] + a[k+3]
//   b[k+3]
//
// Products are exact. How the unit adds, and how wide its accumulators are, Tesla has not
// published; here it is a choice by name, and every choice fixes each bit of the result
// (docs/decisions/0010-order-of-the-matrix-unit.md says why the first of each is the default).
// With "[x]" for x rounded once to the accumulator, to nearest with ties to even:
//
//   kInTurn      acc = [acc + a[k] b[k]], one product after the other, k upwards
//   kPairs       acc = [acc + [[p0 + p1] + [p2 + p3]]] for each step's four products p
//   kFused       acc = [acc + p0 + p1 + p2 + p3]
//   kFourUnits   four accumulators, as of four 8x8 units: acc_j = [acc_j + p_j]; in the end
//                [[acc_0 + acc_1] + [acc_2 + acc_3]]. `start` is acc_0's
//
// Where the last step has fewer than four products those that are missing are not added: in kPairs
// [p0 + p1] + p2, in kFourUnits nothing to acc_j. (Zeros in their place would turn -0 into +0.) A
// sum of several products at once, in kFused and kExact, is +0 where it is zero.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "dojo/numerics/float_format.h"

namespace dojo {

enum class AdditionOrder : uint8_t { kInTurn, kPairs, kFused, kFourUnits };

enum class Accumulator : uint8_t {
  kF32,     // f32 with its subnormal numbers, infinity and NaN
  k1_7_13,  // 21 bits, the least that a patent names (US 11,556,615); bias 63, clamps as CFloat8
  kExact,   // never rounded before it is read, so that the order does not matter
};

struct MatrixUnitRules {
  AdditionOrder order = AdditionOrder::kInTurn;
  Accumulator accumulator = Accumulator::kF32;

  bool operator==(const MatrixUnitRules&) const = default;
};

// One accumulator after all its products, as it is read into f32; the definition. A NaN is always
// 0x7fc00000, for which one an addition gives differs between processors.
// REQUIRES: a and b are of one size; their values are of formats of at most 16 bits; start is a
// number of the accumulator, in f32.
float accumulate(const MatrixUnitRules& rules, float start, std::span<const float> a,
                 std::span<const float> b);

// A matrix of codes, row by row.
struct CodedMatrix {
  FloatFormat format;           // at most 16 bits
  const void* codes = nullptr;  // uint8_t or, of more than 8 bits, uint16_t
  int64_t row_stride = 0;       // codes from one row to the next
};

// c += a * b: [m,n] f32, whose rows lie c_stride numbers apart, is both start and result of the
// accumulators; a [m,k], b [k,n]. With the default rules it runs on vector units; with others it is
// accumulate() for each, which takes thousands of times as long. On the calling thread.
void matrix_multiply(const MatrixUnitRules& rules, int64_t m, int64_t n, int64_t k,
                     const CodedMatrix& a, const CodedMatrix& b, float* c, int64_t c_stride);

namespace scalar {
// accumulate() for each: the oracle.
void matrix_multiply(const MatrixUnitRules& rules, int64_t m, int64_t n, int64_t k,
                     const CodedMatrix& a, const CodedMatrix& b, float* c, int64_t c_stride);
}  // namespace scalar

}  // namespace dojo
