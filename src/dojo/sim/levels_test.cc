// What is the same at all levels: values. What is nearly the same: the time of bursts and of flits.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dojo/base/file.h"
#include "dojo/machine/load.h"
#include "dojo/sim/test_run.h"
#include "dojo/sim/values/elements.h"

namespace dojo::sim {
namespace {

std::string example(const std::string& name) {
  return read_file(DOJO_SOURCE_DIR "/src/dojo/program/examples/" + name + ".program", 1 << 20);
}

// Does something with each allocation at each node.
template <typename Do>
void each_allocation(const program::Program& program, Do&& what) {
  for (const program::NodeClass& c : program.classes) {
    const program::Layout& layout = program.layout(c.layout);
    for (int32_t i = 0; i < layout.num_allocations; ++i)
      for (const program::ClassRegion& r : c.regions)
        program::for_each_node(r.region, [&](program::Coord node) {
          what(program::AllocationId{layout.first_allocation + i}, node);
        });
  }
}

// All outputs, where small numbers are the inputs.
std::vector<std::byte> outputs(const std::string& text, Level level) {
  const machine::Machine die = machine::load_machine("d1_die");
  TestRun run(text, {.level = level}, &die);
  each_allocation(run.program, [&](program::AllocationId id, program::Coord node) {
    const program::Allocation& a = run.program.allocation(id);
    if (!a.is_input) return;
    std::vector<float> numbers(static_cast<size_t>(a.num_elements()));
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<float>((i * 7 + static_cast<size_t>(3 * node.x + node.y)) % 11) - 5;
    std::vector<std::byte> codes(static_cast<size_t>(a.num_bytes()));
    encode(a.element, numbers.data(), a.num_elements(), reinterpret_cast<uint8_t*>(codes.data()));
    run.simulator.write(id, node, codes);
  });
  run.simulator.run();
  std::vector<std::byte> all;
  each_allocation(run.program, [&](program::AllocationId id, program::Coord node) {
    if (!run.program.allocation(id).is_output || !run.simulator.is_written(id, node)) return;
    const std::vector<std::byte> codes = run.simulator.read(id, node);
    all.insert(all.end(), codes.begin(), codes.end());
  });
  return all;
}

TEST(Levels, ValuesAreTheSame) {
  for (const char* name : {"two_node_copy", "ring_reduce", "gemm_2x2"}) {
    const std::vector<std::byte> functional = outputs(example(name), Level::kFunctional);
    EXPECT_GT(functional.size(), 0u) << name;
    EXPECT_EQ(outputs(example(name), Level::kBurst), functional) << name;
    EXPECT_EQ(outputs(example(name), Level::kFlit), functional) << name;
  }
}

TEST(Levels, FlitsAreDeterministic) {
  const std::string text =
      "program \"test\" { nodes 8 x 6 layout main { code at 0 size 2048 a: f32[16, 16] at 2048 "
      "input b: f32[48, 16, 16] at 4096 semaphore s } class all uses main { on [0:+8, 0:+6] let i "
      "= x + 8 * y thread 0 { loop k < 8 { copy to node(k, y): b[i, :, :] = a; there s } } thread "
      "1 "
      "{ loop k < 6 { copy to node(x, k): b[i, :, :] = a; there s } } thread 2 { wait s by 14 } } "
      "}";
  TestRun one(text, {.level = Level::kFlit, .values = false});
  TestRun other(text, {.level = Level::kFlit, .values = false});
  const Result &a = one.simulator.run(), &b = other.simulator.run();
  EXPECT_EQ(a.cycles, b.cycles);
  ASSERT_EQ(a.links.size(), b.links.size());
  for (size_t i = 0; i < a.links.size(); ++i) EXPECT_EQ(a.links[i].stalled, b.links[i].stalled);
  for (size_t i = 0; i < a.nodes.size(); ++i) EXPECT_EQ(a.nodes[i].end, b.nodes[i].end);
}

}  // namespace
}  // namespace dojo::sim
