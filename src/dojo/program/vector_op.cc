#include "dojo/program/vector_op.h"

namespace dojo::program {
namespace {

constexpr VectorOpInfo kInfos[kNumVectorOps] = {
    {VectorOp::kMove, "move", 1, false, "a"},
    {VectorOp::kNegate, "negate", 1, false, "-a"},
    {VectorOp::kAbs, "abs", 1, false, "|a|"},
    {VectorOp::kExp, "exp", 1, false, "e^a"},
    {VectorOp::kLog, "log", 1, false, "ln a"},
    {VectorOp::kSqrt, "sqrt", 1, false, "the square root of a"},
    {VectorOp::kRsqrt, "rsqrt", 1, false, "1 / the square root of a"},
    {VectorOp::kReciprocal, "reciprocal", 1, false, "1 / a"},
    {VectorOp::kTanh, "tanh", 1, false, "tanh a"},
    {VectorOp::kErf, "erf", 1, false, "erf a"},
    {VectorOp::kAdd, "add", 2, false, "a + b"},
    {VectorOp::kSubtract, "subtract", 2, false, "a - b"},
    {VectorOp::kMultiply, "multiply", 2, false, "a * b"},
    {VectorOp::kDivide, "divide", 2, false, "a / b"},
    {VectorOp::kMax, "max", 2, false, "a if a > b or a is NaN, else b"},
    {VectorOp::kMin, "min", 2, false, "a if a < b or a is NaN, else b"},
    {VectorOp::kGreater, "greater", 2, false, "1 if a > b, else 0"},
    {VectorOp::kGreaterEqual, "greater_equal", 2, false, "1 if a >= b, else 0"},
    {VectorOp::kEqual, "equal", 2, false, "1 if a = b, else 0"},
    {VectorOp::kMultiplyAdd, "multiply_add", 3, false, "a * b + c, rounded once"},
    {VectorOp::kSelect, "select", 3, false, "b if a is not 0, else c"},
    {VectorOp::kSumRows, "sum_rows", 1, true, "the sum of a column, row by row"},
    {VectorOp::kSumLanes, "sum_lanes", 1, true, "the sum of a row, in lanes"},
    {VectorOp::kMaxRows, "max_rows", 1, true, "the largest of a column, row by row"},
    {VectorOp::kMaxLanes, "max_lanes", 1, true, "the largest of a row, in lanes"},
};

}  // namespace

const VectorOpInfo& info(VectorOp op) { return kInfos[static_cast<size_t>(op)]; }

std::optional<VectorOp> parse_vector_op(std::string_view word) {
  for (const VectorOpInfo& i : kInfos)
    if (i.name == word) return i.op;
  return {};
}

}  // namespace dojo::program
