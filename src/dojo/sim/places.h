// Where the nodes of a program are in a machine: cells of the logical grid, and places, which are
// the machine's nodes row by row and behind them its interfaces (transport.h).
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/program/node_map.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

class Places {
 public:
  Places(const program::NodeMap& map, int32_t columns, int32_t rows);

  PlaceId of_cell(size_t cell) const { return of_cell_[cell]; }  // REQUIRES: it has a role
  PlaceId of_interface(int64_t i) const { return num_nodes_ + static_cast<PlaceId>(i); }
  bool is_interface(PlaceId place) const { return place >= num_nodes_; }
  int32_t interface_of(PlaceId place) const { return place - num_nodes_; }
  size_t cell_of(PlaceId place) const { return cell_of_[static_cast<size_t>(place)]; }
  int32_t num_nodes() const { return num_nodes_; }

 private:
  int32_t num_nodes_;
  std::vector<PlaceId> of_cell_;
  std::vector<uint32_t> cell_of_;  // by place
};

}  // namespace dojo::sim
