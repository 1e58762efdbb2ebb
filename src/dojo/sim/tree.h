// The way of a message that goes around disabled nodes, or to several places.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/machine/topology.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

// Places, each behind the one that it is reached from.
struct Tree {
  struct Node {
    PlaceId place = 0;
    int32_t first_child = 0, num_children = 0;  // children are beside each other
    machine::Side side = machine::Side::kEast;  // from the parent
    bool is_target = false;
  };
  std::vector<Node> nodes;  // the first is where the message comes from
};

}  // namespace dojo::sim
