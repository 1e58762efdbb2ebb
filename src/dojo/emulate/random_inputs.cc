#include "dojo/emulate/random_inputs.h"

#include <span>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/program/node_map.h"
#include "dojo/sim/values/elements.h"

namespace dojo::emulate {

using program::Allocation;
using program::AllocationId;
using program::NodeMap;

void write_random_inputs(uint64_t seed, const program::Program& program,
                         sim::Simulator* simulator) {
  const NodeMap map(program);
  std::vector<float> numbers;
  std::vector<std::byte> codes;
  for (size_t i = 0; i < program.allocations.size(); ++i) {
    const Allocation& a = program.allocations[i];
    if (!a.is_input) continue;
    numbers.resize(static_cast<size_t>(a.num_elements()));
    codes.resize(static_cast<size_t>(a.num_bytes()));
    for (size_t cell = 0; cell < map.num_cells(); ++cell) {
      if (!map.has_role(cell) || program.classes[at(map.role(cell).node_class)].layout != a.layout)
        continue;
      Random random(seed, stream_id(a.name), cell);
      if (program::float_kind(a.element.kind)) {
        for (float& x : numbers) x = static_cast<float>(random.uniform(-1, 1));
        sim::encode(a.element, numbers.data(), a.num_elements(),
                    reinterpret_cast<uint8_t*>(codes.data()));
      } else {
        for (std::byte& code : codes) code = static_cast<std::byte>(random.next_u32());
      }
      simulator->write(AllocationId{static_cast<int32_t>(i)}, map.coord(cell), codes);
    }
  }
}

}  // namespace dojo::emulate
