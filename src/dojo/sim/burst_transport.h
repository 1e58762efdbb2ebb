// Time at the level of bursts: messages as events on links. A message is cut into segments of a few
// packets; a segment comes to a router, waits there for the link that it needs, holds it for as
// long as its flits take, and comes to the next router. What the flit level has and this has not:
// channels and buffers inside the network that fill up, and packets that share a link flit by flit.
//
//   read       flits leave the sender's memory through its network port, one segment after another,
//              each when the one before has gone over its first link but for what a buffer holds
//   router     a head that waits for nobody leaves it RouterShape::head_cycles() after it came
//   link       its flits follow each other at the link's rate; the next head comes its latency
//   later written    flits go through the network port of the memory where the message ends
//
// Ways are those of the level flit: routes.h around disabled nodes, and packet_ways.h to several
// places. docs/simulator.md counts an example.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "dojo/sim/event_queue.h"
#include "dojo/sim/interface_links.h"
#include "dojo/sim/mesh.h"
#include "dojo/sim/network/known_ways.h"
#include "dojo/sim/network/routes.h"
#include "dojo/sim/observer.h"
#include "dojo/sim/packet_ways.h"
#include "dojo/sim/transport.h"
#include "dojo/sim/wire.h"
#include "dojo/sim/zeroed_array.h"

namespace dojo::sim {

class BurstTransport : public Transport {
 public:
  // Topology and observer outlive this.
  BurstTransport(machine::Uses& uses, const machine::Topology& topology,
                 Observer* observer = nullptr);

  void send(const Send& send) override;
  Cycles next() const override { return queue_.next(); }
  void advance(Cycles now, std::vector<Arrival>* arrivals) override;

  std::vector<LinkStats> links() const override;
  void fields(Archive& archive, Cycles next) override;

 private:
  static constexpr int64_t kSegmentPackets = 1;
  static constexpr int64_t kMostSegments = 4;  // of a message; longer ones have larger segments

  enum Port : size_t { kIn = 4, kOut = 5 };  // to and from a node's memory, behind its four sides
  static constexpr size_t kWires = 6;        // of a node
  enum Direction : size_t { kToInterface = 0, kFromInterface = 1 };

  struct Flow {
    uint32_t message = 0;
    PlaceId from = 0, to = 0;  // `to`: of a single target
    int32_t to_come = 0;       // targets
    uint64_t order = 0;
    int64_t flits = 0;
    int64_t unsent = 0;  // of them
    bool is_short = false;
    int32_t interface_wire = -1;             // the link that it takes to or from an interface
    std::unique_ptr<const Way> way;          // around disabled nodes
    std::shared_ptr<const PacketWays> ways;  // to several targets
  };

  // What a node has to send, one after the other: messages and copies of one packet before others.
  // Single flits go between these.
  struct Sender {
    struct Queue {
      uint32_t first, last;  // in waiting_, + 1; 0: none
    } queues[2];
    bool sends;  // a segment is on its way to the first link
  };

  struct Event {
    enum class Kind : uint8_t {
      kReady,
      kFork,  // a copy begins from where it was left
      kHead,
      kRead,
      kWritten
    } kind = Kind::kReady;
    bool is_last = false;     // segment of its message
    bool holds_port = false;  // of its sender
    uint32_t flow = 0;
    PlaceId place = 0;  // of kHead: the router
    int32_t step = 0;   // the next stop of its way; of several: the step of PacketWays
    int32_t flits = 0;
    int32_t waited = 0;  // of kWritten: Arrival::waited
    Cycles tail = 0;     // when the last flit comes to this router
    uint64_t flow_order = 0;
    uint64_t order() const { return flow_order; }
  };

  struct Waiting {
    Event event;        // kReady or kFork
    uint32_t next = 0;  // behind it, + 1
  };

  using NodeWires = std::array<Wire, kWires>;

  Wire& wire(PlaceId place, size_t which) { return wires_[static_cast<size_t>(place)][which]; }
  bool is_interface(PlaceId place) const { return place >= mesh_.num_nodes(); }

  // Ways that begin where the message does.
  static int64_t copies(const Flow& flow) { return flow.ways ? std::ssize(flow.ways->first) : 1; }
  int64_t last_packet(int64_t flits) const { return (flits - 1) % packet_flits_ + 1; }
  int64_t take_segment(Flow& flow) const;

  void ready(const Event& event, Cycles now);
  void send_all(const Event& event, Cycles now);
  void send_behind_others(PlaceId place, const Event& event, Cycles now);
  void append(Sender::Queue* queue, const Event& event);
  void send_next(PlaceId place, Cycles now);
  void send_copy(const Event& event, bool holds_port, Cycles now);
  void push_heads(uint32_t number, PlaceId place, const Wire::Served& served, Cycles latency,
                  int64_t flits, bool holds_port);
  void push_read(uint32_t number, Cycles read);
  void free_port(const Event& event, Cycles link_free, Cycles now);
  void head(const Event& event, Cycles now);
  Wire::Served pass(const Event& event, Cycles now);
  void fork(const Event& event, Cycles now);
  Wire::Served go(const Event& event, machine::Side side, int32_t step, Cycles now);
  Wire::Served leave(const Event& event, Cycles now);  // the mesh, into a memory
  void tell(const Flow& flow, const InterfaceLink* link, PlaceId node, machine::Side side,
            const Wire::Served& served, int64_t bytes) const;
  void finish(uint32_t flow);

  // Checkpoints: burst_checkpoint.cc.
  void fields(Archive& archive, Flow& flow);
  void fields(Archive& archive, Sender::Queue& queue);
  void fields(Archive& archive, Event& event) const;
  std::vector<PlaceId> targets(const Flow& flow) const;
  void set_ways(Flow* flow, const std::vector<PlaceId>& to);
  void check_waiting() const;
  void check(const Event& event) const;  // against the flow that it belongs to

  void touch_for(std::span<const Event> events) const;

  Observer* const observer_;
  const Mesh mesh_;
  const int64_t flit_bytes_, segment_flits_, packet_flits_;
  const Cycles slack_;  // that a segment may wait in a router before it holds up what is behind
  machine::Rate in_rate_, out_rate_;  // of a memory's network ports
  Routes routes_;
  KnownWays known_ways_;
  PacketWayFinder finder_;
  ZeroedArray<NodeWires> wires_;  // by place
  ZeroedArray<Sender> senders_;   // the same
  InterfaceLinks interface_links_;
  std::vector<std::array<Wire, 2>> interface_wires_;  // the same, and by Direction
  std::vector<Waiting> waiting_;
  std::vector<uint32_t> free_waiting_;
  std::vector<Flow> flows_;
  std::vector<uint32_t> free_flows_;
  EventQueue<Event> queue_;
  bool is_resumed_ = false;  // from a checkpoint, which anybody may have written
};

}  // namespace dojo::sim
