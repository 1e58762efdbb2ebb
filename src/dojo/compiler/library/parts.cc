#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

void on_all_but(program::ClassBuilder* node_class, program::Coord grid, program::Coord one) {
  const auto on = [&](program::Range x, program::Range y) {
    if (x.count > 0 && y.count > 0) node_class->on({x, y});
  };
  on({0, grid.x}, {0, one.y});
  on({0, one.x}, {one.y, 1});
  on({one.x + 1, grid.x - one.x - 1}, {one.y, 1});
  on({0, grid.x}, {one.y + 1, grid.y - one.y - 1});
}

}  // namespace dojo::compiler
