#include "dojo/compiler/library/target.h"

#include <fmt/format.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/bound.h"
#include "dojo/compiler/library/library.h"

namespace dojo::compiler {

Target::Target(machine::Uses& uses)
    : view(program::machine_view(uses)), topology(uses), level(uses.machine().level()) {
  const machine::NodeShape shape = machine::node_shape(uses);
  matrix_rows = shape.matrix_rows;
  matrix_columns = shape.matrix_columns;
  matrix_depth = shape.matrix_depth;
  const Bounds bounds(uses);
  const machine::Coord size = topology.size();
  across_cycles =
      std::max(bounds.way({0, 0}, {size.x - 1, 0}), bounds.way({0, 0}, {0, size.y - 1}));
  for (const machine::Level crossing : machine::kLevels) {
    if (crossing >= level) break;
    const machine::Coord part = topology.span(crossing);
    const machine::Coord whole = topology.span(machine::kLevels[machine::at(crossing) + 1]);
    for (const machine::Side side : {machine::Side::kEast, machine::Side::kSouth})
      if (is_east_west(side) ? part.x < whole.x : part.y < whole.y)  // there are such links
        longest_link_cycles =
            std::max(longest_link_cycles, topology.cost(crossing, side).latency_cycles);
  }
}

void check_size(const char* what, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max)
    throw Error(Category::kInput, fmt::format("{} is {}", what, value), "",
                min == LibrarySize::kAutomatic
                    ? fmt::format("allowed are 0 to {}, or {}: it is chosen", max, min)
                    : fmt::format("allowed are {} to {}", min, max));
}

}  // namespace dojo::compiler
