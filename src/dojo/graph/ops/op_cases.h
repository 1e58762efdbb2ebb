// Example uses of every op, drawn at random: the tests of this folder compare gradients with finite
// differences on them, the tests of host/ compare the CPU executor with the interpreter. Shapes
// stay small (at most a few hundred elements), attributes cover each meaning of the op. A test
// fails if an op has no case.
//
// To add cases for a new op append to one of the add_..._cases() below, or write a new one and call
// it in op_cases.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/graph/op.h"

namespace dojo {

struct CaseInput {
  Type type;
  double begin = -2, end = 2;  // values are uniform in [begin, end); whole numbers for i32 and u8,
                               // numbers of bf16 for bf16
  bool differentiable = true;  // false: a floating operand that has no gradient on purpose
                               // (learning rate, running mean)
  bool present = true;         // false: an absent optional operand
};

struct OpCase {
  std::string op;
  std::vector<CaseInput> inputs;
  Attributes attributes = {};
  size_t differentiable_outputs = SIZE_MAX;  // only so many have gradients (not running means)
};

// At least one case for each op. Another `random` draws other shapes and attributes.
std::vector<OpCase> op_cases(Random& random);

// The parts of the list, one for each family of files in this folder.
void add_elementwise_cases(Random& random, std::vector<OpCase>& cases);
void add_shape_cases(Random& random, std::vector<OpCase>& cases);
void add_reduce_cases(Random& random, std::vector<OpCase>& cases);
void add_optimizer_cases(Random& random, std::vector<OpCase>& cases);
void add_nn_cases(Random& random, std::vector<OpCase>& cases);    // op_cases_nn.cc
void add_bf16_cases(Random& random, std::vector<OpCase>& cases);  // op_cases_bf16.cc

// A shape of `rank` dimensions in [1, largest].
Shape random_shape(Random& random, size_t rank, int64_t largest = 5);

// Values for an operand of a case.
std::vector<double> random_values(Random& random, const CaseInput& input);

// The case as a graph: each operand is a data input "x0", "x1" ...; each result an output "y0",
// "y1" ....
Graph case_graph(const OpCase& c);

}  // namespace dojo
