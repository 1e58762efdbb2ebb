// What a compiler and a simulator need of an interface processor: its memory and its ways to hosts
// and to other interfaces. Where they are, and their links to the mesh: topology.h.
#pragma once

#include <cstdint>

#include "dojo/machine/rate.h"
#include "dojo/machine/uses.h"

namespace dojo::machine {

struct InterfaceShape {
  int64_t memory_bytes = 0;
  Rate memory_rate;  // reading and writing together
  int64_t memory_latency_cycles = 0;
  Rate host_rate;  // in one direction
  int64_t host_latency_cycles = 0;
  Rate ethernet_rate;  // in one direction; any two interfaces of the machine
  int64_t ethernet_latency_cycles = 0;
};

// REQUIRES: the machine has interfaces.
InterfaceShape interface_shape(Uses& uses);

}  // namespace dojo::machine
