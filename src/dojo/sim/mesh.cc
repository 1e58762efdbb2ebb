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

Side Mesh::straight_side(PlaceId from, PlaceId to) const {
  const Coord a = coord(from), b = coord(to);
  const Side along_x = b.x > a.x ? Side::kEast : Side::kWest;
  const Side along_y = b.y > a.y ? Side::kSouth : Side::kNorth;
  return (router_.x_first ? a.x != b.x : a.y == b.y) ? along_x : along_y;
}

}  // namespace dojo::sim
