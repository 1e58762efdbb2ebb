#include "dojo/program/expr.h"

#include <algorithm>

namespace dojo::program {

Expr Expr::variable(Var var) {
  Expr e(0);
  e.terms_.push_back({1, var});
  return e;
}

Expr& Expr::operator+=(const Expr& other) {
  constant_ += other.constant_;
  for (const Term& term : other.terms_) {
    const auto at = std::lower_bound(terms_.begin(), terms_.end(), term.var,
                                     [](const Term& t, Var var) { return t.var < var; });
    if (at == terms_.end() || at->var != term.var)
      terms_.insert(at, term);
    else if ((at->factor += term.factor) == 0)
      terms_.erase(at);
  }
  return *this;
}

Expr& Expr::operator*=(int64_t factor) {
  constant_ *= factor;
  if (factor == 0) terms_.clear();
  for (Term& term : terms_) term.factor *= factor;
  return *this;
}

}  // namespace dojo::program
