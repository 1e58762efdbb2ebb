#include "dojo/sim/places.h"

#include "dojo/base/check.h"

namespace dojo::sim {

Places::Places(const program::NodeMap& map, int32_t columns, int32_t rows)
    : num_nodes_(columns * rows), of_cell_(map.num_cells(), -1) {
  cell_of_.assign(static_cast<size_t>(num_nodes_), UINT32_MAX);
  for (size_t cell = 0; cell < map.num_cells(); ++cell) {
    if (!map.has_role(cell)) continue;
    const program::Coord at = map.place(cell);
    DOJO_CHECK_LT(at.x, columns);
    DOJO_CHECK_LT(at.y, rows);
    of_cell_[cell] = at.y * columns + at.x;
    cell_of_[static_cast<size_t>(of_cell_[cell])] = static_cast<uint32_t>(cell);
  }
}

}  // namespace dojo::sim
