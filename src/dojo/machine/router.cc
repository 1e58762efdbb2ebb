#include "dojo/machine/router.h"

#include "dojo/base/check.h"

namespace dojo::machine {
namespace {

Allocator allocator(Uses& uses, std::string_view name) {
  DOJO_CHECK(uses.word(name) == "islip");  // the only one that the schema has
  return Allocator::kIslip;
}

}  // namespace

RouterShape router_shape(Uses& uses) {
  return {.flit_bytes = uses.whole("node/packet/flit"),
          .most_packet_flits = uses.whole("node/packet/most"),
          .virtual_channels = uses.whole("node/router/virtual_channels"),
          .buffer_flits = uses.whole("node/router/buffer"),
          .routing_cycles = uses.cycles("node/router/routing"),
          .vc_allocation_cycles = uses.cycles("node/router/vc_allocation"),
          .switch_allocation_cycles = uses.cycles("node/router/switch_allocation"),
          .traversal_cycles = uses.cycles("node/router/traversal"),
          .credit_cycles = uses.cycles("node/router/credit"),
          .injection_cycles = uses.cycles("node/router/injection"),
          .ejection_cycles = uses.cycles("node/router/ejection"),
          .input_speedup = uses.whole("node/router/input_speedup"),
          .output_speedup = uses.whole("node/router/output_speedup"),
          .allocation_rounds = uses.whole("node/router/allocation_rounds"),
          .vc_allocator = allocator(uses, "node/router/vc_allocator"),
          .switch_allocator = allocator(uses, "node/router/switch_allocator"),
          .wait_for_tail_credit = uses.word("node/router/vc_reuse") == "tail-credit",
          .x_first = uses.word("node/router/order") == "x-first"};
}

}  // namespace dojo::machine
