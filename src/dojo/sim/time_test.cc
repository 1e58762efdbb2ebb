// Times of single things on machines/unit.json, where every cost is 1, counted by hand. A router
// takes 4 cycles there, so that a message of one flit needs, from when it can be read:
//
//   1 to the first router, 4 in it, 1 over the link, 4 in the next one, 1 into memory: 11 cycles,
//   5 more for each further link.
#include <gtest/gtest.h>

#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

Cycles one_node(std::string_view instructions, std::string_view others = "") {
  return cycles_of(
      "program \"test\" { nodes 1 x 1 layout main { code at 0 size 4096 "
      "a: f32[64] at 4096 input b: f32[64] at 4352 input c: f32[64] at 4608 "
      "p: bf16[64] at 5120 input q: bf16[64] at 5248 input n: cfloat8_1_4_3(7)[64] at "
      "5376 large: f32[32, 64] at 8192 input semaphore s semaphore t = 1 } class only "
      "uses main { on [0, 0] thread 0 { " +
      std::string(instructions) + " } " + std::string(others) + " } }");
}

TEST(Idle, TakesItsCycles) {
  EXPECT_EQ(one_node("idle 0"), 0);
  EXPECT_EQ(one_node("idle 5 idle 2"), 7);
}

TEST(Loop, TakesACycleOnEntryAndOneATurn) {
  EXPECT_EQ(one_node("loop k < 3 { idle 1 }"), 1 + 3 * (1 + 1));
  EXPECT_EQ(one_node("loop k < 0 { idle 1 }"), 1);
  EXPECT_EQ(one_node("loop k < 2 { loop j < 2 { idle 10 } }"), 1 + 2 * (1 + 2 * 11 + 1));
}

TEST(Vector, LoadsComputesAndStoresInAPipeline) {
  EXPECT_EQ(one_node("vector c[0:+16] = move 1.0"), 2);       // result, store
  EXPECT_EQ(one_node("vector c[0:+16] = move a[0:+16]"), 3);  // load, result, store
  EXPECT_EQ(one_node("vector c = move a"), 3 + 3);            // four registers
  EXPECT_EQ(one_node("vector c = add a, b"), 6);              // two load ports: two operands
  EXPECT_EQ(one_node("vector c = multiply_add a, b, c"), 8);  // three need 6 cycles for 4
  EXPECT_EQ(one_node("vector p = add p, q"), 4);              // 32 numbers in a register
  // Converting is an operation more, on registers of the wider format.
  EXPECT_EQ(one_node("vector p = move a"), 1 + (8 - 1) + 2 + 1);
  EXPECT_EQ(one_node("vector c = move p"), 1 + (8 - 1) + 2 + 1);
}

TEST(Vector, Reductions) {
  // 64 numbers are 4 registers, added up to one.
  EXPECT_EQ(one_node("vector c[0:+16] = sum_rows a"), 1 + 3 + 1 + 1);
  // And 16 lanes are halved 4 times, each time moved and added.
  EXPECT_EQ(one_node("vector c[0] = sum_lanes a"), 1 + (4 + 8 - 1) + (1 + 8) + 1);
}

TEST(Matmul, StepsLoadsAndStores) {
  // One step; its 256 bytes of results are stored in 4 cycles.
  EXPECT_EQ(one_node("matmul 8 x 8 x 4: c = p[0:+32] * q[0:+32]"), 1 + 3 + 1 + 1);
  EXPECT_EQ(one_node("matmul 8 x 8 x 8: c = p * q"), 6);
  // Results of one byte are one line.
  EXPECT_EQ(one_node("matmul 8 x 8 x 8: n = p * q"), 1 + 1 + 1 + 1);
  // 2 steps load 4 lines, and 4 more of results to add to: 4 cycles.
  EXPECT_EQ(one_node("matmul 8 x 8 x 8: c += p * q"), 6);
  // Shapes are rounded up to whole steps.
  EXPECT_EQ(one_node("matmul 1 x 1 x 64: n[0] = p * q"), 1 + 15 + 1 + 1);
}

TEST(Units, TakeTheNextInstructionAfterItsPace) {
  const std::string four = "vector c = move a";  // pace 4, 6 in all
  EXPECT_EQ(one_node(four + " " + four), 12);    // a thread waits for its results
  // Another thread goes first into the unit when it is free.
  EXPECT_EQ(one_node(four, "thread 1 { vector c = move a }"), 4 + 6);
  EXPECT_EQ(one_node("idle 3 " + four, "thread 1 { vector c = move a }"), 4 + 6);
  EXPECT_EQ(one_node("idle 4 " + four, "thread 1 { vector c = move a }"), 4 + 6);
  EXPECT_EQ(one_node("idle 5 " + four, "thread 1 { vector c = move a }"), 5 + 6);
}

TEST(Units, ShareThePortsOfTheSram) {
  // 16 steps that load in each cycle what both ports can: 1 + 15 + 1 + 1.
  const std::string steps = "matmul 1 x 1 x 64: n[0] = p * q";
  EXPECT_EQ(one_node(steps), 18);
  // 4 registers of a beside it take 2 of the 4 cycles, which the steps need longer.
  EXPECT_EQ(one_node(steps, "thread 1 { vector c = move a }"), 18 + 2);
  EXPECT_EQ(one_node(steps, "thread 1 { idle 12 vector c = move a }"), 18 + 2);
  // In the last 2 cycles 1 is lost; behind them nothing.
  EXPECT_EQ(one_node(steps, "thread 1 { idle 14 vector c = move a }"), 14 + 6);
  // Without loads nothing is lost.
  EXPECT_EQ(one_node(steps, "thread 1 { vector c = move 1.0 }"), 18);
}

TEST(Counters, TakeACycleForASignalAndOneForAWait) {
  EXPECT_EQ(one_node("wait t"), 1);
  EXPECT_EQ(one_node("wait s", "thread 1 { signal s }"), 1 + 1);
  EXPECT_EQ(one_node("wait s", "thread 1 { idle 9 signal s }"), 9 + 1 + 1);
  EXPECT_EQ(one_node("signal s wait s"), 2);  // 1 until the next instruction, in which it is there
  EXPECT_EQ(one_node("signal s idle 7 wait s"), 9);
}

TEST(Phase, TakesACycleBehindTheLast) {
  EXPECT_EQ(one_node("phase", "thread 1 { idle 6 phase }"), 7);
}

// A row of nodes: what the first one does, and the last one.
std::string row(int nodes, std::string_view first, std::string_view last) {
  return "program \"test\" { nodes " + std::to_string(nodes) +
         " x 1 layout main { code at 0 size 4096 a: f32[16, 16, 16] at 4096 input b: f32[16, 16, "
         "16] at 20480 semaphore s semaphore t } class first uses main { on [0, 0] let last = " +
         std::to_string(nodes - 1) + " thread 0 { " + std::string(first) +
         " } } class last uses main { on [" + std::to_string(nodes - 1) + ", 0] thread 0 { " +
         std::string(last) + " } } }";
}

TEST(Message, OneFlit) {
  const std::string copy = "copy to node(last, 0): b[0, 0, :] = a[0, 0, :]; there s";
  // 1 in the list engine.
  for (int nodes = 2; nodes <= 4; ++nodes) {
    const Cycles there = 1 + 11 + 5 * (nodes - 2);
    EXPECT_EQ(cycles_of(row(nodes, copy, "wait s")), there + 1) << nodes;
    // Ready at `there` and not a cycle earlier.
    for (const auto& [before, waited] : {std::pair{there - 1, Cycles{1}}, {there, Cycles{0}}}) {
      TestRun run(row(nodes, copy, "idle " + std::to_string(before) + " wait s"),
                  {.level = Level::kBurst, .values = false});
      const Result& result = run.simulator.run();
      EXPECT_EQ(result.cycles, there + 1);
      EXPECT_EQ(result.nodes.back().spent[static_cast<size_t>(Spent::kSemaphore)], waited);
    }
  }
  EXPECT_EQ(cycles_of(row(2, "signal node(last, 0) s", "wait s")), 1 + 11 + 1);
}

TEST(Message, LargeOnesFollowFlitByFlit) {
  // 16 flits: the last one comes 15 cycles behind the first.
  EXPECT_EQ(cycles_of(row(2, "copy to node(last, 0): b[0, :, :] = a[0, :, :]; there s", "wait s")),
            1 + 11 + 15 + 1);
  // 256 flits in segments follow each other without gaps.
  EXPECT_EQ(cycles_of(row(4, "copy to node(last, 0): b = a; there s", "wait s")),
            1 + 11 + 2 * 5 + 255 + 1);
}

TEST(Message, HereIsWhenTheLastByteIsRead) {
  TestRun run(row(2, "copy to node(last, 0): b[0, :, :] = a[0, :, :]; here s wait s", ""),
              {.level = Level::kBurst, .values = false});
  EXPECT_EQ(run.simulator.run().nodes[0].end, 1 + 16 + 1);
}

TEST(Message, FromAsksFirst) {
  EXPECT_EQ(
      cycles_of(row(2, "copy from node(last, 0): b[0, :, :] = a[0, :, :]; here s wait s", "")),
      1 + 11 + 11 + 15 + 1);
}

TEST(Message, ToItselfGoesThroughItsRouter) {
  EXPECT_EQ(one_node("copy here: c[0:+16] = a[0:+16]; here s wait s"), 1 + 1 + 4 + 1 + 1);
}

TEST(Message, SecondTransferWaitsForFirst) {
  // Both read 16 flits; the second one is read behind the first.
  const std::string copy = "copy to node(last, 0): b[0, :, :] = a[0, :, :]; there s ";
  EXPECT_EQ(cycles_of(row(2, copy + copy, "wait s by 2")), 1 + 11 + 15 + 16 + 1);
}

TEST(ListEngine, HoldsTwoTransfers) {
  // 256 flits each, read one after the other from cycle 1 on. A thread gets in until it is full.
  const std::string copy = "copy to node(last, 0): b = a ";
  const auto done = [&](int copies) {
    std::string text;
    for (int i = 0; i < copies; ++i) text += copy;
    TestRun run(row(2, text, ""), {.level = Level::kBurst, .values = false});
    return run.simulator.run().nodes[0].end;
  };
  EXPECT_EQ(done(2), 2);
  EXPECT_EQ(done(3), 1 + 256 + 1);
  EXPECT_EQ(done(4), 1 + 2 * 256 + 1);
}

TEST(Link, ServesOneAfterTheOther) {
  // The first two nodes send 32 flits each to the third one, over its link from the second. A
  // node's own message has one router less to go.
  const Cycles both = cycles_of(R"(program "test" { nodes 3 x 1
    layout main { code at 0 size 4096 a: f32[32, 16] at 4096 input b: f32[2, 32, 16] at 8192
                  semaphore s }
    class senders uses main { on [0:+2, 0] thread 0 { copy to node(2, 0): b[x, :, :] = a; there s } }
    class target uses main { on [2, 0] thread 0 { wait s by 2 } } })");
  EXPECT_EQ(both, 1 + 11 + 31 + 32 + 1);
}

TEST(Link, AShortMessageGoesBetweenTheFlitsOfALongOne) {
  // A signal behind 1000 flits arrives as if they were not there.
  TestRun run(R"(program "test" { nodes 2 x 1
    layout main { code at 0 size 4096 a: f32[250, 16] at 4096 input b: f32[250, 16] at 30720
                  semaphore s }
    class first uses main { on [0, 0] thread 0 { copy to node(1, 0): b = a idle 20
                                                 signal node(1, 0) s } }
    class last uses main { on [1, 0] thread 0 { wait s } } })",
              {.level = Level::kBurst, .values = false});
  EXPECT_EQ(run.simulator.run().nodes[1].end, 1 + 20 + 1 + 11 + 1);
}

TEST(Multicast, TakesEachLinkOnce) {
  // To all of a row of 4: the farthest one is 3 links away.
  EXPECT_EQ(cycles_of(R"(program "test" { nodes 4 x 1
    layout main { code at 0 size 4096 a: f32[32, 16] at 4096 input b: f32[32, 16] at 8192
                  semaphore s }
    class first uses main { on [0, 0] thread 0 { copy to nodes[0:+4, 0]: b = a; there s wait s } }
    class others uses main { on [1:+3, 0] thread 0 { wait s } } })"),
            1 + 11 + 2 * 5 + 31 + 1);
}

TEST(Barrier, IsATreeOfMessages) {
  // Two nodes: the message up is ready 1 cycle after the node came, and on its way for 11; the same
  // down; then 1 to go on.
  const auto barrier = [](int nodes, int fan) {
    return cycles_of("program \"test\" { nodes " + std::to_string(nodes) +
                     " x 1 layout main { code at 0 size 1024 } barrier all over [0:+" +
                     std::to_string(nodes) + ", 0] root (0, 0) fan " + std::to_string(fan) +
                     " class every uses main { on [0:+" + std::to_string(nodes) +
                     ", 0] thread 0 { barrier all } } }");
  };
  EXPECT_EQ(barrier(1, 1), 1);
  EXPECT_EQ(barrier(2, 1), 2 * (1 + 11) + 1);
  EXPECT_EQ(barrier(3, 1), 4 * (1 + 11) + 1);
  // The farther of two children comes 5 later; to it the root's port reads 1 later.
  EXPECT_EQ(barrier(3, 2), (1 + 11 + 5) + (1 + 11 + 5 + 1) + 1);
}

TEST(Interface, HasALinkAndAMemory) {
  // To the interface 2 beside the node: 1 in the list engine, 1 + 4 to and through the router, 1
  // over the link, 1 in its memory.
  const auto cycles = [](std::string_view copy) {
    return cycles_of(
        "program \"test\" { nodes 1 x 1 layout main { code at 0 size 1024 "
        "a: f32[32] at 1024 input semaphore s } layout dram on interfaces "
        "{ far: f32[32] at 0 input } class only uses main { on [0, 0] thread 0 { " +
        std::string(copy) + " } } }");
  };
  EXPECT_EQ(cycles("copy to interface(2) of dram: far[0:+16] = a[0:+16]"), 1 + 1 + 4 + 1 + 1);
  // Asking takes 1 + 1 + 4 + 1; the memory 1 until its first byte; back 1 over the link, 4 + 1.
  EXPECT_EQ(cycles("copy from interface(2) of dram: a[0:+16] = far[0:+16]; here s wait s"),
            7 + 1 + 6 + 1);
  EXPECT_EQ(cycles("copy from interface(2) of dram: a = far; here s wait s"), 7 + 1 + 6 + 1 + 1);
}

}  // namespace
}  // namespace dojo::sim
