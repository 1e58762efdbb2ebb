// The operations of the SIMD unit that programs have: names, numbers of operands and which views
// fit together. What each computes: docs/program.md.
#pragma once

#include <optional>
#include <string_view>

#include "dojo/program/program.h"

namespace dojo::program {

struct VectorOpInfo {
  VectorOp op;
  std::string_view name;  // "sum_rows"
  int operands;
  bool reduces;  // its operand has a multiple of the result's elements; else all have as many
  std::string_view meaning;  // for tables: "a + b"
};

const VectorOpInfo& info(VectorOp op);
std::optional<VectorOp> parse_vector_op(std::string_view word);

}  // namespace dojo::program
