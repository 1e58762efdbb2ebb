#include "dojo/machine/node.h"

#include <fmt/format.h>

namespace dojo::machine {
namespace {

SramPorts ports(Uses& uses, std::string_view of) {
  return {.loads = uses.whole(fmt::format("node/sram/{}_loads", of)),
          .stores = uses.whole(fmt::format("node/sram/{}_stores", of)),
          .bytes_per_cycle = uses.whole(fmt::format("node/sram/{}_width", of))};
}

}  // namespace

NodeShape node_shape(Uses& uses) {
  return {.clock_hz = uses.whole("node/clock"),
          .threads = uses.whole("node/threads"),
          .decoded_instructions = uses.whole("node/decode/instructions"),
          .decoded_threads = uses.whole("node/decode/threads"),
          .scalar_issue = uses.whole("node/scalar/issue"),
          .vector_issue = uses.whole("node/vector/issue"),
          .vector_bytes = uses.whole("node/vector/width"),
          .matrix_rows = uses.whole("node/matrix/rows"),
          .matrix_columns = uses.whole("node/matrix/columns"),
          .matrix_depth = uses.whole("node/matrix/depth"),
          .matrix_reuse = uses.whole("node/matrix/reuse"),
          .list_holds = uses.whole("node/list/holds"),
          .gather_bytes = uses.whole("node/gather/granularity"),
          .sram_bytes = uses.whole("node/sram/capacity"),
          .vector_ports = ports(uses, "vector"),
          .network_ports = ports(uses, "network"),
          .scalar_ports = ports(uses, "scalar")};
}

InstructionCost instruction_cost(Uses& uses, Instruction instruction) {
  const std::string group = fmt::format("node/instructions/{}", name(instruction));
  return {.interval_cycles = uses.cycles(group + "/interval"),
          .latency_cycles = uses.cycles(group + "/latency")};
}

}  // namespace dojo::machine
