// What a simulator needs of the routers: an input-queued router with virtual channels and credits,
// whose stages, buffers and policies are all parameters, because no public source says what Dojo's
// are. With the numbers of machines/booksim_mesh.json it is BookSim2's.
//
//   A head flit that arrives in cycle t and waits for nobody leaves in
//       t + routing + vc_allocation + switch_allocation + traversal
//   and arrives at the next router after the link's latency (topology.h). A body flit needs
//   switch_allocation and traversal only.
#pragma once

#include <cstdint>

#include "dojo/machine/uses.h"

namespace dojo::machine {

enum class Allocator : uint8_t { kIslip };

struct RouterShape {
  int64_t flit_bytes = 0;         // what a link of the mesh moves as one
  int64_t most_packet_flits = 0;  // of one packet
  int64_t virtual_channels = 0;   // of each input
  int64_t buffer_flits = 0;       // of each virtual channel, from nodes of the die; links over its
                                  // edge have their own (topology.h)
  int64_t routing_cycles = 0, vc_allocation_cycles = 0, switch_allocation_cycles = 0,
          traversal_cycles = 0;
  int64_t credit_cycles = 0;  // from the arrival of a credit until it counts; its way back is as
                              // long as the link
  int64_t injection_cycles = 0, ejection_cycles = 0;  // the links to and from the node
  int64_t input_speedup = 1, output_speedup = 1;      // flits in and out of the switch in a cycle
  int64_t allocation_rounds = 1;                      // of each allocator in a cycle
  Allocator vc_allocator = Allocator::kIslip, switch_allocator = Allocator::kIslip;
  bool wait_for_tail_credit = false;  // a channel takes its next packet only when the credit of the
                                      // last one's tail is back
  bool x_first = true;                // dimension order, where no disabled node is on the way

  // Of a head that waits for nobody, from its arrival to its leaving.
  int64_t head_cycles() const {
    return routing_cycles + vc_allocation_cycles + switch_allocation_cycles + traversal_cycles;
  }
};

RouterShape router_shape(Uses& uses);

}  // namespace dojo::machine
