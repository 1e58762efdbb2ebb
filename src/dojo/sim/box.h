// A rectangle of the mesh, for searches that do not look farther.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dojo/machine/topology.h"
#include "dojo/sim/mesh.h"

namespace dojo::sim {

struct Box {
  int32_t x0, y0, x1, y1;  // [x0, x1), [y0, y1)

  bool contains(machine::Coord c) const { return c.x >= x0 && c.x < x1 && c.y >= y0 && c.y < y1; }
  // Row by row. REQUIRES: contains(c).
  size_t index(machine::Coord c) const {
    return static_cast<size_t>(c.y - y0) * static_cast<size_t>(x1 - x0) +
           static_cast<size_t>(c.x - x0);
  }
  size_t size() const { return static_cast<size_t>(x1 - x0) * static_cast<size_t>(y1 - y0); }
};

inline machine::Coord moved(machine::Coord c, machine::Side side) {
  using machine::Side;
  c.x += side == Side::kEast ? 1 : side == Side::kWest ? -1 : 0;
  c.y += side == Side::kSouth ? 1 : side == Side::kNorth ? -1 : 0;
  return c;
}

// Of neighbours.
inline machine::Side side_between(const Mesh& mesh, PlaceId from, PlaceId to) {
  using machine::Side;
  const machine::Coord a = mesh.coord(from), b = mesh.coord(to);
  if (a.y == b.y) return b.x > a.x ? Side::kEast : Side::kWest;
  return b.y > a.y ? Side::kSouth : Side::kNorth;
}

// Cycles of a head that waits for nobody, through a node's router and over the link behind it.
inline Cycles step_cycles(const Mesh& mesh, PlaceId place, machine::Side side) {
  return mesh.cost(place, side).latency_cycles + mesh.router().head_cycles();
}

}  // namespace dojo::sim
