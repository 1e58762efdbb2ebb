#include "dojo/program/machine_view.h"

#include <memory>

#include "dojo/machine/topology.h"

namespace dojo::program {

MachineView machine_view(machine::Uses& uses) {
  const auto topology = std::make_shared<const machine::Topology>(uses);
  MachineView view;
  view.grid = topology->size();
  view.threads = uses.whole("node/threads");
  view.sram_bytes = uses.whole("node/sram/capacity");
  view.flit_bytes = uses.whole("node/packet/flit");
  view.num_interfaces = std::ssize(topology->interfaces());
  if (view.num_interfaces > 0) view.interface_bytes = uses.whole("tray/interfaces/memory");
  view.x_first = uses.word("node/router/order") == "x-first";
  view.is_live = [topology](Coord c) { return topology->is_live(topology->node_at(c)); };
  return view;
}

}  // namespace dojo::program
