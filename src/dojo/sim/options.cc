#include "dojo/sim/options.h"

namespace dojo::sim {

std::string_view name(Level level) { return level == Level::kFunctional ? "functional" : "burst"; }

std::optional<Level> parse_level(std::string_view word) {
  for (const Level level : {Level::kFunctional, Level::kBurst})
    if (word == name(level)) return level;
  return {};
}

}  // namespace dojo::sim
