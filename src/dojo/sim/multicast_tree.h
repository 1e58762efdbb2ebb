// The quickest ways from one place to several, as a tree: each place of it is on the way to a
// target, and is reached once. All are found in one search, so that it takes as long as the mesh is
// large and not as there are targets.
#pragma once

#include <span>

#include "dojo/sim/mesh.h"
#include "dojo/sim/tree.h"

namespace dojo::sim {

// Of several ways that are equally quick, a place has the one that comes to it as straight ways do:
// along the column, where those go along the row first. REQUIRES: live nodes.
Tree multicast_tree(const Mesh& mesh, PlaceId from, std::span<const PlaceId> to);

}  // namespace dojo::sim
