#include "dojo/sim/mesh.h"

#include <algorithm>
#include <cstdlib>

#include "dojo/sim/wire.h"

namespace dojo::sim {

using machine::Coord;
using machine::Level;
using machine::Side;

namespace {

// Of the boundary between two neighbours.
Level crossing_between(const machine::Topology& topology, Coord a, Coord b) {
  const auto links = topology.crossings(a, b);
  return machine::kLevels[static_cast<size_t>(std::find(links.begin(), links.end(), 1) -
                                              links.begin())];
}

machine::LinkCost bounded(machine::LinkCost cost) {
  cost.rate = sim::bounded(cost.rate);
  return cost;
}

}  // namespace

Mesh::Mesh(machine::Uses& uses, const machine::Topology& topology)
    : size_(topology.size()), router_(machine::router_shape(uses)) {
  live_.resize(static_cast<size_t>(num_nodes()));
  for (PlaceId p = 0; p < num_nodes(); ++p)
    live_[static_cast<size_t>(p)] = topology.is_live(topology.node_at(coord(p)));
  all_live_ = topology.num_live() == topology.num_nodes();
  for (int32_t x = 0; x + 1 < size_.x; ++x) {
    column_crossing_.push_back(crossing_between(topology, {x, 0}, {x + 1, 0}));
    costs_[at(column_crossing_.back())][0] =
        bounded(topology.cost(column_crossing_.back(), Side::kEast));
  }
  for (int32_t y = 0; y + 1 < size_.y; ++y) {
    row_crossing_.push_back(crossing_between(topology, {0, y}, {0, y + 1}));
    costs_[at(row_crossing_.back())][1] =
        bounded(topology.cost(row_crossing_.back(), Side::kSouth));
  }
  if (all_live_) return;
  dead_in_row_.resize(static_cast<size_t>(num_nodes()));
  dead_in_column_.resize(static_cast<size_t>(num_nodes()));
  for (PlaceId p = 0; p < num_nodes(); ++p) {
    const auto i = static_cast<size_t>(p), columns = static_cast<size_t>(size_.x);
    if (coord(p).x > 0) dead_in_row_[i] = dead_in_row_[i - 1] + (live_[i - 1] ? 0 : 1);
    if (coord(p).y > 0)
      dead_in_column_[i] = dead_in_column_[i - columns] + (live_[i - columns] ? 0 : 1);
  }
}

Level Mesh::crossing(PlaceId place, Side side) const {
  const Coord c = coord(place);
  switch (side) {
    case Side::kEast:
      return column_crossing_[static_cast<size_t>(c.x)];
    case Side::kWest:
      return column_crossing_[static_cast<size_t>(c.x - 1)];
    case Side::kNorth:
      return row_crossing_[static_cast<size_t>(c.y - 1)];
    case Side::kSouth:
      return row_crossing_[static_cast<size_t>(c.y)];
  }
  return Level::kNode;
}

bool Mesh::row_is_clear(int32_t y, int32_t x0, int32_t x1) const {
  const auto first = static_cast<size_t>(place({std::min(x0, x1), y}));
  const auto last = static_cast<size_t>(place({std::max(x0, x1), y}));
  return live_[last] && dead_in_row_[last] == dead_in_row_[first];
}

bool Mesh::column_is_clear(int32_t x, int32_t y0, int32_t y1) const {
  const auto first = static_cast<size_t>(place({x, std::min(y0, y1)}));
  const auto last = static_cast<size_t>(place({x, std::max(y0, y1)}));
  return live_[last] && dead_in_column_[last] == dead_in_column_[first];
}

bool Mesh::is_straight_clear(PlaceId from, PlaceId to) const {
  if (all_live_) return true;
  const Coord a = coord(from), b = coord(to);
  return router_.x_first ? row_is_clear(a.y, a.x, b.x) && column_is_clear(b.x, a.y, b.y)
                         : column_is_clear(a.x, a.y, b.y) && row_is_clear(b.y, a.x, b.x);
}

Side Mesh::straight_side(PlaceId from, PlaceId to) const {
  const Coord a = coord(from), b = coord(to);
  const Side along_x = b.x > a.x ? Side::kEast : Side::kWest;
  const Side along_y = b.y > a.y ? Side::kSouth : Side::kNorth;
  return (router_.x_first ? a.x != b.x : a.y == b.y) ? along_x : along_y;
}

}  // namespace dojo::sim
