#include "dojo/sim/options.h"

#include <algorithm>
#include <array>

namespace dojo::sim {

std::string_view name(Level level) {
  constexpr std::array<std::string_view, 3> kNames = {"functional", "burst", "flit"};
  return kNames[static_cast<size_t>(level)];
}

std::optional<Level> parse_level(std::string_view word) {
  for (const Level level : {Level::kFunctional, Level::kBurst, Level::kFlit})
    if (word == name(level)) return level;
  return {};
}

Cycles Checkpoints::after(Cycles cycle) const {
  const auto next = std::upper_bound(at.begin(), at.end(), cycle);
  Cycles first = next == at.end() ? kNever : *next;
  if (every > 0) first = std::min(first, (cycle / every + 1) * every);
  return first;
}

}  // namespace dojo::sim
