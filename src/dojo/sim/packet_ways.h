// The ways of a message's packets at the level of flits. A packet goes from one node to another as
// Routes says; a message to several places needs several packets, which share what they can:
//
//      S --- o --- a --- b        S sends one packet to b. As it passes a, a keeps a copy in its
//                  |              memory and sends another one down to c and d, which c keeps too.
//                  c --- d
//
// So each link carries a multicast about once, as in a tree. Where ways part it takes the port of a
// node into the network again, of the node from which the message is estimated to be there first:
// S sends few flits in each direction itself, and lets others pass many of them on. What routers
// that multiply flits would not have: a copy waits in that node for its tail.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
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
  // hop_cycles: from a router to the next one. Throws Error(kConfig), as Routes does. The topology
  // outlives this.
  PacketWayFinder(const Topology& topology, const RouterParameters& parameters, int64_t hop_cycles)
      : topology_(topology),
        most_packet_flits_(parameters.most_packet_flits),
        hop_cycles_(hop_cycles),
        routes_(topology, parameters.virtual_channels) {}

  // Remembers what it gave. Throws Error(kUnsupported) where Routes finds no way.
  std::shared_ptr<const PacketWays> ways(PlaceId from, std::span<const PlaceId> to, int64_t flits);

 private:
  static constexpr size_t kKept = size_t{1} << 22;  // places of ways that are remembered

  std::vector<PlaceId> places(PlaceId from, PlaceId to);  // on the way, with both
  int64_t distance(PlaceId from, PlaceId to) const;       // in hops, if no dead node is between
  PacketWays make(PlaceId from, std::span<const PlaceId> to, int64_t flits);

  const Topology& topology_;
  const int64_t most_packet_flits_, hop_cycles_;
  Routes routes_;
  // By flits, from, to.
  std::map<std::vector<int64_t>, std::shared_ptr<const PacketWays>> known_;
  size_t kept_ = 0;
};

}  // namespace dojo::sim
