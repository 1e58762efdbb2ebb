// One use of an op as a line of text, for measuring and checking it (docs/measuring.md), in the
// manner of oneDNN's benchdnn:
//
//   Conv x=16x64x32x64 w=64x64x3x3 pads=1,1,1,1
//   SoftmaxCrossEntropyLoss scores=64x10 labels=i32:64@0..10
//
// Operands by the names that `dojo graph ops` gives them, or x0, x1 ... where there may be any
// number: [FORMAT:]SHAPE[@BEGIN..END]. The shape is DIMxDIMx..., or `scalar`; the format f32 unless
// said; values are drawn from [BEGIN, END), without it of f32 and bf16 from [-1, 1), of i32 from
// [0, 2), of u8 from [0, 256). Attributes by their names: a number, a word, or a list with commas;
// of one number: `2,`. The text may come from anybody.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/op.h"
#include "dojo/graph/ops/op_cases.h"

namespace dojo {

struct Problem {
  std::string text;  // with single spaces
  OpCase op;
};

// Throws Error(kInput) with this `where` for a line that is no use of an op that infer_types()
// accepts, and for an op without operands.
Problem parse_problem(std::string_view line, const std::string& where);

// The problems of a text, one in each line that is not empty; '#' begins a comment. Errors name
// "FILE:LINE".
std::vector<Problem> parse_problems(std::string_view text, const std::string& file);

// The names of an op's operands, by its summary; of one that takes any number the first two.
std::vector<std::string> operand_names(const OpDef& def);

}  // namespace dojo
