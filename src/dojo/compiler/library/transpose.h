// Transposition of a matrix that is cut into blocks: the node in column x and row y turns its block
// and sends it to the node in column y and row x. The SIMD unit turns columns into rows, one in
// each instruction, for all four threads, since each waits for its result; what is turned is under
// way while the next columns are.
#pragma once

#include "dojo/compiler/library/target.h"
#include "dojo/program/element.h"
#include "dojo/program/program.h"

namespace dojo::compiler {

struct TransposeSizes {
  int64_t rows = 1024, columns = 1024;  // filled up to whole blocks
  program::Element element = {program::ElementKind::kBF16};
};

inline constexpr int64_t kTransposeColumns = 8;  // that are turned before they are sent

// On the largest square of live nodes, n x n.
//   a   [rows / n, columns / n], input: the block in row y and column x of the matrix
//   b   [columns / n, rows / n], output: the same of its transpose
program::Program transpose(const Target& target, const TransposeSizes& sizes);

}  // namespace dojo::compiler
