// The machine's mesh as a simulator walks over it: nodes row by row over the whole machine, each
// with up to four neighbours.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/machine/router.h"
#include "dojo/machine/topology.h"
#include "dojo/sim/time.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

class Mesh {
 public:
  Mesh(machine::Uses& uses, const machine::Topology& topology);

  int32_t columns() const { return size_.x; }
  int32_t rows() const { return size_.y; }
  int32_t num_nodes() const { return size_.x * size_.y; }
  PlaceId place(machine::Coord c) const { return c.y * size_.x + c.x; }
  machine::Coord coord(PlaceId place) const { return {place % size_.x, place / size_.x}; }
  bool is_live(PlaceId place) const { return live_[static_cast<size_t>(place)]; }
  bool inside(machine::Coord c) const {
    return c.x >= 0 && c.y >= 0 && c.x < size_.x && c.y < size_.y;
  }

  // REQUIRES: there is one.
  PlaceId neighbour(PlaceId place, machine::Side side) const {
    switch (side) {
      case machine::Side::kEast:
        return place + 1;
      case machine::Side::kWest:
        return place - 1;
      case machine::Side::kNorth:
        return place - size_.x;
      case machine::Side::kSouth:
        return place + size_.x;
    }
    return place;
  }

  machine::Level crossing(PlaceId place, machine::Side side) const;
  const machine::LinkCost& cost(PlaceId place, machine::Side side) const {
    return costs_[machine::at(crossing(place, side))][machine::is_east_west(side) ? 0 : 1];
  }
  const machine::RouterShape& router() const { return router_; }

  // The first side of the way along the row and along the column, in the machine's order.
  // REQUIRES: from != to.
  machine::Side straight_side(PlaceId from, PlaceId to) const;

 private:
  machine::Coord size_;
  machine::RouterShape router_;
  std::vector<bool> live_;
  std::vector<machine::Level> column_crossing_, row_crossing_;  // from one to the next
  std::array<std::array<machine::LinkCost, 2>, machine::kLevels.size()> costs_{};
};

}  // namespace dojo::sim
