// The ways of a message's packets at the level of flits. A packet goes from one node to another as
// Routes says; a message to several places needs several packets, which share what they can:
//
//      S --- o --- a --- b        S sends one packet to b. As it passes a, a keeps a copy in its
//                  |              memory and sends another one down to c and d, which c keeps too.
//                  c --- d        Only where S itself parts the ways it sends each its own packet.
//
// So each link carries a multicast once, as a tree. What the trees of routers that multiply flits
// have not: a copy waits in the node for its tail, and takes the node's port into the network.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "dojo/sim/network/routes.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

struct PacketWay {
  struct Stop {
    PlaceId place = 0;
    int32_t target = -1;         // that the place is, or -1
    std::vector<int32_t> forks;  // other ways that begin here
  };
  PlaceId from = 0, to = 0;
  int32_t target = 0;       // that `to` is
  std::vector<Stop> stops;  // in no order; `to` only where it has forks

  const Stop* stop(PlaceId place) const;  // null: it passes without one
};

struct PacketWays {
  std::vector<PacketWay> ways;
  std::vector<int32_t> first;  // those that begin where the message does
};

class PacketWayFinder {
 public:
  // Throws Error(kConfig), as Routes does.
  PacketWayFinder(const Topology& topology, int virtual_channels)
      : topology_(topology), routes_(topology, virtual_channels) {}

  // Remembers what it gave. Throws Error(kUnsupported) where Routes finds no way.
  std::shared_ptr<const PacketWays> ways(PlaceId from, std::span<const PlaceId> to);

 private:
  static constexpr size_t kKept = size_t{1} << 22;  // places of ways that are remembered

  std::vector<PlaceId> places(PlaceId from, PlaceId to);  // on the way, with both
  PacketWays make(PlaceId from, std::span<const PlaceId> to);

  const Topology& topology_;
  Routes routes_;
  std::map<std::vector<PlaceId>, std::shared_ptr<const PacketWays>> known_;  // by from, to
  size_t kept_ = 0;
};

}  // namespace dojo::sim
