// What the maker published of a machine as a whole, beside what its parts give.
#pragma once

#include <vector>

#include "dojo/machine/uses.h"

namespace dojo::machine {

struct Comparison {
  const Parameter* published = nullptr;  // of the machine
  Level level = Level::kNode;            // of what it was said
  std::string total;                     // "peak_bf16"
  std::string unit;                      // without a prefix; of both values
  double published_value = 0, computed = 0;
  UseCount uses;  // of the numbers that it was computed from

  double deviation() const { return computed / published_value - 1; }
  bool agrees() const;
};

// Published figures are rounded, 1.3275 TB of SRAM to 1.3, so that more than this is a
// disagreement.
inline constexpr double kMostDeviation = 0.025;

// For each published figure of each level, from the node up. A figure that the description
// gives no way to compute, such as of interface processors where there are none, is refused with
// Error(kInput).
std::vector<Comparison> compare_published(const Machine& machine);

// The name of the total that a published parameter is of: "peak_bf16".
std::string_view total_of(const Parameter& published);

}  // namespace dojo::machine
