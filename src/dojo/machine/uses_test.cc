#include "dojo/machine/uses.h"

#include <gtest/gtest.h>

#include "dojo/machine/load.h"
#include "dojo/machine/node.h"
#include "dojo/machine/router.h"

namespace dojo::machine {
namespace {

std::vector<std::string> names(const Uses& uses) {
  std::vector<std::string> all;
  for (const Parameter* p : uses.used()) all.push_back(p->name);
  return all;
}

TEST(Uses, NotesWhatWasReadAndNothingElse) {
  const Machine die = load_machine("d1_die");
  Uses uses(die);
  EXPECT_EQ(uses.count().published + uses.count().derived + uses.count().assumed, 0);
  EXPECT_EQ(uses.whole("die/grid/columns"), 20);
  EXPECT_EQ(uses.whole("die/grid/columns"), 20);
  EXPECT_EQ(names(uses), (std::vector<std::string>{"die/grid/columns"}));
  EXPECT_EQ(uses.count().assumed, 1);
  EXPECT_EQ(uses.word("node/router/order"), "x-first");
  EXPECT_EQ(uses.count().assumed, 2);
}

TEST(Uses, TheClockIsNotedWhereSecondsBecomeCycles) {
  const Machine die = load_machine("d1_die");
  Uses seconds(die), cycles(die);
  EXPECT_EQ(seconds.cycles("die/edge/latency"), 200);
  EXPECT_EQ(names(seconds), (std::vector<std::string>{"die/edge/latency", "node/clock"}));
  EXPECT_EQ(seconds.count().published, 2);
  EXPECT_EQ(cycles.cycles("node/edge/latency"), 1);
  EXPECT_EQ(names(cycles), (std::vector<std::string>{"node/edge/latency"}));
  EXPECT_EQ(cycles.rate("node/edge/east_west"), (Rate{64, 1}));
  EXPECT_EQ(cycles.used().size(), 2u);
  EXPECT_EQ(cycles.rate("die/edge/east_west"), (Rate{1000, 1}));
  EXPECT_EQ(cycles.used().size(), 4u);
}

TEST(Uses, TwoTogetherHaveEachNumberOnce) {
  const Machine die = load_machine("d1_die");
  Uses a(die), b(die);
  a.whole("node/clock");
  b.whole("node/clock");
  b.whole("node/threads");
  a.add(b);
  EXPECT_EQ(names(a), (std::vector<std::string>{"node/clock", "node/threads"}));
}

TEST(Uses, AnInstructionThatIsNotAskedForIsNotCounted) {
  const Machine node = load_machine("d1_node");
  Uses uses(node);
  const InstructionCost multiply = instruction_cost(uses, Instruction::kMatrixMultiply);
  EXPECT_EQ(multiply.interval_cycles, 1);
  EXPECT_EQ(names(uses), (std::vector<std::string>{"node/instructions/matrix_multiply/interval",
                                                   "node/instructions/matrix_multiply/latency"}));
}

TEST(NodeShape, IsThatOfTheD1) {
  const Machine node = load_machine("d1_node");
  Uses uses(node);
  const NodeShape d1 = node_shape(uses);
  EXPECT_EQ(d1.clock_hz, 2'000'000'000);
  EXPECT_EQ(d1.threads, 4);
  EXPECT_EQ(d1.matrix_rows * d1.matrix_columns * d1.matrix_depth, 256);
  EXPECT_EQ(d1.sram_bytes, 1'250'000);
  EXPECT_EQ(d1.vector_ports.loads, 2);
  EXPECT_EQ(d1.vector_ports.stores, 1);
  EXPECT_EQ(d1.network_ports.bytes_per_cycle, 64);
  EXPECT_EQ(d1.scalar_ports.bytes_per_cycle, 8);
  // All else is published.
  EXPECT_EQ(uses.count().assumed, 2);
  EXPECT_EQ(d1.matrix_reuse, 2);
  EXPECT_EQ(d1.list_holds, 16);
}

TEST(NodeShape, OnTheUnitMachineEveryInstructionCostsOne) {
  const Machine unit = load_machine("unit:node");
  Uses uses(unit);
  for (size_t i = 0; i < kNumInstructions; ++i) {
    const InstructionCost cost = instruction_cost(uses, static_cast<Instruction>(i));
    EXPECT_EQ(cost.interval_cycles, 1);
    EXPECT_EQ(cost.latency_cycles, 1);
  }
}

TEST(RouterShape, OfBookSimIsThatOfItsConfiguration) {
  const Machine mesh = load_machine("booksim_mesh");
  Uses uses(mesh);
  const RouterShape r = router_shape(uses);
  EXPECT_EQ(r.virtual_channels, 8);
  EXPECT_EQ(r.buffer_flits, 8);
  EXPECT_TRUE(r.wait_for_tail_credit);
  EXPECT_EQ(r.input_speedup, 2);
  EXPECT_EQ(r.output_speedup, 1);
  EXPECT_EQ(r.credit_cycles, 2);
  EXPECT_TRUE(r.x_first);
  // Zero load: 2 + 4 a router (its link or ejection included).
  EXPECT_EQ(r.injection_cycles, 2);
  EXPECT_EQ(r.head_cycles() + uses.cycles("node/edge/latency"), 4);
  EXPECT_EQ(r.head_cycles() + r.ejection_cycles, 4);
  EXPECT_EQ(uses.count().assumed, 2);  // the sizes of flits and packets
}

TEST(RouterShape, EveryStageOfTheUnitMachineTakesOne) {
  const Machine unit = load_machine("unit:node");
  Uses uses(unit);
  const RouterShape r = router_shape(uses);
  for (const int64_t cycles :
       {r.routing_cycles, r.vc_allocation_cycles, r.switch_allocation_cycles, r.traversal_cycles,
        r.credit_cycles, r.injection_cycles, r.ejection_cycles})
    EXPECT_EQ(cycles, 1);
  EXPECT_FALSE(r.wait_for_tail_credit);
}

}  // namespace
}  // namespace dojo::machine
