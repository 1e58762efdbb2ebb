// Where nodes are in the machine, and whether its nodes have as many threads.
#include <fmt/format.h>

#include <vector>

#include "dojo/program/verify_parts.h"

namespace dojo::program {
namespace {

void verify_threads(const Program& program, const MachineView& machine, Problems* problems) {
  for (size_t c = 0; c < program.classes.size(); ++c)
    for (size_t t = 0; t < kNumThreads; ++t)
      if (static_cast<int64_t>(t) >= machine.threads &&
          !program.classes[c].threads[t].instructions.empty())
        problems->add(ProblemKind::kPlaces, {Site::Kind::kClass, static_cast<int32_t>(c)},
                      fmt::format("it has a thread {}; the threads of a node of the machine are "
                                  "[0, {})",
                                  t, machine.threads));
}

}  // namespace

void verify_places(const Program& program, const NodeMap& map, const MachineView& machine,
                   Problems* problems) {
  verify_threads(program, machine, problems);
  std::vector<bool> taken(static_cast<size_t>(machine.grid.x) *
                          static_cast<size_t>(machine.grid.y));
  for (size_t cell = 0; cell < map.num_cells(); ++cell) {
    if (!map.has_role(cell)) continue;
    if (problems->count(ProblemKind::kPlaces) > Problems::kMost) return;
    const Coord node = map.coord(cell);
    const Site site{Site::Kind::kClass, index(map.role(cell).node_class)};
    const auto add = [&](std::string what) {
      problems->add(ProblemKind::kPlaces, site,
                    fmt::format("the node ({}, {}) {}", node.x, node.y, what));
    };
    if (!map.is_placed(cell)) {
      add("is in none of the places");
      continue;
    }
    const Coord place = map.place(cell);
    if (place.x >= machine.grid.x || place.y >= machine.grid.y) {
      add(fmt::format("is put at ({}, {}); the machine has {} x {} nodes", place.x, place.y,
                      machine.grid.x, machine.grid.y));
    } else if (!machine.is_live(place)) {
      add(fmt::format("is put at ({}, {}), which is disabled", place.x, place.y));
    } else {
      const size_t i = static_cast<size_t>(place.y) * static_cast<size_t>(machine.grid.x) +
                       static_cast<size_t>(place.x);
      if (taken[i]) add(fmt::format("is put at ({}, {}), where another node is", place.x, place.y));
      taken[i] = true;
    }
  }
}

}  // namespace dojo::program
