#include "dojo/program/formula.h"

#include <fmt/format.h>

#include <utility>

#include "dojo/base/error.h"

namespace dojo::program {

using Op = ArgumentStep::Op;

Formula::Formula(int64_t constant) { steps_.push_back({Op::kConstant, constant}); }

Formula::Formula(const Expr& affine) {
  for (const Term& term : affine.terms()) {
    Formula product = variable(term.var);
    if (term.factor != 1) product = apply(Op::kMultiply, std::move(product), term.factor);
    *this = steps_.empty() ? std::move(product) : apply(Op::kAdd, std::move(*this), product);
  }
  if (steps_.empty())
    *this = Formula(affine.constant());
  else if (affine.constant() != 0)
    *this = apply(Op::kAdd, std::move(*this), affine.constant());
}

Formula Formula::variable(Var var) {
  Formula f(int64_t{0});
  f.steps_[0] = {Op::kVariable, static_cast<int64_t>(var)};
  return f;
}

Formula Formula::apply(Op op, Formula a, const Formula& b) {
  a.steps_.insert(a.steps_.end(), b.steps_.begin(), b.steps_.end());
  a.steps_.push_back({op, 0});
  if (a.steps_.size() > kMaxArgumentSteps)
    throw Error(Category::kInput, fmt::format("an argument is computed in {} steps; at most {}",
                                              a.steps_.size(), kMaxArgumentSteps));
  return a;
}

}  // namespace dojo::program
