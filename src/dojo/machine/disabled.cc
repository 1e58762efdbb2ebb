#include "dojo/machine/disabled.h"

#include <algorithm>
#include <array>

#include "dojo/base/random.h"

namespace dojo::machine {
namespace {

// The live places of a die, row by row.
class Places {
 public:
  explicit Places(Coord size) : size_(size), live_(cells(size), true) {}

  bool is_live(Coord c) const { return live_[at(c)]; }
  void set(Coord c, bool live) { live_[at(c)] = live; }

  bool connected() const {
    const auto first = std::find(live_.begin(), live_.end(), true);
    std::vector<size_t> reached;
    std::vector<bool> seen(live_.size());
    const auto reach = [&](size_t i) {
      if (!live_[i] || seen[i]) return;
      seen[i] = true;
      reached.push_back(i);
    };
    if (first != live_.end()) reach(static_cast<size_t>(first - live_.begin()));
    const auto columns = static_cast<size_t>(size_.x);
    for (size_t next = 0; next < reached.size(); ++next) {
      const size_t i = reached[next];
      if (i % columns > 0) reach(i - 1);
      if (i % columns + 1 < columns) reach(i + 1);
      if (i >= columns) reach(i - columns);
      if (i + columns < live_.size()) reach(i + columns);
    }
    return std::ssize(reached) == std::count(live_.begin(), live_.end(), true);
  }

 private:
  static size_t cells(Coord size) {
    return static_cast<size_t>(size.x) * static_cast<size_t>(size.y);
  }
  size_t at(Coord c) const {
    return static_cast<size_t>(c.y) * static_cast<size_t>(size_.x) + static_cast<size_t>(c.x);
  }

  Coord size_;
  std::vector<bool> live_;
};

}  // namespace

bool stay_connected(Coord size, std::span<const Coord> disabled) {
  Places places(size);
  for (const Coord c : disabled) places.set(c, false);
  return places.connected();
}

std::vector<Coord> DisabledNodes::on_die(int64_t die) const {
  std::vector<Coord> drawn = list;
  if (placing != Placing::kListed) {
    Random random(seed, stream_id("disabled nodes"),
                  placing == Placing::kEachDie ? static_cast<uint64_t>(die) : 0);
    Places places(size);
    // Some node can always go without cutting others off: the last one that a search reaches.
    while (std::ssize(drawn) < count) {
      const Coord c{static_cast<int32_t>(random.below(size.x)),
                    static_cast<int32_t>(random.below(size.y))};
      if (!places.is_live(c)) continue;
      places.set(c, false);
      if (places.connected())
        drawn.push_back(c);
      else
        places.set(c, true);
    }
  }
  std::sort(drawn.begin(), drawn.end(), [](Coord a, Coord b) {
    return std::array{a.y, a.x} < std::array{b.y, b.x};
  });
  return drawn;
}

DisabledNodes disabled_nodes(Uses& uses) {
  using Placing = DisabledNodes::Placing;
  DisabledNodes nodes{.size = {1, 1}};
  if (!uses.machine().has(Level::kDie)) return nodes;
  nodes.size = {static_cast<int32_t>(uses.whole("die/grid/columns")),
                static_cast<int32_t>(uses.whole("die/grid/rows"))};
  if (!uses.has("die/disabled/count")) return nodes;
  nodes.count = uses.whole("die/disabled/count");
  if (nodes.count == 0) return nodes;  // which the way of placing does not matter for
  const std::string& placing = uses.word("die/disabled/placing");
  if (placing == "listed") {
    nodes.list = uses.places("die/disabled/list");
    return nodes;
  }
  nodes.placing = placing == "each-die" ? Placing::kEachDie : Placing::kAllDies;
  nodes.seed = static_cast<uint64_t>(uses.whole("die/disabled/seed"));
  return nodes;
}

}  // namespace dojo::machine
