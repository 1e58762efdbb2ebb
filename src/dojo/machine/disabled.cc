#include "dojo/machine/disabled.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dojo/base/random.h"

namespace dojo::machine {
namespace {

// The live places of a die, row by row.
class Places {
 public:
  explicit Places(Coord size) : size_(size), live_(cells(size), true), seen_(cells(size)) {}

  bool is_live(Coord c) const { return live_[at(c)]; }
  void disable(Coord c) { live_[at(c)] = false; }

  bool connected() const {
    const auto first = std::find(live_.begin(), live_.end(), true);
    std::vector<size_t> reached;
    std::vector<bool> seen(live_.size());
    const auto reach = [&](size_t i) {
      if (seen[i]) return;
      seen[i] = true;
      reached.push_back(i);
    };
    if (first != live_.end()) reach(static_cast<size_t>(first - live_.begin()));
    for (size_t next = 0; next < reached.size(); ++next) each_live_beside(reached[next], reach);
    return std::ssize(reached) == std::count(live_.begin(), live_.end(), true);
  }

  // Disables a live place if that cuts no other off. REQUIRES: connected().
  bool take(Coord c) {
    live_[at(c)] = false;
    std::vector<size_t> neighbours;
    each_live_beside(at(c), [&](size_t i) { neighbours.push_back(i); });
    if (joined(neighbours)) return true;
    live_[at(c)] = true;
    return false;
  }

 private:
  template <typename Do>
  void each_live_beside(size_t i, Do&& what) const {
    const auto columns = static_cast<size_t>(size_.x);
    if (i % columns > 0 && live_[i - 1]) what(i - 1);
    if (i % columns + 1 < columns && live_[i + 1]) what(i + 1);
    if (i >= columns && live_[i - columns]) what(i - columns);
    if (i + columns < live_.size() && live_[i + columns]) what(i + columns);
  }

  // Whether up to four live places can reach each other. A search goes on from each in turn, so
  // that it ends when they have met or when the smallest part that is cut off has been seen.
  bool joined(const std::vector<size_t>& starts) {
    const size_t n = starts.size();
    std::array<std::vector<size_t>, 4> reached;
    std::array<size_t, 4> group = {0, 1, 2, 3};  // of searches that have met
    for (size_t k = 0; k < n; ++k) {
      reached[k].push_back(starts[k]);
      seen_[starts[k]] = search_ + k;
    }
    const auto all = [&](auto&& is) {
      for (size_t k = 0; k < n; ++k)
        if (!is(k)) return false;
      return true;
    };
    const uint64_t first = std::exchange(search_, search_ + n);
    for (size_t next = 0; !all([&](size_t k) { return group[k] == group[0]; }); ++next)
      for (size_t k = 0; k < n; ++k) {
        if (next < reached[k].size())
          each_live_beside(reached[k][next], [&](size_t i) {
            if (seen_[i] < first) {
              seen_[i] = first + k;
              reached[k].push_back(i);
            } else {
              const size_t other = group[seen_[i] - first];
              std::replace(group.begin(), group.end(), other, group[k]);
            }
          });
        else if (all([&](size_t j) { return group[j] != group[k] || next >= reached[j].size(); }))
          return all([&](size_t j) { return group[j] == group[k]; });
      }
    return true;
  }

  static size_t cells(Coord size) {
    return static_cast<size_t>(size.x) * static_cast<size_t>(size.y);
  }
  size_t at(Coord c) const {
    return static_cast<size_t>(c.y) * static_cast<size_t>(size_.x) + static_cast<size_t>(c.x);
  }

  Coord size_;
  std::vector<bool> live_;
  std::vector<uint64_t> seen_;  // the last search that came there, numbered from 1
  uint64_t search_ = 1;         // the next one
};

}  // namespace

bool stay_connected(Coord size, std::span<const Coord> disabled) {
  Places places(size);
  for (const Coord c : disabled) places.disable(c);
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
      if (places.is_live(c) && places.take(c)) drawn.push_back(c);
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
