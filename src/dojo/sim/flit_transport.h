// Time at the level of flits: messages are cut into packets, which go through the routers of
// network/ flit by flit, cycle by cycle: virtual channels, buffers that fill up, shares of a link.
//
//   read       a node sends one packet after the other, a flit a cycle, which is its memory's port
//              too; messages of one packet go between the packets of longer ones
//   network    network/network.h; ways around disabled nodes as its routing tables have them
//   written    what comes from the network, and what multicasts leave on their way (packet_ways.h),
//              goes through the memory's other port, a flit a cycle
//
// The network has no links to interfaces: packets leave it, or come into it, through the port of
// the node at the edge, and go over that link one after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "dojo/sim/event_queue.h"
#include "dojo/sim/interface_links.h"
#include "dojo/sim/mesh.h"
#include "dojo/sim/network/machine_network.h"
#include "dojo/sim/network/network.h"
#include "dojo/sim/packet_ways.h"
#include "dojo/sim/transport.h"
#include "dojo/sim/wire.h"

namespace dojo::sim {

class FlitTransport : public Transport {
 public:
  // The topology outlives this. Throws Error(kUnimplemented) as network_of() does, and for memories
  // whose network ports take less than a flit a cycle.
  FlitTransport(machine::Uses& uses, const machine::Topology& topology, int threads = 1);

  void send(const Send& send) override;
  Cycles next() const override;
  // Throws Error(kInput) when no flit can ever move again.
  void advance(Cycles now, std::vector<Arrival>* arrivals) override;
  std::vector<LinkStats> links() const override;
  void fields(Archive& archive, Cycles next) override;

 private:
  struct Flow {
    uint32_t message = 0;
    PlaceId from = 0;
    uint64_t order = 0;
    int64_t flits = 0, packets = 0;
    int64_t begun = 0;          // packets that were given to the network or to an interface's link
    int64_t unsent = 0;         // packets that have not left the memory
    int32_t link = -1;          // to or from an interface
    int32_t unwritten = 0;      // targets
    std::vector<PlaceId> to;    // targets
    std::vector<int64_t> left;  // packets to come, by target
    std::shared_ptr<const PacketWays> ways;
  };

  struct Packet {
    uint32_t flow = 0;
    int32_t way = 0, flits = 0;
    bool from_memory = false;  // where the message begins, not where ways part
    int32_t step = 0;          // of the way, that it passes next, if that is told
  };

  // What a node has to send.
  struct Sender {
    std::deque<Packet> next;     // whole messages, and what multicasts leave to it
    std::deque<uint32_t> flows;  // behind these
    bool sends = false;          // a packet is leaving
  };

  struct Ready {
    uint32_t flow = 0;
    uint64_t flow_order = 0;
    uint64_t order() const { return flow_order; }
  };

  struct Event {
    enum class Kind : uint8_t {
      kWritten,  // the last byte is in the memory of `target`
      kLink,     // an interface's link takes the next packet
      kEnter     // a packet comes from there
    } kind = Kind::kWritten;
    uint32_t flow = 0;
    int32_t target = 0;
    int32_t flits = 0;
    uint64_t flow_order = 0;
    int32_t waited = 0;  // of kWritten: Arrival::waited
    uint64_t order() const { return flow_order; }
  };

  // Where packets end: takes their flits at its rate. Flits of several packets may come mixed.
  struct Sink {
    // When the last flit is through, which comes in the cycle `tail` if nothing holds it up.
    Cycles take(Cycles tail, int64_t flits, int64_t flit_bytes, const machine::Rate& rate,
                int64_t mixed_flits);
    int64_t free = 0;  // in parts of a cycle, as in Wire
    int64_t bytes = 0;
    Cycles stalled = 0;
  };

  bool is_interface(PlaceId place) const { return place >= mesh_.num_nodes(); }
  bool is_from_interface(const Flow& flow) const { return is_interface(flow.from); }
  const InterfaceLink& link_of(const Flow& flow) const {
    return interface_links_[static_cast<size_t>(flow.link)];
  }
  int32_t flits_of(const Flow& flow, int64_t packet) const;
  uint32_t new_flow();

  void ready(uint32_t flow, Cycles now);
  void go_on(PlaceId place, Cycles now);
  void inject(PlaceId place, const Packet& packet, Cycles now);
  void serve_link(uint32_t flow, Cycles now);
  void enter(uint32_t flow, int32_t flits);
  void step(const PacketStep& step, std::vector<Arrival>* arrivals);
  void leave_copies(const Packet& packet, const PacketWays::Step& at, Cycles arrives);
  void come(const Packet& packet, int32_t target, Cycles arrives);
  void event(const Event& event, Cycles now, std::vector<Arrival>* arrivals);

  const Mesh mesh_;
  const int64_t flit_bytes_, packet_flits_;
  machine::Rate in_rate_;  // of a memory's network port
  MachineNetwork machine_;
  std::unique_ptr<Network> network_;
  Routes routes_;
  PacketWayFinder finder_;
  InterfaceLinks interface_links_;
  std::vector<Wire> from_interface_;  // by link
  std::vector<Sink> to_interface_;    // the same
  std::vector<std::deque<uint32_t>> waiting_at_link_;

  std::vector<Flow> flows_;
  std::vector<uint32_t> free_flows_;
  std::vector<Packet> packets_;  // by tag
  std::vector<uint32_t> free_packets_;
  std::map<PlaceId, Sender> senders_;
  std::vector<Sink> memories_;  // by place
  std::vector<PlaceId> woken_;  // senders that may go on in this cycle
  EventQueue<Ready> ready_;     // a cycle later than they are
  EventQueue<Event> done_;
};

}  // namespace dojo::sim
