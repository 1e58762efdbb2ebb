// The levels of a machine. A die is a grid of nodes, a tile a grid of dies, a tray a grid of tiles,
// a pod a grid of trays; each has four edges, over which its neighbours of the same level are
// reached.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dojo::machine {

enum class Level : uint8_t { kNode, kDie, kTile, kTray, kPod };

inline constexpr std::array kLevels = {Level::kNode, Level::kDie, Level::kTile, Level::kTray,
                                       Level::kPod};
constexpr size_t at(Level level) { return static_cast<size_t>(level); }

std::string_view name(Level level);    // "node", "die", "tile", "tray", "pod"
std::string_view plural(Level level);  // "nodes", "dies", ...
std::optional<Level> parse_level(std::string_view text);

// What a level's grid is made of. REQUIRES: above a node.
constexpr Level part_of(Level level) { return static_cast<Level>(static_cast<uint8_t>(level) - 1); }

// A place in a grid: x counts columns to the east, y rows to the south, both from 0.
struct Coord {
  int32_t x = 0, y = 0;
  friend bool operator==(const Coord&, const Coord&) = default;
};

}  // namespace dojo::machine
