#include "dojo/sim/network/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

// Pairs whose stops are remembered.
constexpr size_t kMostKnown = size_t{1} << 20;

}  // namespace

Routes::Routes(const Topology& t, int virtual_channels) : columns_(t.columns), rows_(t.rows) {
  const int all = (1 << virtual_channels) - 1;
  vcs_[0] = static_cast<uint8_t>(all);
  if (t.num_live() == t.nodes()) return;
  if (virtual_channels < 2)
    throw Error(Category::kConfig, "one virtual channel, and dead nodes", "the router",
                "ways around dead nodes need two, and better four");
  // One for each class but the first, which most packets never leave.
  num_classes_ = virtual_channels < 4 ? 2 : kMostClasses;
  int first = virtual_channels - (num_classes_ - 1);
  vcs_[0] = static_cast<uint8_t>((1 << first) - 1);
  for (int c = 1; c < num_classes_; ++c) vcs_[c] = static_cast<uint8_t>(1 << first++);
  dead_in_row_.resize(static_cast<size_t>(rows_) * static_cast<size_t>(columns_ + 1));
  dead_in_column_.resize(static_cast<size_t>(rows_ + 1) * static_cast<size_t>(columns_));
  for (int32_t y = 0; y < rows_; ++y)
    for (int32_t x = 0; x < columns_; ++x) {
      const int32_t dead = t.live[t.at(x, y)] ? 0 : 1;
      in_row(x + 1, y) = in_row(x, y) + dead;
      in_column(x, y + 1) = in_column(x, y) + dead;
    }
}

bool Routes::is_clear(Place from, Place to) const {
  const auto [x0, x1] = std::minmax(from.x, to.x);
  const auto [y0, y1] = std::minmax(from.y, to.y);
  return in_row(x1 + 1, from.y) == in_row(x0, from.y) &&
         in_column(to.x, y1 + 1) == in_column(to.x, y0);
}

Stops Routes::stops(NodeId source, NodeId destination) {
  const Stops straight = {destination, destination, destination};
  if (num_classes_ == 1) return straight;
  const Place from = place(source), to = place(destination);
  if (is_clear(from, to)) return straight;
  const uint64_t pair = uint64_t{source} << 32 | destination;
  if (const auto found = known_.find(pair); found != known_.end()) return found->second;
  const Stops stops = find_stops(from, to);
  if (known_.size() >= kMostKnown) known_.clear();
  known_.emplace(pair, stops);
  return stops;
}

// In the column of `from`, or in the row of `to`, the nearest one first: so the way is along
// another row or another column.
std::optional<Routes::Place> Routes::find_stop(Place from, Place to) const {
  for (int32_t away = 1; away < std::max(columns_, rows_); ++away)
    for (const int32_t side : {away, -away}) {
      const Place row{from.x, to.y >= from.y ? from.y + side : from.y - side};
      if (row.y >= 0 && row.y < rows_ && is_clear(from, row) && is_clear(row, to)) return row;
      const Place column{to.x >= from.x ? to.x - side : to.x + side, to.y};
      if (column.x >= 0 && column.x < columns_ && is_clear(from, column) && is_clear(column, to))
        return column;
    }
  return {};
}

Stops Routes::find_stops(Place from, Place to) const {
  const NodeId destination = number(to);
  if (const auto stop = find_stop(from, to)) return {number(*stop), destination, destination};
  if (num_classes_ > 2)
    for (int32_t away = 1; away < std::max(columns_, rows_); ++away)
      for (const Place first : {Place{from.x, from.y + away}, Place{from.x, from.y - away},
                                Place{from.x + away, from.y}, Place{from.x - away, from.y}}) {
        if (first.x < 0 || first.x >= columns_ || first.y < 0 || first.y >= rows_ ||
            !is_clear(from, first))
          continue;
        if (const auto second = find_stop(first, to))
          return {number(first), number(*second), destination};
      }
  throw Error(Category::kUnsupported,
              fmt::format("no way from ({},{}) to ({},{}) with {} stop{}", from.x, from.y, to.x,
                          to.y, num_classes_ - 1, num_classes_ > 2 ? "s" : ""),
              "the network",
              num_classes_ > 2 ? "too many nodes are dead around them"
                               : "four virtual channels allow two stops");
}

Hop Routes::next(NodeId at, const Stops& stops, uint32_t vc_class) const {
  while (at == stops[vc_class] && at != stops.back()) ++vc_class;
  return {dimension_order(place(at), place(stops[vc_class])), static_cast<uint8_t>(vc_class)};
}

uint8_t Routes::dimension_order(Place at, Place to) {
  return at.x < to.x   ? kEast
         : at.x > to.x ? kWest
         : at.y < to.y ? kSouth
         : at.y > to.y ? kNorth
                       : kLocal;
}

int32_t hops(const Routes& routes, NodeId source, const Stops& stops) {
  int32_t hops = 1;
  NodeId at = source;
  for (const NodeId stop : stops) {
    const Routes::Place from = routes.place(at), to = routes.place(stop);
    hops += std::abs(from.x - to.x) + std::abs(from.y - to.y);
    at = stop;
  }
  return hops;
}

}  // namespace dojo::sim
