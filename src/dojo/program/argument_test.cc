#include "dojo/program/argument.h"

#include <gtest/gtest.h>

#include "dojo/program/formula.h"

namespace dojo::program {
namespace {

std::optional<int64_t> value(const Formula& formula, int64_t x_value, int64_t y_value = 0) {
  Frame frame{};
  frame[kX] = x_value;
  frame[kY] = y_value;
  return evaluate(formula.steps(), frame);
}

TEST(Argument, DivisionRoundsDownAndRemaindersAreNotNegative) {
  for (int64_t a = -20; a <= 20; ++a)
    for (int64_t b = 1; b <= 7; ++b) {
      const auto quotient = value(Formula(x()) / b, a), rest = value(Formula(x()) % b, a);
      ASSERT_TRUE(quotient && rest);
      EXPECT_EQ(*quotient * b + *rest, a);
      EXPECT_TRUE(0 <= *rest && *rest < b) << a << " % " << b;
    }
}

TEST(Argument, SumsAndExtremes) {
  EXPECT_EQ(value(Formula(2 * x() - 3 * y() + 5), 7, 4), 7);
  EXPECT_EQ(value(min(Formula(x()), 3), 9), 3);
  EXPECT_EQ(value(max(Formula(x()), Formula(y())), 2, 5), 5);
}

TEST(Argument, WhatHasNoValueIsNothing) {
  const auto divided = [](int64_t by) {
    return value(Formula::apply(ArgumentStep::Op::kDivide, 12, Formula(x())), by);
  };
  EXPECT_EQ(divided(5), 2);
  EXPECT_EQ(divided(0), std::nullopt);
  EXPECT_EQ(divided(-1), std::nullopt);
  EXPECT_EQ(value(Formula(kMaxValue), 0), kMaxValue);
  EXPECT_EQ(value(Formula(kMaxValue + 1), 0), std::nullopt);
  EXPECT_EQ(value(Formula(-kMaxValue - 1), 0), std::nullopt);
  // Large on the way is fine up to a limit, and never overflows.
  EXPECT_EQ(value(Formula(kMaxConstant) / kMaxConstant, 0), 1);
  const Formula huge =
      Formula::apply(ArgumentStep::Op::kMultiply, Formula(kMaxConstant), Formula(x()));
  EXPECT_EQ(value(huge, 2), std::nullopt);
  EXPECT_EQ(value(huge, INT64_MAX / 2), std::nullopt);
  EXPECT_EQ(value(huge, -(int64_t{1} << 23)), std::nullopt);  // exactly the least int64_t
}

}  // namespace
}  // namespace dojo::program
