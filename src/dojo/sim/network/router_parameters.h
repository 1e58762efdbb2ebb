// What all routers of a network have in common: an input-queued router with virtual channels and
// credits, each of whose stages is a parameter. No public source says what Dojo's routers are; the
// defaults here are those of BookSim2's router (num_vcs 8, vc_buf_size 8, wait_for_tail_credit 1,
// islip, credit_delay 2, routing_delay 0, vc_alloc_delay 1, sw_alloc_delay 1, input_speedup 2),
// with which packets arrive in the same cycle as there.
//
//   cycle  t          head arrives in the buffer of its virtual channel
//          t + R      asks for a virtual channel of the next router     R = routing_cycles
//          t + R + V  asks for the switch                               V = vc_allocation_cycles
//          ... + S    leaves the buffer                                 S =
//          switch_allocation_cycles
//          ... + T    is on the link                                    T = traversal_cycles
//          ... + L    arrives at the next router                        L = Link::latency_cycles
//
// Body flits ask for the switch in the cycle of their arrival. The credit of a flit starts back in
// the last cycle of switch allocation, one before the flit leaves, takes L, and counts
// credit_cycles later.
#pragma once

#include <cstdint>

namespace dojo::sim {

inline constexpr int kPorts = 5;  // of a router: east, west, south, north, and its own node
inline constexpr int kLocal = 4;  // the port of the node
inline constexpr int kMostVirtualChannels = 8;  // of an input

struct RouterParameters {
  int virtual_channels = 8;  // of each input, at most kMostVirtualChannels
  int buffer_flits = 8;      // of each virtual channel behind a link that does not say otherwise
  int most_packet_flits = 16;

  int routing_cycles = 0;            // >= 0
  int vc_allocation_cycles = 1;      // >= 0; 0: the switch is asked for in the same cycle
  int switch_allocation_cycles = 1;  // >= 1
  int traversal_cycles = 0;          // >= 0
  int credit_cycles = 2;             // >= 0, from the arrival of a credit until it counts
  int injection_cycles = 2;          // >= 1, from a node into its router
  int ejection_cycles = 2;           // >= 1, from a router to its node

  int input_speedup = 2;      // flits that may leave the buffers of an input in a cycle, by virtual
                              // channel modulo this; it divides virtual_channels
  int allocation_rounds = 1;  // of iSLIP in a cycle
  // A virtual channel takes its next packet when the credit of the last one's tail has come back;
  // else already when the tail was sent.
  bool wait_for_tail_credit = true;
};

// Throws Error(kConfig) that names the parameter and its value.
void check(const RouterParameters& parameters);

}  // namespace dojo::sim
