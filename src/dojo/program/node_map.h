// Which class each logical node is of, and where it is in the machine. 8 bytes a node.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/program/problem.h"
#include "dojo/program/program.h"

namespace dojo::program {

class NodeMap {
 public:
  // Adds a problem for each class that has a node of another, and each place that has one of
  // another place. With such problems the first one counts.
  NodeMap(const Program& program, Problems* problems);
  // REQUIRES: verified.
  explicit NodeMap(const Program& program);

  struct Role {
    ClassId node_class;
    int32_t region;  // in NodeClass::regions
  };

  int64_t num_nodes() const { return num_nodes_; }  // that have a class
  bool inside(int64_t x, int64_t y) const { return x >= 0 && y >= 0 && x < grid_.x && y < grid_.y; }
  // The place of a node in arrays with an element for each. REQUIRES: inside.
  size_t cell(Coord c) const {
    return static_cast<size_t>(c.y) * static_cast<size_t>(grid_.x) + static_cast<size_t>(c.x);
  }
  size_t num_cells() const { return role_.size(); }
  Coord coord(size_t cell) const {
    return {static_cast<int32_t>(cell % static_cast<size_t>(grid_.x)),
            static_cast<int32_t>(cell / static_cast<size_t>(grid_.x))};
  }

  bool has_role(size_t cell) const { return role_[cell] != 0; }
  Role role(size_t cell) const { return roles_[role_[cell] - 1]; }  // REQUIRES: has_role

  bool is_placed(size_t cell) const { return place_.empty() || place_[cell] != kUnplaced; }
  Coord place(size_t cell) const {  // in the machine. REQUIRES: is_placed
    if (place_.empty()) return coord(cell);
    return {static_cast<int32_t>(place_[cell] & 0xffff), static_cast<int32_t>(place_[cell] >> 16)};
  }

 private:
  static constexpr uint32_t kUnplaced = 0xffffffff;

  void add_classes(const Program& program, Problems* problems);
  void add_places(const Program& program, Problems* problems);

  Coord grid_;
  int64_t num_nodes_ = 0;
  std::vector<Role> roles_;     // of all regions of all classes
  std::vector<uint32_t> role_;  // by cell: 1 + index into roles_, or 0
  std::vector<uint32_t> place_;
};

// fn(coord) for all nodes of a region.
template <typename Fn>
void for_each_node(const Region& region, Fn&& fn) {
  for (int32_t j = 0; j < region.y.count; ++j)
    for (int32_t i = 0; i < region.x.count; ++i) fn(Coord{region.x.at(i), region.y.at(j)});
}

}  // namespace dojo::program
