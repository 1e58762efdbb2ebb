// The network of a described machine: its nodes as routers, with the latency, width and buffers of
// each crossing between nodes, dies and tiles. Interface processors and their links are not there.
//
//   const machine::Machine die = machine::load_machine("d1_die");
//   machine::Uses uses(die);
//   const MachineNetwork d1 = network_of(uses);
//   make_network(d1.topology, d1.parameters, {});
#pragma once

#include "dojo/machine/uses.h"
#include "dojo/sim/network/topology.h"

namespace dojo::sim {

struct MachineNetwork {
  Topology topology;  // columns and rows of the whole machine
  RouterParameters parameters;
};

// A link that carries more than a flit in a cycle carries one, which is what a router sends. Throws
// Error(kUnimplemented) for a router that this network has not: y first, or an output_speedup.
MachineNetwork network_of(machine::Uses& uses);

}  // namespace dojo::sim
