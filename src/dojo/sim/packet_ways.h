// The ways of a multicast, at both levels of the network. Routers do not multiply packets: a
// message to several places needs several packets, each of which goes as Routes says, and they
// share what they can:
//
//      S --- o --- a --- b        S sends one packet to b. As it passes a, a keeps a copy in its
//                  |              memory and sends another one down to c and d, which c keeps too.
//                  c --- d
//
// So each link carries a multicast about once, as in a tree. Where ways part it takes the port of a
// node into the network again, of the node from which the message is estimated to be there first:
// S sends few flits in each direction itself, and lets others pass many of them on. What routers
// that multiply flits would not have: a copy waits in that node for its tail.
//
// Of a long message along a row or a column there are mostly many at the same time, one in each
// line, and links count. Its ways end before disabled nodes or behind them, where that keeps them
// on the line, and further ones begin as near to their targets as they can.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "dojo/sim/network/known_ways.h"
#include "dojo/sim/network/routes.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

struct PacketWays {
  // A node that a way passes.
  struct Step {
    PlaceId place = 0;
    int32_t target = -1;                    // which one of the message's it is here, or -1
    int32_t first_fork = 0, num_forks = 0;  // in `forks`: ways that begin here
    uint8_t port = kLocal;                  // to the next step; kLocal: the way ends
  };
  struct Way {
    PlaceId from = 0, to = 0;
    int32_t first_step = 0, last_step = 0;  // with `from` and `to`
    bool leaves_copies = false;             // before its end
  };
  std::vector<Way> ways;
  std::vector<Step> steps;
  std::vector<int32_t> forks;  // in `ways`
  std::vector<int32_t> first;  // the ways that begin where the message does
};

class PacketWayFinder {
 public:
  // hop_cycles: from a router to the next one. Routes outlive this.
  PacketWayFinder(const Routes& routes, int32_t columns, int64_t most_packet_flits,
                  int64_t hop_cycles)
      : routes_(routes),
        known_ways_(routes),
        columns_(columns),
        most_packet_flits_(most_packet_flits),
        hop_cycles_(hop_cycles) {}

  // Remembers what it gave. Throws Error(kUnsupported) where Routes finds no way.
  std::shared_ptr<const PacketWays> ways(PlaceId from, std::span<const PlaceId> to, int64_t flits);

 private:
  static constexpr size_t kKept = size_t{1} << 24;  // steps that are remembered

  const Routes& routes_;
  KnownWays known_ways_;
  const int32_t columns_;
  const int64_t most_packet_flits_, hop_cycles_;
  // By flits, from, to.
  std::map<std::vector<int64_t>, std::shared_ptr<const PacketWays>> known_;
  size_t kept_ = 0;
};

}  // namespace dojo::sim
