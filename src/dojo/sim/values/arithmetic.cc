// What matmul and vector compute.
#include <algorithm>
#include <cstring>

#include "dojo/numerics/matrix_unit.h"
#include "dojo/program/vector_op.h"
#include "dojo/sim/values/elements.h"
#include "dojo/sim/values/values.h"
#include "dojo/sim/values/vector_math.h"

namespace dojo::sim {
namespace {

using program::Element;

template <typename Code>
void transpose(const uint8_t* from, int64_t rows, int64_t columns, uint8_t* to) {
  const auto* source = reinterpret_cast<const Code*>(from);
  auto* target = reinterpret_cast<Code*>(to);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) target[i * columns + j] = source[j * rows + i];
}

// [rows, columns] row by row, of codes that lie column by column where `transposed`.
const uint8_t* row_by_row(const uint8_t* codes, bool transposed, int64_t rows, int64_t columns,
                          int64_t code_bytes, std::vector<uint8_t>* packed) {
  if (!transposed) return codes;
  packed->resize(static_cast<size_t>(rows * columns * code_bytes));
  if (code_bytes == 1)
    transpose<uint8_t>(codes, rows, columns, packed->data());
  else
    transpose<uint16_t>(codes, rows, columns, packed->data());
  return packed->data();
}

FloatFormat factor_format(Element element) {
  return has_bias(element.kind) ? float_format(*float_kind(element.kind), element.bias)
                                : float_format(*float_kind(element.kind));
}

// `move` to the same format.
bool copies_codes(const program::Program& program, const program::Vector& vector) {
  return vector.op == program::VectorOp::kMove && !vector.from[0].is_constant() &&
         vector.random.of < 0 &&
         program.allocation(vector.from[0].view).element == program.allocation(vector.to).element;
}

}  // namespace

void Values::matmul(const Actor& actor, const ThreadCode& thread, const program::Matmul& matmul,
                    const int32_t* variables) {
  const int64_t m = matmul.m, n = matmul.n, k = matmul.k;
  result_.assign(static_cast<size_t>(m * n), 0.0f);
  if (matmul.adds) numbers_of(actor, thread, matmul.to, variables, &result_);
  const Element left = program_.allocation(matmul.left).element;
  const Element right = program_.allocation(matmul.right).element;
  const uint8_t* a = row_by_row(codes_of(actor, thread, matmul.left, variables, &codes_),
                                matmul.left_transposed, m, k, size_bytes(left), &packed_);
  const uint8_t* b = row_by_row(codes_of(actor, thread, matmul.right, variables, &other_codes_),
                                matmul.right_transposed, k, n, size_bytes(right), &other_packed_);
  matrix_multiply({}, m, n, k, {factor_format(left), a, k}, {factor_format(right), b, n},
                  result_.data(), n);
  store(actor, thread, matmul.to, matmul.random, result_.data(), variables);
}

void Values::vector(const Actor& actor, const ThreadCode& thread, const program::Vector& vector,
                    const int32_t* variables) {
  const program::VectorOpInfo& op = info(vector.op);
  if (copies_codes(program_, vector)) {
    const program::View& from = vector.from[0].view;
    codes_of(actor, thread, from, variables, &codes_);
    scatter(thread_of(actor), actor.cell, program::AllocationId{vector.to.of},
            evaluate(program_.allocation(vector.to), thread, vector.to, variables), codes_.data());
    return;
  }
  std::array<const float*, 3> operands{};
  int64_t count = vector.to.elements;
  for (size_t i = 0; i < static_cast<size_t>(op.operands); ++i) {
    const program::Operand& operand = vector.from[i];
    if (operand.is_constant()) {
      operands_[i].assign(static_cast<size_t>(count), operand.constant);
    } else {
      numbers_of(actor, thread, operand.view, variables, &operands_[i]);
      if (op.reduces) count = operand.view.elements;
    }
    operands[i] = operands_[i].data();
  }
  result_.resize(static_cast<size_t>(vector.to.elements));
  if (op.reduces)
    reduce(vector.op, operands[0], count, vector.to.elements, result_.data());
  else
    apply(vector.op, std::span(operands.data(), static_cast<size_t>(op.operands)), count,
          result_.data());
  store(actor, thread, vector.to, vector.random, result_.data(), variables);
}

}  // namespace dojo::sim
