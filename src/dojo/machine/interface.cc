#include "dojo/machine/interface.h"

namespace dojo::machine {

InterfaceShape interface_shape(Uses& uses) {
  return {.memory_bytes = uses.whole("tray/interfaces/memory"),
          .memory_rate = uses.rate("tray/interfaces/memory_rate"),
          .memory_latency_cycles = uses.cycles("tray/interfaces/memory_latency"),
          .host_rate = uses.rate("tray/interfaces/host"),
          .host_latency_cycles = uses.cycles("tray/interfaces/host_latency"),
          .ethernet_rate = uses.rate("tray/interfaces/ethernet"),
          .ethernet_latency_cycles = uses.cycles("tray/interfaces/ethernet_latency")};
}

}  // namespace dojo::machine
