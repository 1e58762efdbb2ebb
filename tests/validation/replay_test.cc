// The library's programs in several parts: from a checkpoint in any cycle a run goes on to the same
// end, byte for byte.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "dojo/base/error.h"
#include "dojo/compiler/library/library.h"
#include "dojo/machine/load.h"
#include "dojo/program/node_map.h"
#include "dojo/sim/show.h"
#include "dojo/sim/simulator.h"

namespace dojo::compiler {
namespace {

using program::AllocationId;
using program::Program;

const std::map<std::string, std::vector<std::string>> kTiny = {
    {"broadcast", {"elements=100"}},
    {"reduce", {"elements=70"}},
    {"all_reduce_tree", {"elements=64"}},
    {"all_reduce_ring", {"elements=400"}},
    {"transpose", {"rows=40"}},
    {"gemm_summa", {"m=40", "n=50", "k=60"}},
    {"gemm_cannon", {"m=40", "n=50", "k=40"}},
    {"convolution", {"rows=8", "columns=8", "channels=8", "outputs=8"}},
    {"batch_norm", {"positions=2", "channels=8"}}};

template <typename Do>
void each_allocation(const Program& program, const Do& what) {
  for (const program::NodeClass& c : program.classes) {
    const program::Layout& layout = program.layout(c.layout);
    for (int32_t i = layout.first_allocation; i < layout.first_allocation + layout.num_allocations;
         ++i)
      for (const program::ClassRegion& r : c.regions)
        program::for_each_node(r.region, [&](program::Coord node) { what(AllocationId{i}, node); });
  }
}

// What the run says, and all outputs.
std::string end_of(const Program& program, const machine::Machine& m, const sim::Options& options,
                   const std::string* from = nullptr) {
  sim::Simulator simulator(program, m, options);
  if (from) simulator.go_on_from(*from);
  if (options.values && !from)
    each_allocation(program, [&](AllocationId id, program::Coord node) {
      const program::Allocation& a = program.allocation(id);
      if (!a.is_input) return;
      // Small numbers in every format of floats.
      std::vector<std::byte> codes(static_cast<size_t>(a.num_bytes()));
      const auto bytes = static_cast<size_t>(size_bytes(a.element));
      for (size_t i = bytes - 1; i < codes.size(); i += bytes)
        codes[i] = static_cast<std::byte>(0x38 + (i / bytes + static_cast<size_t>(node.x)) % 4);
      simulator.write(id, node, codes);
    });
  std::string end;
  const sim::Result& result = simulator.run();
  end = result_json(
      result, {program, program::SourceLines(), m.name, options.level, options.values, 1 << 20});
  if (options.values)
    each_allocation(program, [&](AllocationId id, program::Coord node) {
      if (!program.allocation(id).is_output || !simulator.is_written(id, node)) return;
      for (const std::byte b : simulator.read(id, node)) end.push_back(static_cast<char>(b));
    });
  return end;
}

TEST(Replay, GoesOnFromAnyCycleToTheSameEnd) {
  std::mt19937_64 random(11);
  for (const char* machine : {"unit", "d1_die"}) {
    const machine::Machine m = machine::load_machine(machine);
    for (const LibraryProgram& entry : library()) {
      machine::Uses uses(m);
      const auto sizes = kTiny.find(std::string(entry.name));
      const Made made = entry.make(
          uses, entry.sizes(sizes == kTiny.end() ? std::vector<std::string>{} : sizes->second, ""));
      for (const bool values : {false, true}) {
        SCOPED_TRACE(
            fmt::format("{} on {}, {} values", entry.name, machine, values ? "with" : "no"));
        sim::Options options{.level = sim::Level::kBurst, .values = values};
        const std::string whole = end_of(made.program, m, options);
        sim::Simulator timed(made.program, m, {.level = sim::Level::kBurst, .values = false});
        const auto cycles = static_cast<uint64_t>(timed.run().cycles);
        std::vector<std::string> states;
        sim::Checkpoints checkpoints;
        for (int i = 0; i < 3; ++i)
          checkpoints.at.push_back(static_cast<sim::Cycles>(random() % (cycles + 1)));
        std::sort(checkpoints.at.begin(), checkpoints.at.end());
        checkpoints.write = [&](sim::Cycles, std::string_view s) { states.emplace_back(s); };
        options.checkpoints = &checkpoints;
        EXPECT_TRUE(end_of(made.program, m, options) == whole);
        options.checkpoints = nullptr;
        EXPECT_FALSE(states.empty());
        for (const std::string& state : states)
          EXPECT_TRUE(end_of(made.program, m, options, &state) == whole) << state.size();
      }
    }
  }
}

}  // namespace
}  // namespace dojo::compiler
