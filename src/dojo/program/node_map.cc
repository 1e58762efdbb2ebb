#include "dojo/program/node_map.h"

#include <fmt/format.h>

#include "dojo/base/check.h"

namespace dojo::program {

NodeMap::NodeMap(const Program& program, Problems* problems) : grid_(program.grid) {
  role_.resize(static_cast<size_t>(grid_.x) * static_cast<size_t>(grid_.y));
  add_classes(program, problems);
  if (!program.places.empty()) add_places(program, problems);
}

NodeMap::NodeMap(const Program& program) : grid_(program.grid) {
  Problems problems;
  *this = NodeMap(program, &problems);
  DOJO_CHECK_EQ(problems.num_errors(), 0);
}

void NodeMap::add_classes(const Program& program, Problems* problems) {
  for (size_t c = 0; c < program.classes.size(); ++c) {
    const NodeClass& node_class = program.classes[c];
    for (size_t r = 0; r < node_class.regions.size(); ++r) {
      roles_.push_back({ClassId{static_cast<int32_t>(c)}, static_cast<int32_t>(r)});
      const auto own = static_cast<uint32_t>(roles_.size());
      bool told = false;
      // Regions are few where they are large: each node is visited once, or there is a problem.
      for (int32_t j = 0; j < node_class.regions[r].region.y.count && !told; ++j) {
        for (int32_t i = 0; i < node_class.regions[r].region.x.count && !told; ++i) {
          const Coord at{node_class.regions[r].region.x.at(i),
                         node_class.regions[r].region.y.at(j)};
          uint32_t& role = role_[cell(at)];
          if (role != 0) {
            const NodeClass& other = program.classes[program::at(roles_[role - 1].node_class)];
            problems->add(ProblemKind::kClasses, {Site::Kind::kClass, static_cast<int32_t>(c)},
                          fmt::format("the node ({}, {}) is of the class {} already", at.x, at.y,
                                      other.name));
            told = true;
            continue;
          }
          role = own;
          ++num_nodes_;
        }
      }
    }
  }
}

void NodeMap::add_places(const Program& program, Problems* problems) {
  place_.assign(role_.size(), kUnplaced);
  for (size_t p = 0; p < program.places.size(); ++p) {
    const Placement& placement = program.places[p];
    const Site at{Site::Kind::kPlacement, static_cast<int32_t>(p)};
    bool told = false;
    for (int32_t j = 0; j < placement.region.y.count && !told; ++j) {
      for (int32_t i = 0; i < placement.region.x.count && !told; ++i) {
        const Coord node{placement.region.x.at(i), placement.region.y.at(j)};
        const int64_t x =
            placement.at.x + int64_t{i} * placement.right.x + int64_t{j} * placement.down.x;
        const int64_t y =
            placement.at.y + int64_t{i} * placement.right.y + int64_t{j} * placement.down.y;
        uint32_t& place = place_[cell(node)];
        if (x < 0 || y < 0 || x >= kMaxGridSide || y >= kMaxGridSide) {
          problems->add(ProblemKind::kPlaces, at,
                        fmt::format("the node ({}, {}) is put at ({}, {})", node.x, node.y, x, y));
          told = true;
        } else if (place != kUnplaced) {
          problems->add(ProblemKind::kPlaces, at,
                        fmt::format("the node ({}, {}) has a place already", node.x, node.y));
          told = true;
        } else {
          place = static_cast<uint32_t>(x) | static_cast<uint32_t>(y) << 16;
        }
      }
    }
  }
}

}  // namespace dojo::program
