// Compares autodiff with central differences of the interpreter in double: the test of every op's
// gradient, and of any network that a lambda builds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dojo/graph/builder.h"
#include "dojo/graph/ops/op_cases.h"

namespace dojo {

struct GradientCheck {
  double worst = 0;   // the largest |autodiff - difference| / max(1, |autodiff|, |difference|)
  std::string where;  // operand and element of the worst, with both values
  int64_t compared = 0;
};

// Builds f32 results from data inputs of the given types (absent ones are kNoValue).
using BuildResults =
    std::function<std::vector<ValueId>(Builder& builder, const std::vector<ValueId>& inputs)>;

// Checks the gradient of a randomly weighted sum of all results with respect to every element of
// every differentiable f32 or bf16 input. Functions with kinks (Relu, MaxPool) are compared at
// random places, which practically never are on a kink.
GradientCheck check_gradient(const BuildResults& build, const std::vector<CaseInput>& inputs,
                             Random& random);

// The same for one use of one op. REQUIRES: the op has a gradient.
GradientCheck check_gradient(const OpCase& c, Random& random);

}  // namespace dojo
