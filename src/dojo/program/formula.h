// Arguments of a class as C++ writes them: min(x(), 1), x() / 6. For Builder::let.
#pragma once

#include <utility>
#include <vector>

#include "dojo/program/argument.h"
#include "dojo/program/expr.h"

namespace dojo::program {

class Formula {
 public:
  Formula(int64_t constant);    // NOLINT: numbers are formulas
  Formula(const Expr& affine);  // NOLINT: so are sums of x, y and earlier arguments
  static Formula variable(Var var);

  // Throws Error(kInput) beyond kMaxArgumentSteps.
  static Formula apply(ArgumentStep::Op op, Formula a, const Formula& b);

  const std::vector<ArgumentStep>& steps() const { return steps_; }

 private:
  std::vector<ArgumentStep> steps_;
};

inline Formula operator/(Formula a, int64_t divisor) {
  return Formula::apply(ArgumentStep::Op::kDivide, std::move(a), divisor);
}
inline Formula operator%(Formula a, int64_t divisor) {
  return Formula::apply(ArgumentStep::Op::kRemainder, std::move(a), divisor);
}
inline Formula min(Formula a, const Formula& b) {
  return Formula::apply(ArgumentStep::Op::kMin, std::move(a), b);
}
inline Formula max(Formula a, const Formula& b) {
  return Formula::apply(ArgumentStep::Op::kMax, std::move(a), b);
}

}  // namespace dojo::program
