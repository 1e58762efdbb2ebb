// Totals of a machine or of one of its parts, computed from its numbers: peak arithmetic, memory,
// bandwidths. What the maker published of them stands in the descriptions ("published") and is set
// against them by published.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/machine/uses.h"

namespace dojo::machine {

struct TotalKind {
  std::string_view name;     // "peak_bf16"
  std::string_view unit;     // "FLOPS": without a prefix
  std::string_view meaning;  // and how it is computed
};

struct Total {
  TotalKind kind;
  double value = 0;  // in kind.unit
};

// All totals of one part of this level, with its disabled nodes left out; those that a part of this
// kind does not have are not there. REQUIRES: the machine has this level.
std::vector<Total> totals_of(Uses& uses, Level level);

// One of them, so that only its own numbers are noted.
std::optional<Total> total_of_kind(Uses& uses, Level level, std::string_view name);

std::optional<TotalKind> find_total(std::string_view name);
std::string total_names();  // "nodes, dies, ...": for messages

}  // namespace dojo::machine
