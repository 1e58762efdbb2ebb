#include "dojo/machine/level.h"

namespace dojo::machine {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"node", "die", "tile", "tray", "pod"};
constexpr std::array<std::string_view, 5> kPlurals = {"nodes", "dies", "tiles", "trays", "pods"};

}  // namespace

std::string_view name(Level level) { return kNames[at(level)]; }

std::string_view plural(Level level) { return kPlurals[at(level)]; }

std::optional<Level> parse_level(std::string_view text) {
  for (const Level level : kLevels)
    if (name(level) == text) return level;
  return {};
}

}  // namespace dojo::machine
