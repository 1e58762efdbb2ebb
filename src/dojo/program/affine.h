// Numbers that a program computes while it runs: sums of a constant and of constant multiples of
// variables, "2*k + x - 3". A variable is a coordinate of the node, an argument of its class, or a
// counter of a loop around. Nothing else can be computed for an address, a node or a count, so that
// a verifier can tell what each instruction touches before anything runs.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace dojo::program {

// Where a variable stands in a Frame: x, y, the arguments of the class, the counters of the loops
// around, outermost first.
using Var = uint32_t;
inline constexpr Var kX = 0, kY = 1;
inline constexpr uint32_t kMaxArguments = 16;  // of a class
inline constexpr Var kFirstArgument = 2;
inline constexpr uint32_t kMaxCounters = 24;  // at one place, with those that wrap
inline constexpr Var kFirstCounter = kFirstArgument + kMaxArguments;
inline constexpr uint32_t kNumVars = kFirstCounter + kMaxCounters;

// The values of all variables of a thread at one moment.
using Frame = std::array<int64_t, kNumVars>;

// Limits that keep every sum far from the ends of int64_t.
inline constexpr int64_t kMaxConstant = int64_t{1} << 40;  // by size, of what is added
inline constexpr int64_t kMaxFactor = int64_t{1} << 31;    // by size
inline constexpr int64_t kMaxValue = int64_t{1} << 24;     // by size, of a variable

struct Term {
  int64_t factor = 0;
  Var var = 0;

  bool operator==(const Term&) const = default;
};

// Its terms stand in its thread's Code::terms, ordered by variable, without zeros.
struct Affine {
  int64_t constant = 0;
  uint32_t first_term = 0, num_terms = 0;

  bool operator==(const Affine&) const = default;
};

inline int64_t evaluate(const Affine& affine, std::span<const Term> terms, const Frame& frame) {
  int64_t value = affine.constant;
  for (const Term& term : terms.subspan(affine.first_term, affine.num_terms))
    value += term.factor * frame[term.var];
  return value;
}

}  // namespace dojo::program
