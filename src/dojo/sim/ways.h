// The ways that messages take through the mesh: along the row and then along the column, or as the
// machine says; where a disabled node is on that way, the quickest one around it, as routing tables
// would have it. A message to several places takes the ways to all of them at once, and is
// multiplied where they part.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "dojo/sim/mesh.h"

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

class Ways {
 public:
  explicit Ways(const Mesh& mesh) : mesh_(mesh) {}

  // Remembers what it gave.
  std::shared_ptr<const Tree> tree(PlaceId from, std::span<const PlaceId> to);

  // The places on the way, without the first. For one message; looks nothing up.
  std::vector<PlaceId> way(PlaceId from, PlaceId to) const;

 private:
  static constexpr size_t kKept = size_t{1} << 24;  // places of trees that are remembered

  Tree make(PlaceId from, std::span<const PlaceId> to) const;
  bool around(PlaceId from, PlaceId to, int32_t margin, std::vector<PlaceId>* way) const;

  const Mesh& mesh_;
  std::map<std::vector<PlaceId>, std::shared_ptr<const Tree>> trees_;  // by from, to
  size_t kept_ = 0;
};

}  // namespace dojo::sim
