// The network at the level of flits: each router, each flit, each cycle. Packets are given to
// their source nodes, which send them one after the other in that order, one flit a cycle; what
// has arrived is handed out with its times.
//
//   auto network = make_network(booksim_mesh(8, 8), RouterParameters{}, {});
//   network->send({.source = 0, .destination = 63, .flits = 1, .created = 0, .tag = 7});
//   network->run_until(100);
//   network->take_arrived();  // tag 7, arrived 62: 2 cycles, and 4 for each of 15 routers
//
// Two models with one meaning: make_network() does work only where flits are;
// make_reference_network() visits every router in every cycle and says what it should be. Neither
// is thread-safe from outside.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "dojo/sim/network/router_parameters.h"
#include "dojo/sim/network/topology.h"

namespace dojo::sim {

inline constexpr Cycle kNoEvent = std::numeric_limits<Cycle>::max();

// What steps() says of a packet, beside its arrival.
enum class Told : uint8_t {
  kArrival,  // nothing
  kEnds,     // that it has left its source, and that it is about to arrive
  kRouters   // and that it has left each router
};

struct SentPacket {
  NodeId source = 0, destination = 0;
  int32_t flits = 1;
  Cycle created = 0;  // it may leave from this cycle on
  uint32_t tag = 0;   // comes back with its arrival
  Told told = Told::kArrival;
};

struct ArrivedPacket {
  uint32_t tag = 0;
  NodeId source = 0, destination = 0;
  int32_t flits = 1;
  int32_t hops = 0;  // routers on the way
  Cycle created = 0;
  Cycle issued = 0;   // when its head left the source node
  Cycle arrived = 0;  // when its tail was at the destination node
  friend bool operator==(const ArrivedPacket&, const ArrivedPacket&) = default;
};

struct PacketStep {
  enum class Kind : uint8_t {
    kSent,     // its tail left the source `node` in this cycle
    kPassed,   // its tail left the router of `node` for another one in this cycle
    kArriving  // its tail will be at its destination `node` in this cycle, now() or later
  } kind = Kind::kSent;
  uint32_t tag = 0;
  NodeId node = 0;
  Cycle cycle = 0;
  friend auto operator<=>(const PacketStep&, const PacketStep&) = default;
};

// Of one output of a router.
struct LinkCounts {
  int64_t flits = 0;
  int64_t stalls = 0;  // cycles that flits waited for this output beyond what its stages take
  friend bool operator==(const LinkCounts&, const LinkCounts&) = default;
};

class Network {
 public:
  virtual ~Network() = default;

  // REQUIRES: packets of one source come in the order of their creation, and source and destination
  // live. What was created before now() may leave from now on. Throws Error(kConfig) for a size
  // that the routers do not take, and Error(kUnsupported) if dead nodes leave no way that Routes
  // finds.
  virtual void send(const SentPacket& packet) = 0;

  // Simulates the cycles [now(), end). Throws Error(kInput) that says who waits for whom when no
  // flit can ever move again.
  virtual void run_until(Cycle end) = 0;

  virtual Cycle now() const = 0;

  // Until then run_until() changes nothing but now(), and no packet arrives; not before now().
  // kNoEvent: nothing is on its way.
  virtual Cycle next_event() const = 0;

  // Packets that have arrived before now(), each once, ordered by (arrived, destination).
  virtual std::vector<ArrivedPacket> take_arrived() = 0;

  // Of packets that are to be told of, what has happened before now(), each once, in an order that
  // only the packets decide.
  virtual std::vector<PacketStep> take_steps() = 0;

  // Packets that were sent and are not handed out yet.
  virtual int64_t in_flight() const = 0;
  // Of these, those of a source that have not left it.
  virtual int64_t waiting(NodeId source) const = 0;

  // Since the beginning; `port` may be kLocal.
  virtual LinkCounts counts(NodeId node, int port) const = 0;

  virtual int64_t bytes() const = 0;  // of memory held
};

struct NetworkOptions {
  int threads = 1;  // the same results with any number
};

// Throws Error(kConfig), as check() of its arguments does.
std::unique_ptr<Network> make_network(const Topology& topology, const RouterParameters& parameters,
                                      const NetworkOptions& options);
std::unique_ptr<Network> make_reference_network(const Topology& topology,
                                                const RouterParameters& parameters);

}  // namespace dojo::sim
