// Bounds on machines/unit.json, where every cost is 1, counted by hand. A router takes 4 cycles
// there, so that the first flit of a message needs 1 + 4 + 1 + 4 + 1 = 11 cycles to the next node,
// 5 more for each further link, after 1 in the list engine; a flit is 64 bytes. A die has 4 x 3
// nodes, a tile 2 x 2 dies.
#include "dojo/compiler/library/bound.h"

#include <gtest/gtest.h>

#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

struct UnitBounds {
  explicit UnitBounds(const std::string& name = "unit:die") : machine(name), of(machine.uses) {}

  TestTarget machine;
  Bounds of;
};

TEST(Bound, TheLargestPartBinds) {
  const Bound bound{.compute = 5, .sram = 7, .links = 6, .latency = 3};
  EXPECT_EQ(bound.cycles(), 7);
  EXPECT_EQ(bound.binding(), "sram");
}

TEST(Bound, WaysAndTransfers) {
  const UnitBounds unit;
  EXPECT_EQ(unit.of.way({0, 0}, {0, 0}), 1 + 4 + 1);
  EXPECT_EQ(unit.of.way({0, 0}, {1, 0}), 11);
  EXPECT_EQ(unit.of.way({3, 2}, {0, 0}), 11 + 4 * 5);
  EXPECT_EQ(unit.of.transfer(64, {0, 0}, {1, 0}), 1 + 11);
  EXPECT_EQ(unit.of.transfer(65, {0, 0}, {1, 0}), 1 + 11 + 1);
  EXPECT_EQ(unit.of.transfer(640, {0, 0}, {3, 0}), 1 + 11 + 2 * 5 + 9);
  EXPECT_EQ(unit.of.transfer_to_next(64), 12);
}

TEST(Bound, ALinkBetweenDiesIsSlower) {
  // 100 ns are 200 cycles, inside a die it is 1; 2 TB/s over 18 rows are 500 bytes in 9 cycles.
  const UnitBounds tile("tile");
  EXPECT_EQ(tile.of.way({19, 0}, {20, 0}) - tile.of.way({18, 0}, {19, 0}), 200 - 1);
  EXPECT_EQ(tile.of.transfer(64 * 101, {19, 0}, {20, 0}) - tile.of.transfer(64, {19, 0}, {20, 0}),
            (64 * 100 * 9 + 499) / 500);
}

TEST(Bound, InstructionsOfAUnit) {
  const UnitBounds unit;
  EXPECT_EQ(unit.of.registers(64), 1);
  EXPECT_EQ(unit.of.registers(65), 2);
  EXPECT_EQ(unit.of.vector(256), 1 + 4 - 1 + 1 + 1);
  EXPECT_EQ(unit.of.matmul(8, 8, 4), 1);
  EXPECT_EQ(unit.of.matmul(9, 16, 5), 2 * 2 * 2);
}

TEST(Bound, Broadcast) {
  // 10 flits from (2, 1) to (0, 2): 3 links; then a wait.
  const UnitBounds unit;
  EXPECT_EQ(unit.of.broadcast(640, {2, 1}, {0, 2}),
            (Bound{.sram = 10, .latency = 1 + 11 + 2 * 5 + 9 + 1}));
}

TEST(Bound, Reduce) {
  // 64 numbers in chunks of 16: a flit each. A hop: 12 for the transfer, 1 for the wait, 3 for the
  // addition of a register. 3 hops; the root adds the other 3 chunks of each of 2 streams.
  const UnitBounds unit;
  const Bounds::Tree tree{.elements = 64, .chunk = 16, .depth = 3, .degree = 2};
  EXPECT_EQ(unit.of.reduce(tree),
            (Bound{.compute = 2 * 4, .sram = 2 * 4, .latency = 3 * (12 + 1 + 3) + 2 * 3}));
  // The last chunk goes back over 3 links.
  EXPECT_EQ(unit.of.all_reduce_tree(tree, {2, 1}, {0, 2}).latency,
            3 * 16 + 6 + (1 + 11 + 2 * 5) + 1);
}

TEST(Bound, Ring) {
  // 4 x 3 nodes, 2 x 12 parts of 16 numbers. A row's ring moves 3 parts of 3 x 16 numbers each way,
  // a column's 2 parts of 16: 3 * 3 + 2 flits each way to add, and again whole.
  const UnitBounds unit;
  const Bound ring = unit.of.all_reduce_ring(384, {4, 3});
  EXPECT_EQ(ring.compute, 2 * (3 * 3 + 2));
  EXPECT_EQ(ring.sram, 2 * 2 * (3 * 3 + 2));
  // A row's step of 3 flits: 12 + 2 and a wait; its addition 1 + 2 + 1 + 1; a column's has 1 flit.
  EXPECT_EQ(ring.latency, 3 * (15 + 5 + 15) + 2 * (13 + 3 + 13));
}

TEST(Bound, Transpose) {
  // 3 x 3 nodes with blocks of 32 x 16 numbers of 2 bytes, in two pieces of 8 columns: 16 flits a
  // block. A column is one register: 3 cycles, 8 of them in a thread.
  const UnitBounds unit;
  EXPECT_EQ(
      unit.of.transpose({.rows = 32, .columns = 16, .element_bytes = 2, .pieces = 2, .side = 3},
                        {2, 0}, {0, 2}),
      (Bound{.compute = 16,
             .sram = 16,
             .links = 2 * 16,  // two blocks of the last row; only 2 of all cross the middle
             .latency = 8 * 3 + (1 + 11 + 3 * 5 + 7) + 1}));
}

TEST(Bound, Gemm) {
  // Blocks of 16 x 8, panels of 32: 2 * 1 * 8 steps. On 4 x 3 nodes each has 1 of 4 panels of A and
  // at most 2 of B; a panel of A is 16 flits, one of B 8. A step loads two lines over two ports;
  // the 8 lines of the block are loaded by each product but the first, 20 cycles for 16 steps.
  const UnitBounds unit;
  const Bounds::Gemm gemm{
      .block_m = 16, .block_n = 8, .panel = 32, .panels = 4, .factor_bytes = 2, .grid = {4, 3}};
  EXPECT_EQ(unit.of.gemm_summa(gemm, {0, 0}, {3, 0}),
            (Bound{.compute = 4 * 16,
                   .sram = 16 + 3 * 20,  // loads; panels come in 3 * 16 + 2 * 8
                   .links = 3 * 16,      // 9 panels over 3 rows
                   .latency = (1 + 11 + 2 * 5 + 15) + 1 + (16 + 2) + 3 * (20 + 2)}));
  EXPECT_EQ(unit.of.gemm_cannon(gemm),
            (Bound{.compute = 4 * 16,
                   .sram = 4 * 24,
                   .latency = (1 + 11 + 15) + 1 + (16 + 2) + 3 * (20 + 2)}));
  EXPECT_EQ(unit.of.gemm_peak(64, 64, 48), 64);  // 12 nodes
}

TEST(Bound, Convolution) {
  // Tiles of 4 x 4 positions with 32 channels, a flit each: a product is 2 * 2 * 8 steps, and
  // as many cycles of loads, but 8 more where it adds to 16 lines of sums. The halo is 4 flits.
  const UnitBounds unit;
  const Bounds::Convolution tile{
      .rows = 4, .columns = 4, .channels = 32, .outputs = 16, .factor_bytes = 2, .grid = {4, 3}};
  EXPECT_EQ(unit.of.convolution(tile),
            (Bound{.compute = 9 * 32, .sram = 36, .latency = (32 + 2) + 8 * (40 + 2) + (3 + 15)}));
}

TEST(Bound, BatchNorm) {
  // Dies of 4 x 3 nodes, 2 x 2 of them; 8 positions with 16 channels: 8 registers, and sums of 2
  // flits.
  const UnitBounds unit("unit:tile");
  const Bound bound = unit.of.batch_norm(
      {.positions = 8, .channels = 16, .die = {4, 3}, .dies = {2, 2}}, {6, 4}, {2, 1}, {0, 0});
  EXPECT_EQ(bound.compute, 2 * 8 + 2 * 16);
  EXPECT_EQ(bound.sram, 4 * 2);
  const int64_t row = (1 + 6 + 7) + 1 + (2 + 8);  // 8 flits come, 8 registers are added
  const int64_t column = (1 + 6 + 5) + 1 + (2 + 6);
  const int64_t dies = (1 + 6 + 7 * 5 + 1) + 1 + (2 + 8);
  const int64_t back = (1 + 6 + 10 * 5 + 1) + 1;
  EXPECT_EQ(bound.latency, 2 * (2 + 8) + (3 + 16) + row + column + dies + back + 8 * 3 + (3 + 16));
}

TEST(Bound, Traffic) {
  const UnitBounds unit;
  const Bounds::Traffic traffic{.bytes = 100, .messages = 12, .gap = 0, .grid = {4, 3}};
  // 6 nodes on each side of the middle: 36 messages of 2 flits go east over 3 rows.
  EXPECT_EQ(unit.of.traffic_uniform(traffic, {3, 0}, {0, 2}),
            (Bound{.sram = 24, .links = 24, .latency = 1 + 6 + 5 * 5 + 1}));
  EXPECT_EQ(unit.of.traffic_neighbour(traffic, {3, 0}, {0, 0}),
            (Bound{.sram = 24, .latency = 11 * 2 + (1 + 6 + 3 * 5 + 1) + 1}));
  EXPECT_EQ(unit.of.traffic_hotspot(traffic, {0, 0}, {2, 1}),
            (Bound{.sram = 11 * 12 * 2, .latency = 12 + (11 * 12 * 2 - 1) + 1}));
  // With a gap of 10 cycles.
  EXPECT_EQ(unit.of.traffic_transpose({100, 12, 10, {3, 3}}, {2, 0}, {0, 2}),
            (Bound{.sram = 24, .links = 2 * 12 * 2, .latency = 11 * 10 + (1 + 6 + 4 * 5 + 1) + 1}));
}

}  // namespace
}  // namespace dojo::compiler
