// Critical paths of the library's programs: whatever a program does, on both levels, the chain's
// pieces follow each other from cycle 0 to the last one, and none is left out.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "dojo/compiler/library/library.h"
#include "dojo/machine/load.h"
#include "dojo/sim/simulator.h"

namespace dojo::compiler {
namespace {

const std::map<std::string, std::vector<std::string>> kSmall = {
    {"broadcast", {"elements=1000"}},
    {"reduce", {"elements=700"}},
    {"all_reduce_tree", {"elements=300"}},
    {"all_reduce_ring", {"elements=2000"}},
    {"transpose", {"rows=100"}},
    {"gemm_summa", {"m=100", "n=120", "k=200"}},
    {"gemm_cannon", {"m=100", "n=120", "k=100"}},
    {"convolution", {"rows=12", "columns=14", "channels=16", "outputs=16"}},
    {"batch_norm", {"positions=4", "channels=16"}}};

void expect_whole(const sim::Result& result) {
  ASSERT_TRUE(result.stuck.empty());
  const sim::CriticalPath& path = *result.critical_path;
  EXPECT_EQ(std::accumulate(path.cycles.begin(), path.cycles.end(), sim::Cycles{0}), result.cycles);
  EXPECT_EQ(path.cycles[static_cast<size_t>(sim::Reason::kForgotten)], 0);
  std::array<sim::Cycles, sim::kNumReasons> cycles{};
  sim::Cycles now = 0;
  for (const sim::PathStep& step : path.steps) {
    ASSERT_EQ(step.begin, now);
    ASSERT_GT(step.end, step.begin);
    now = step.end;
    for (size_t r = 0; r < sim::kNumReasons; ++r) {
      ASSERT_GE(step.cycles[r], 0);
      cycles[r] += step.cycles[r];
    }
    ASSERT_EQ(std::accumulate(step.cycles.begin(), step.cycles.end(), sim::Cycles{0}),
              step.end - step.begin);
  }
  EXPECT_EQ(now, result.cycles);
  EXPECT_EQ(cycles, path.cycles);
}

TEST(Path, LeavesNoCycleOut) {
  for (const char* machine : {"unit", "d1_die"}) {
    const machine::Machine m = machine::load_machine(machine);
    for (const LibraryProgram& program : library()) {
      machine::Uses uses(m);
      const auto sizes = kSmall.find(std::string(program.name));
      const Made made = program.make(
          uses,
          program.sizes(sizes == kSmall.end() ? std::vector<std::string>{} : sizes->second, ""));
      for (const sim::Level level : {sim::Level::kBurst, sim::Level::kFlit}) {
        SCOPED_TRACE(fmt::format("{} on {}, {}", program.name, machine, name(level)));
        const auto run = [&](bool critical_path) {
          sim::Simulator simulator(
              made.program, m, {.level = level, .values = false, .critical_path = critical_path});
          return simulator.run();
        };
        const sim::Result result = run(true);
        expect_whole(result);
        EXPECT_EQ(result.cycles, run(false).cycles);  // looking on changes nothing
      }
    }
  }
}

}  // namespace
}  // namespace dojo::compiler
