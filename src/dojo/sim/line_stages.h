// A long message along a row or a column: where its packets should end so that all of them keep to
// that line, and the nodes that packets pass.
//
// Note [Stages]. A packet that goes around a dead node x may do so over a neighbouring row or
// column from its begin to its end, beside the targets. So packets end before dead nodes, or behind
// them, where that lets them pass all targets on the line, and the next ones begin there:
//
//      S a b x c d e x f        from S around x to c, from there to f; a packet from S to f would
//                               stay beside c, d and e
#pragma once

#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "dojo/sim/network/known_ways.h"
#include "dojo/sim/network/routes.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

// The nodes from one to another, both among them. Routes and known ways outlive this.
struct Walks {
  const Routes& routes;
  KnownWays& known;
  PlaceId columns;

  // That a packet passes. Throws Error(kUnsupported) where Routes finds no way.
  std::vector<PlaceId> way(PlaceId from, PlaceId to) const;
  std::optional<std::vector<PlaceId>> way_if_any(PlaceId from, PlaceId to) const;

  // Along the row and then along the column (or the other way round), dead ones too.
  std::vector<PlaceId> line(PlaceId from, PlaceId to) const;

  bool is_straight(PlaceId from, PlaceId to) const;  // no dead one on that line
  PlaceId step(uint8_t port) const;                  // to the neighbour behind it
};

// Where packets end, one after the other, each beginning where the one before ended, the first one
// at line.front(). REQUIRES: line is one of Walks; line.back() is a target.
std::vector<PlaceId> line_stages(const Walks& walks, std::span<const PlaceId> line,
                                 const std::unordered_set<PlaceId>& targets);

}  // namespace dojo::sim
