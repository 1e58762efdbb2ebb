#include "dojo/sim/values/arithmetic.h"

#include <algorithm>
#include <cstring>

#include "dojo/numerics/matrix_unit.h"
#include "dojo/numerics/rounding_random.h"
#include "dojo/program/vector_op.h"
#include "dojo/sim/values/elements.h"
#include "dojo/sim/values/vector_math.h"

namespace dojo::sim {
namespace {

using program::Element;
using program::ElementKind;

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

// `move` to the same format.
bool copies_codes(const program::Program& program, const program::Vector& vector) {
  return vector.op == program::VectorOp::kMove && !vector.from[0].is_constant() &&
         vector.random.of < 0 &&
         program.allocation(vector.from[0].view).element == program.allocation(vector.to).element;
}

// Where the elements of a block lie without gaps and aligned; or -1.
int64_t in_place(const Block& block) {
  const int64_t address = only_run(block);
  return address >= 0 && address % block.element_bytes == 0 ? address : -1;
}

// The elements of a block, one after the other; of padding zeros.
void gather(const Memory& memory, const Block& block, std::vector<uint8_t>* codes) {
  codes->resize(static_cast<size_t>(block.bytes()));
  uint8_t* to = codes->data();
  for_each_run(block, [&](int64_t address, int64_t bytes) {
    if (address == kPadding)
      std::memset(to, 0, static_cast<size_t>(bytes));
    else
      std::memcpy(to, memory.at(address), static_cast<size_t>(bytes));
    to += bytes;
  });
}

const uint8_t* codes_of(const Memory& memory, const Block& block, std::vector<uint8_t>* codes) {
  if (const int64_t address = in_place(block); address >= 0) return memory.at(address);
  gather(memory, block, codes);
  return codes->data();
}

void scatter(const uint8_t* codes, const Block& block, Memory* memory) {
  for_each_run(block, [&](int64_t address, int64_t bytes) {
    std::memcpy(memory->at(address), codes, static_cast<size_t>(bytes));
    codes += bytes;
  });
}

}  // namespace

void Arithmetic::run(const Operation& operation, Memory* memory, Scratch* scratch) const {
  if (operation.matmul)
    matmul(operation, memory, scratch);
  else
    vector(operation, memory, scratch);
}

void Arithmetic::matmul(const Operation& operation, Memory* memory, Scratch* scratch) const {
  const program::Matmul& matmul = *operation.matmul;
  const int64_t m = matmul.m, n = matmul.n, k = matmul.k;
  const Element left = program_.allocation(matmul.left).element;
  const Element right = program_.allocation(matmul.right).element;
  const uint8_t* a = row_by_row(codes_of(*memory, operation.from[0], &scratch->codes),
                                matmul.left_transposed, m, k, size_bytes(left), &scratch->packed);
  const uint8_t* b =
      row_by_row(codes_of(*memory, operation.from[1], &scratch->other_codes),
                 matmul.right_transposed, k, n, size_bytes(right), &scratch->other_packed);
  const auto multiply = [&](float* result) {
    matrix_multiply({}, m, n, k, {float_format_of(left), a, k}, {float_format_of(right), b, n},
                    result, n);
  };
  // Factors are of other formats than f32, so that such a result is in none of their allocations.
  const int64_t sums = in_place(operation.to);
  if (sums >= 0 && program_.allocation(matmul.to).element.kind == ElementKind::kF32) {
    auto* const result = reinterpret_cast<float*>(memory->at(sums));
    if (!matmul.adds) std::fill_n(result, m * n, 0.0f);
    return multiply(result);
  }
  std::vector<float>& result = scratch->result;
  result.assign(static_cast<size_t>(m * n), 0.0f);
  if (matmul.adds) {
    std::vector<uint8_t> before;  // the scratch has the factors
    decode(program_.allocation(matmul.to).element, codes_of(*memory, operation.to, &before), m * n,
           result.data());
  }
  multiply(result.data());
  store(matmul.to, matmul.random, operation, result.data(), memory, scratch);
}

void Arithmetic::vector(const Operation& operation, Memory* memory, Scratch* scratch) const {
  const program::Vector& vector = *operation.vector;
  if (copies_codes(program_, vector)) {
    gather(*memory, operation.from[0], &scratch->codes);
    return scatter(scratch->codes.data(), operation.to, memory);
  }
  const program::VectorOpInfo& op = info(vector.op);
  std::array<const float*, 3> operands{};
  int64_t count = vector.to.elements;
  for (size_t i = 0; i < static_cast<size_t>(op.operands); ++i) {
    const program::Operand& operand = vector.from[i];
    std::vector<float>& x = scratch->operands[i];
    if (operand.is_constant()) {
      x.assign(static_cast<size_t>(count), operand.constant);
    } else {
      numbers(operand.view, operation.from[i], *memory, scratch, &x);
      if (op.reduces) count = operand.view.elements;
    }
    operands[i] = x.data();
  }
  std::vector<float>& result = scratch->result;
  result.resize(static_cast<size_t>(vector.to.elements));
  if (op.reduces)
    reduce(vector.op, operands[0], count, vector.to.elements, result.data());
  else
    apply(vector.op, std::span(operands.data(), static_cast<size_t>(op.operands)), count,
          result.data());
  store(vector.to, vector.random, operation, result.data(), memory, scratch);
}

void Arithmetic::numbers(const program::View& view, const Block& block, const Memory& memory,
                         Scratch* scratch, std::vector<float>* numbers) const {
  numbers->resize(static_cast<size_t>(view.elements));
  decode(program_.allocation(view).element, codes_of(memory, block, &scratch->codes), view.elements,
         numbers->data());
}

void Arithmetic::store(const program::View& to, const program::View& random,
                       const Operation& operation, const float* numbers, Memory* memory,
                       Scratch* scratch) const {
  const Element element = program_.allocation(to).element;
  std::vector<uint8_t>& codes = scratch->codes;
  codes.resize(static_cast<size_t>(operation.to.bytes()));
  if (random.of < 0) {
    encode(element, numbers, to.elements, codes.data());
  } else {
    const program::Random& r = program_.randoms[static_cast<size_t>(random.of)];
    encode_stochastic(element, numbers, codes.data(),
                      {.seed = seed_, .tensor = stream_id(r.name), .step = step_},
                      operation.random);
  }
  scatter(codes.data(), operation.to, memory);
}

}  // namespace dojo::sim
