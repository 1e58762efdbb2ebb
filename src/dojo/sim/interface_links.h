// The links between interface processors and the nodes at the edge that they are beside.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/machine/topology.h"
#include "dojo/sim/mesh.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

struct InterfaceLink {
  PlaceId node = 0;
  int32_t interface = 0;
  machine::Side side = machine::Side::kWest;
  bool is_live = false;    // its node is
  machine::LinkCost cost;  // its rate is bounded()
};

class InterfaceLinks {
 public:
  // The mesh outlives this. Throws Error(kConfig) if all nodes beside an interface are disabled.
  InterfaceLinks(const Mesh& mesh, const machine::Topology& topology);

  size_t size() const { return links_.size(); }
  const InterfaceLink& operator[](size_t link) const { return links_[link]; }

  // That of the interface, as a place, that is nearest to the node; of equally near ones the first.
  size_t nearest(PlaceId interface, PlaceId node) const;

 private:
  const Mesh& mesh_;
  std::vector<InterfaceLink> links_;
  std::vector<size_t> first_;  // by interface
};

}  // namespace dojo::sim
