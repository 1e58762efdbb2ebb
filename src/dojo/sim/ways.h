// The ways that messages take through the mesh: along the row and then along the column, or as the
// machine says; where a disabled node is on that way, the quickest one around it, as routing tables
// would have it. A message to several places takes the quickest ways to all of them at once, and is
// multiplied where they part.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "dojo/sim/box.h"
#include "dojo/sim/mesh.h"
#include "dojo/sim/tree.h"

namespace dojo::sim {

// Where to go on from each place of a row or column and those beside it, to one of them: what the
// routing tables of these nodes have in them.
struct HopTable {
  Box box;
  std::vector<uint8_t> sides;  // by place in the box; kNowhere: there is no way

  static constexpr uint8_t kNowhere = 4;
  machine::Side next(const Mesh& mesh, PlaceId place) const {
    return static_cast<machine::Side>(sides[box.index(mesh.coord(place))]);
  }
};

class Ways {
 public:
  explicit Ways(const Mesh& mesh) : mesh_(mesh) {}

  // Of the quickest ways to `to` from the places of its row, or column, around `from`. Remembers
  // what it gave. Null where the two are in neither, or where one has to go farther afield.
  // REQUIRES: from != to.
  std::shared_ptr<const HopTable> hops(PlaceId from, PlaceId to);

  // Remembers what it gave.
  std::shared_ptr<const Tree> tree(PlaceId from, std::span<const PlaceId> to);

  // The places on the way, without the first. For one message; looks nothing up.
  std::vector<PlaceId> way(PlaceId from, PlaceId to) const;

 private:
  static constexpr size_t kKept = size_t{1} << 24;  // places of trees that are remembered
  static constexpr size_t kKeptHops = size_t{1} << 27;

  Tree make(PlaceId from, std::span<const PlaceId> to) const;
  HopTable make_hops(PlaceId to, const Box& box) const;
  bool around(PlaceId from, PlaceId to, int32_t margin, std::vector<PlaceId>* way) const;

  const Mesh& mesh_;
  std::map<std::vector<PlaceId>, std::shared_ptr<const Tree>> trees_;  // by from, to
  size_t kept_ = 0;
  std::unordered_map<uint64_t, std::shared_ptr<const HopTable>> tables_;  // by to, and which box
  size_t kept_hops_ = 0;
};

}  // namespace dojo::sim
