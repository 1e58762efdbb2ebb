#include "dojo/emulate/signature.h"

#include <fmt/format.h>

#include "dojo/base/check.h"
#include "dojo/base/crc32c.h"
#include "dojo/base/parallel_for.h"
#include "dojo/compiler/library/batch_norm.h"
#include "dojo/compiler/library/broadcast.h"
#include "dojo/compiler/library/convolution.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/ring.h"
#include "dojo/compiler/library/traffic.h"
#include "dojo/compiler/library/transpose.h"
#include "dojo/compiler/library/tree.h"
#include "dojo/emulate/random_inputs.h"
#include "dojo/machine/load.h"
#include "dojo/program/node_map.h"
#include "dojo/sim/simulator.h"

namespace dojo::emulate {
namespace {

using compiler::Target;
using program::ElementKind;
using program::Program;

struct Fixed {
  const char* name;
  const char* machine;
  Program (*make)(const Target&);
};

// Every kind of instruction, format of products and crossing inside of a tile is in one of them.
const Fixed kPrograms[] = {
    {"broadcast", "d1_die", [](const Target& t) { return broadcast(t, {.elements = 1000}); }},
    {"reduce", "d1_die", [](const Target& t) { return reduce(t, {.elements = 700}); }},
    {"all_reduce_tree", "tile",
     [](const Target& t) { return all_reduce_tree(t, {.elements = 64}); }},
    {"all_reduce_ring", "d1_die",
     [](const Target& t) { return all_reduce_ring(t, {.elements = 2000}); }},
    {"transpose", "d1_die", [](const Target& t) { return transpose(t, {.rows = 300}); }},
    {"gemm_summa", "d1_die",
     [](const Target& t) { return gemm_summa(t, {.m = 300, .n = 200, .k = 500}); }},
    {"gemm_cannon", "d1_die",
     [](const Target& t) {
       return gemm_cannon(
           t, {.m = 200, .n = 300, .k = 250, .factor = {ElementKind::kCFloat8_1_4_3, 7}});
     }},
    {"convolution", "d1_die",
     [](const Target& t) {
       return convolution(t, {.rows = 36, .columns = 40, .channels = 16, .outputs = 24});
     }},
    {"batch_norm", "tile",
     [](const Target& t) { return batch_norm(t, {.positions = 4, .channels = 16}); }},
    {"traffic_uniform", "unit",
     [](const Target& t) { return traffic_uniform(t, {.bytes = 200, .messages = 192}); }},
};

uint32_t outputs_of(const Program& program, const sim::Simulator& simulator) {
  const program::NodeMap map(program);
  uint32_t crc = 0;
  for (size_t i = 0; i < program.allocations.size(); ++i) {
    const program::AllocationId id{static_cast<int32_t>(i)};
    const program::Allocation& a = program.allocation(id);
    if (!a.is_output) continue;
    for (size_t cell = 0; cell < map.num_cells(); ++cell) {
      if (!map.has_role(cell) ||
          program.classes[at(map.role(cell).node_class)].layout != a.layout ||
          !simulator.is_written(id, map.coord(cell)))
        continue;
      const std::vector<std::byte> codes = simulator.read(id, map.coord(cell));
      crc = crc32c({reinterpret_cast<const uint8_t*>(codes.data()), codes.size()}, crc);
    }
  }
  return crc;
}

}  // namespace

std::vector<SignaturePart> signature_parts() {
  std::vector<SignaturePart> parts;
  for (const Fixed& fixed : kPrograms) {
    const machine::Machine machine = machine::load_machine(fixed.machine);
    machine::Uses uses(machine);
    const Program program = fixed.make(Target(uses));
    sim::Simulator simulator(
        program, machine, {.level = sim::Level::kBurst, .races = false, .threads = num_threads()});
    write_random_inputs(1, program, &simulator);
    const sim::Result& result = simulator.run();
    DOJO_CHECK(result.stuck.empty());
    parts.push_back({fixed.name, fixed.machine, result.cycles, outputs_of(program, simulator)});
  }
  return parts;
}

uint32_t signature(const std::vector<SignaturePart>& parts) {
  uint32_t crc = 0;
  for (const SignaturePart& p : parts)
    crc = crc32c(fmt::format("{} {} {} {:08x}\n", p.program, p.machine, p.cycles, p.outputs), crc);
  return crc;
}

}  // namespace dojo::emulate
