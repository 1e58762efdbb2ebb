#include "dojo/sim/interface_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/sim/wire.h"

namespace dojo::sim {

using machine::Coord;

namespace {

// One whose nodes at the edge are all disabled could not be reached.
[[noreturn]] void no_links(size_t index, Coord first, Coord last) {
  throw Error(Category::kConfig,
              fmt::format("the interface processor {} has no link: the nodes beside it, ({}, {}) "
                          "to ({}, {}), are all disabled",
                          index, first.x, first.y, last.x, last.y),
              "die/disabled", "let one of them live, or give each interface more nodes");
}

}  // namespace

InterfaceLinks::InterfaceLinks(const Mesh& mesh, const machine::Topology& topology) : mesh_(mesh) {
  for (size_t i = 0; i < topology.interfaces().size(); ++i) {
    const machine::Interface& interface = topology.interfaces()[i];
    first_.push_back(links_.size());
    for (int32_t l = 0; l < interface.links; ++l) {
      Coord c = interface.first;
      (is_east_west(interface.side) ? c.y : c.x) += l;
      InterfaceLink link;
      link.node = mesh_.place(c);
      link.interface = static_cast<int32_t>(i);
      link.side = interface.side;
      link.is_live = mesh_.is_live(link.node);
      link.cost = topology.interface_cost(interface.side);
      link.cost.rate = bounded(link.cost.rate);
      links_.push_back(link);
    }
    if (std::none_of(links_.begin() + static_cast<std::ptrdiff_t>(first_.back()), links_.end(),
                     [](const InterfaceLink& link) { return link.is_live; }))
      no_links(i, interface.first, mesh_.coord(links_.back().node));
  }
  first_.push_back(links_.size());
}

size_t InterfaceLinks::nearest(PlaceId interface, PlaceId node) const {
  const auto i = static_cast<size_t>(interface - mesh_.num_nodes());
  const Coord c = mesh_.coord(node);
  std::optional<size_t> best;
  int32_t best_distance = 0;
  for (size_t l = first_[i]; l < first_[i + 1]; ++l) {
    const Coord at = mesh_.coord(links_[l].node);
    const int32_t distance = std::abs(at.x - c.x) + std::abs(at.y - c.y);
    if (!links_[l].is_live || (best && distance >= best_distance)) continue;
    best = l;
    best_distance = distance;
  }
  DOJO_CHECK(best.has_value());
  return *best;
}

}  // namespace dojo::sim
