#include "dojo/sim/network/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "dojo/base/error.h"

namespace dojo::sim {

Routes::Routes(int32_t columns, int32_t rows, std::span<const uint8_t> live, bool x_first)
    : x_first_(x_first), columns_(x_first ? columns : rows), rows_(x_first ? rows : columns) {
  if (std::find(live.begin(), live.end(), 0) == live.end()) return;
  live_.assign(live.begin(), live.end());
  dead_in_row_.resize(static_cast<size_t>(rows_) * static_cast<size_t>(columns_ + 1));
  dead_in_column_.resize(static_cast<size_t>(columns_) * static_cast<size_t>(rows_ + 1));
  for (int32_t y = 0; y < rows_; ++y)
    for (int32_t x = 0; x < columns_; ++x) {
      const int32_t dead = live_[number({x, y})] ? 0 : 1;
      dead_in_row_[in_row(x + 1, y)] = dead_in_row_[in_row(x, y)] + dead;
      dead_in_column_[in_column(x, y + 1)] = dead_in_column_[in_column(x, y)] + dead;
    }
  find_single_neighbours();
}

void Routes::find_single_neighbours() {
  const auto neighbours = [&](NodeId n) {
    std::vector<NodeId> found;
    const Place p = place(n);
    for (const Place next :
         {Place{p.x + 1, p.y}, Place{p.x - 1, p.y}, Place{p.x, p.y + 1}, Place{p.x, p.y - 1}})
      if (is_live(next) && !only_neighbour_.contains(number(next))) found.push_back(number(next));
    return found;
  };
  for (NodeId first = 0; first < live_.size(); ++first) {
    if (!live_[first] || only_neighbour_.contains(first)) continue;
    // Its neighbour may now be such a one too.
    std::vector<NodeId> beside;
    for (NodeId n = first; (beside = neighbours(n)).size() == 1; n = beside.front())
      only_neighbour_.emplace(n, beside.front());
  }
}

bool Routes::is_clear(Place from, Place to) const {
  const auto [x0, x1] = std::minmax(from.x, to.x);
  const auto [y0, y1] = std::minmax(from.y, to.y);
  return dead_in_row_[in_row(x1 + 1, from.y)] == dead_in_row_[in_row(x0, from.y)] &&
         dead_in_column_[in_column(to.x, y1 + 1)] == dead_in_column_[in_column(to.x, y0)];
}

Way Routes::way(NodeId source, NodeId destination, size_t most_stops) const {
  Scratch scratch;
  return way(source, destination, most_stops, &scratch);
}

Way Routes::way(NodeId source, NodeId destination, size_t most_stops, Scratch* scratch) const {
  if (only_neighbour_.empty() || is_straight(source, destination))
    return core_way(source, destination, most_stops, scratch);
  // To the first node of a ring of live ones, or the first that is on both ends' ways to one.
  std::vector<NodeId> out = chain_from(source), in = chain_from(destination);
  for (size_t i = 0; i < out.size(); ++i)
    if (const auto met = std::find(in.begin(), in.end(), out[i]); met != in.end()) {
      out.resize(i + 1);
      in.erase(met + 1, in.end());
    }
  Way way;
  if (out.back() != in.back()) way = core_way(out.back(), in.back(), most_stops, scratch);
  if (out.size() > 1 && way.second > 0 && way.second != Way::kAllFirst)
    way.second += out.size() - 1;
  way.stops.insert(way.stops.begin(), out.begin() + 1, out.end());
  way.stops.insert(way.stops.end(), in.rbegin() + 1, in.rend());
  if (way.stops.size() > most_stops) no_way(source, destination);
  return way;
}

// Itself, its only neighbour, and so on.
std::vector<NodeId> Routes::chain_from(NodeId node) const {
  std::vector<NodeId> chain{node};
  for (auto next = only_neighbour_.find(node); next != only_neighbour_.end();
       next = only_neighbour_.find(next->second))
    chain.push_back(next->second);
  return chain;
}

Way Routes::core_way(NodeId source, NodeId destination, size_t most_stops, Scratch* scratch) const {
  const Place from = place(source), to = place(destination);
  Way way{.stops = {destination}};
  if (live_.empty()) return way;
  if (is_clear(from, to)) {
    if (straight_class(from, to) == 1) way.second = 0;
    return way;
  }
  // Most often a few steps aside are enough.
  for (int32_t back = 0; back < 2; ++back)
    for (const int32_t step : {to.x >= from.x ? 1 : -1, to.x >= from.x ? -1 : 1})
      if (find(from, to, step, std::max((from.x - to.x) * step, 0) + back, &way) &&
          way.stops.size() <= most_stops)
        return way;
  if (search(from, to, &way, scratch) && way.stops.size() <= most_stops) return way;
  no_way(source, destination);
}

void Routes::no_way(NodeId source, NodeId destination) const {
  const auto columns = static_cast<NodeId>(x_first_ ? columns_ : rows_);
  throw Error(Category::kUnsupported,
              fmt::format("no way from ({},{}) to ({},{})", source % columns, source / columns,
                          destination % columns, destination / columns),
              "the network", "too many nodes are dead around them");
}

// A way that goes `back` columns against `step` and then only with it, into the nearest row that
// goes on wherever one does not; it may end where search() finds one.
bool Routes::find(Place from, Place to, int32_t step, int32_t back, Way* way) const {
  way->stops.clear();
  way->second = step > 0 ? Way::kAllFirst : 0;
  Place at{from.x - back * step, from.y};
  if (!is_live(at) || !is_clear(from, at)) return false;
  bool must_move = back > 0;  // not at once where it came from
  while (at.x != to.x) {
    const Place before = at;
    if (!climb(&at, step, to, must_move)) return false;
    must_move = false;
    if (at != before) way->stops.push_back(number(at));
    at.x += step;
  }
  way->stops.push_back(number(to));
  return is_clear(at, to) && (!must_move || at.y != to.y);
}

// Moves along the column to the nearest row from which the next column can be entered; into that of
// `to`, so that it can be reached.
bool Routes::climb(Place* at, int32_t step, Place to, bool must_move) const {
  const auto goes_on = [&](Place p) {
    const Place next{p.x + step, p.y};
    return is_live(next) && (next.x != to.x || is_clear(next, to)) && (!must_move || p.y != at->y);
  };
  bool up = true, down = true;
  for (int32_t rows = 0; up || down; ++rows) {
    const int32_t first = to.y >= at->y ? rows : -rows;
    for (const int32_t d : {first, -first}) {
      bool& open = d >= 0 ? down : up;
      const Place p{at->x, at->y + d};
      open = open && is_live(p);
      if (!open || !goes_on(p)) continue;
      *at = p;
      return true;
    }
  }
  return false;
}

// The shortest one: west; then east, north and south; then, in class 1, west, north and south.
bool Routes::search(Place from, Place to, Way* way, Scratch* scratch) const {
  enum Phase : uint8_t { kWestOnly, kNotWest, kNotEast, kNumPhases };
  using Step = Scratch::Step;
  constexpr uint8_t kUnknown = 0, kFirst = 0xff;
  // How a place was come to in a phase: 1 + the port + 4 * the phase before.
  std::vector<uint8_t>& came = scratch->came_;
  const auto state = [&](const Step& s) { return size_t{number(s.at)} * kNumPhases + s.phase; };
  came.resize(live_.size() * kNumPhases, kUnknown);
  for (const size_t before : scratch->reached_) came[before] = kUnknown;
  scratch->reached_.clear();
  // Of those whose way on could be the shortest the latest one is taken, so that it goes along the
  // row first, as other ways do. The others, which lead away, come behind these in turn.
  std::vector<Step>& closer = scratch->closer_;
  std::vector<Step>& further = scratch->further_;
  size_t first_further = 0;
  closer.assign(1, {from, kWestOnly, kFirst});
  further.clear();
  std::optional<Step> last;
  while (!last && (!closer.empty() || first_further < further.size())) {
    const Step step = closer.empty() ? further[first_further++] : closer.back();
    if (!closer.empty()) closer.pop_back();
    if (came[state(step)] != kUnknown) continue;
    came[state(step)] = step.came;
    scratch->reached_.push_back(state(step));
    if (step.at == to) last = step;
    const auto visit = [&](Port port, uint8_t then) {
      const Step next{beside(step.at, port), then, static_cast<uint8_t>(1 + port + 4 * step.phase)};
      if (!is_live(next.at) || came[state(next)] != kUnknown) return;
      (distance(next.at, to) < distance(step.at, to) ? closer : further).push_back(next);
    };
    visit(kNorth, std::max<uint8_t>(step.phase, kNotWest));
    visit(kSouth, std::max<uint8_t>(step.phase, kNotWest));
    visit(kWest, step.phase == kWestOnly ? kWestOnly : kNotEast);
    if (step.phase != kNotEast) visit(kEast, kNotWest);
  }
  if (!last) return false;
  std::vector<Step> found{*last};
  while (found.back().came != kFirst) {
    const int how = found.back().came - 1;
    Step before{beside(found.back().at, static_cast<Port>(opposite(how % 4))),
                static_cast<uint8_t>(how / 4), kUnknown};
    before.came = came[state(before)];
    found.push_back(before);
  }
  std::reverse(found.begin(), found.end());
  // Stops are where a step along a row follows one along a column.
  way->stops.clear();
  way->second = Way::kAllFirst;
  for (size_t k = 1; k + 1 < found.size(); ++k) {
    const Place at = found[k].at;
    if (at.x != found[k - 1].at.x || at.x == found[k + 1].at.x) continue;
    way->stops.push_back(number(at));
    if (found[k].phase != kNotEast && found[k + 1].phase == kNotEast)
      way->second = way->stops.size();
  }
  way->stops.push_back(number(to));
  return true;
}

Routes::Place Routes::beside(Place p, Port port) {
  return {p.x + (port == kEast) - (port == kWest), p.y + (port == kSouth) - (port == kNorth)};
}

int32_t Routes::hops(NodeId source, const Way& way) const {
  int32_t hops = 1;
  Place at = place(source);
  for (const NodeId stop : way.stops) {
    const Place to = place(stop);
    hops += distance(at, to);
    at = to;
  }
  return hops;
}

uint8_t Routes::dimension_order(Place at, Place to) {
  return at.x < to.x   ? kEast
         : at.x > to.x ? kWest
         : at.y < to.y ? kSouth
         : at.y > to.y ? kNorth
                       : kLocal;
}

std::array<uint8_t, 2> channels_of_classes(const Routes& routes, int virtual_channels) {
  const int all = (1 << virtual_channels) - 1;
  if (routes.num_classes() == 1) return {static_cast<uint8_t>(all), 0};
  if (virtual_channels < 2)
    throw Error(Category::kConfig, "one virtual channel, and dead nodes", "the router",
                "ways around dead nodes need two");
  const int first = (1 << ((virtual_channels + 1) / 2)) - 1;
  return {static_cast<uint8_t>(first), static_cast<uint8_t>(all & ~first)};
}

}  // namespace dojo::sim
