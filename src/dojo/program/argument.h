// Arguments of a class: whole numbers that each node computes once, before it starts, from its
// coordinates and the constants of its region. Here, and only here, there is more than sums:
//
//   let column = x % 6
//   let parent = max(x - 1, 0) / 2
//
// They are kept in postfix order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dojo/program/affine.h"

namespace dojo::program {

struct ArgumentStep {
  enum class Op : uint8_t {
    kConstant,  // pushes value
    kVariable,  // pushes x, y or an earlier argument: the Var `value`
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,     // rounded down; the divisor is at least 1
    kRemainder,  // what that division leaves: 0 ... divisor - 1
    kMin,
    kMax
  } op = Op::kConstant;
  int64_t value = 0;

  bool operator==(const ArgumentStep&) const = default;
};

inline constexpr size_t kMaxArgumentSteps = 64;

struct Argument {
  std::string name;
  std::vector<ArgumentStep> steps;  // empty: each region gives the value

  bool operator==(const Argument&) const = default;
};

// The value for these variables. Nothing where a divisor is below 1 or a value on the way is beyond
// kMaxConstant, or the result beyond kMaxValue. REQUIRES: steps make one value.
std::optional<int64_t> evaluate(std::span<const ArgumentStep> steps, const Frame& frame);

}  // namespace dojo::program
