// Affine expressions as C++ writes them: 2 * k + x() - 3. For Builder; a finished program holds
// them as Affine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dojo/program/affine.h"

namespace dojo::program {

class Expr {
 public:
  Expr(int64_t constant) : constant_(constant) {}  // NOLINT: numbers are expressions
  static Expr variable(Var var);

  int64_t constant() const { return constant_; }
  std::span<const Term> terms() const { return terms_; }  // by variable, none with factor 0

  Expr& operator+=(const Expr& other);
  Expr& operator*=(int64_t factor);

 private:
  int64_t constant_ = 0;
  std::vector<Term> terms_;
};

inline Expr x() { return Expr::variable(kX); }
inline Expr y() { return Expr::variable(kY); }

inline Expr operator+(Expr a, const Expr& b) { return a += b; }
inline Expr operator*(Expr a, int64_t factor) { return a *= factor; }
inline Expr operator*(int64_t factor, Expr a) { return a *= factor; }
inline Expr operator-(Expr a) { return a *= -1; }
inline Expr operator-(Expr a, const Expr& b) { return a += -b; }

}  // namespace dojo::program
