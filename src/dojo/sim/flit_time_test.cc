// Times of messages at the level of flits on machines/unit.json, where every cost is 1, counted by
// hand. Where nobody waits they are those of bursts (time_test.cc): a head that comes to a router
// in cycle t asks for its way in t + 1 and for the switch in t + 2, leaves, and comes to the next
// router in t + 5. What is added here: two virtual channels, and buffers of 4 flits behind links.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dojo/machine/load.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

constexpr Options kFlit = {.level = Level::kFlit, .values = false};

Cycles flit_cycles(const std::string& text, const machine::Machine* machine = nullptr) {
  return cycles_of(text, kFlit, machine);
}

// A row of nodes: what the first one does, and the last one.
std::string row(int nodes, const std::string& first, const std::string& last) {
  return "program \"test\" { nodes " + std::to_string(nodes) +
         " x 1 layout main { code at 0 size 4096 a: f32[64, 16] at 4096 input b: f32[64, 16] at "
         "8192 semaphore s } class first uses main { on [0, 0] thread 0 { " +
         first + " } } class last uses main { on [" + std::to_string(nodes - 1) +
         ", 0] thread 0 { " + last + " } } }";
}

std::string copy(int node, int flits) {
  const std::string part = "[0:+" + std::to_string(flits) + ", :]";
  return "copy to node(" + std::to_string(node) + ", 0): b" + part + " = a" + part + "; there s ";
}

// The first of a row sends so many flits to the last one, where they are in the cycle `there` and
// not one earlier.
void expect_there(int nodes, int flits, Cycles there) {
  for (const auto& [before, waited] : {std::pair{there - 1, Cycles{1}}, {there, Cycles{0}}}) {
    TestRun run(row(nodes, copy(nodes - 1, flits), "idle " + std::to_string(before) + " wait s"),
                kFlit);
    const Result& result = run.simulator.run();
    EXPECT_EQ(result.cycles, there + 1) << nodes << " nodes, " << flits << " flits";
    EXPECT_EQ(result.nodes.back().spent[static_cast<size_t>(Spent::kSemaphore)], waited);
  }
}

TEST(FlitTime, OneFlitTakesFiveCyclesALink) {
  // 1 in the list engine; 1 to the first router, 4 in it, 1 over the link, 4, 1 into memory.
  for (int nodes = 2; nodes <= 5; ++nodes) expect_there(nodes, 1, 1 + 11 + 5 * (nodes - 2));
  EXPECT_EQ(flit_cycles(row(2, "signal node(1, 0) s", "wait s")), 1 + 11 + 1);
}

TEST(FlitTime, FlitsFollowEachOtherAsLongAsThereIsRoom) {
  expect_there(2, 2, 1 + 11 + 1);
  expect_there(4, 2, 1 + 11 + 2 * 5 + 1);
  expect_there(2, 4, 1 + 11 + 3);
}

TEST(FlitTime, ABufferOfFourFlitsHoldsTheFifthUp) {
  // The first flit leaves a router in cycle s, is in the next one's buffer in s + 3 and leaves that
  // in s + 5; so there is room for the fifth one from s + 7 on, and it is there 3 later, when the
  // four before it have just left in s + 5 to s + 8 and their credits in the node's link are back.
  expect_there(2, 5, 1 + 11 + 4 + 1);
  // From then on 4 flits in 5 cycles: the 16th leaves in s + 20 and not in s + 15.
  expect_there(2, 16, 1 + 11 + 15 + 3);
}

TEST(FlitTime, TwoMessagesShareALink) {
  // What the first node sends comes to the second one's router 5 cycles after it came to its own.
  // The second node's own message comes there in the same cycle; one of both waits for a cycle, and
  // of 4 flits each the last one for 4.
  const auto both = [](int flits, int idle) {
    const std::string part = "[0:+" + std::to_string(flits) + ", :]";
    const std::string send = "copy to node(2, 0): b" + part + " = a" + part + "; there s ";
    return flit_cycles(
        "program \"test\" { nodes 3 x 1 layout main { code at 0 size 4096 "
        "a: f32[64, 16] at 4096 input b: f32[64, 16] at 8192 semaphore s } "
        "class first uses main { on [0, 0] thread 0 { " +
        send +
        " } } "
        "class second uses main { on [1, 0] thread 0 { idle " +
        std::to_string(idle) + " " + send +
        " } } "
        "class last uses main { on [2, 0] thread 0 { wait s by 2 } } }");
  };
  const Cycles alone = 1 + 11 + 5 + 1;
  EXPECT_EQ(both(1, 4), alone);  // it is a cycle ahead
  EXPECT_EQ(both(1, 5), alone + 1);
  EXPECT_EQ(both(1, 6), alone + 1);  // and a cycle behind
  EXPECT_EQ(both(4, 5), alone + 3 + 4);
}

TEST(FlitTime, HereIsWhenTheLastByteHasLeftTheMemory) {
  TestRun run(row(2, "copy to node(1, 0): b[0:+4, :] = a[0:+4, :]; here s wait s", ""), kFlit);
  EXPECT_EQ(run.simulator.run().nodes[0].end, 1 + 4 + 1);
}

TEST(FlitTime, FromAsksFirst) {
  EXPECT_EQ(flit_cycles(row(2, "copy from node(1, 0): b[0:+4, :] = a[0:+4, :]; here s wait s", "")),
            1 + 11 + 11 + 3 + 1);
}

TEST(FlitTime, ToItselfGoesThroughItsRouter) {
  EXPECT_EQ(flit_cycles(row(2, "copy here: b[0:+2, :] = a[0:+2, :]; here s wait s", "")),
            1 + 1 + 4 + 1 + 1 + 1);
}

TEST(FlitTime, AShortMessageGoesBetweenThePacketsOfALongOne) {
  // 64 flits are 4 packets, of which one is leaving when the signal can.
  TestRun run(row(2, copy(1, 64) + "idle 2 signal node(1, 0) s", "wait s"), kFlit);
  const Result& result = run.simulator.run();
  EXPECT_LT(result.nodes[1].end, 1 + 2 * 16 + 11 + 5 * 2 + 1);
  EXPECT_GT(result.cycles, 1 + 64 + 11);
}

// When each of the nodes of a row or block has got what the first one sends to all of them.
std::vector<Cycles> got(const std::string& size, const std::string& nodes, int flits) {
  const std::string part = "[0:+" + std::to_string(flits) + ", :]";
  TestRun run("program \"test\" { nodes " + size +
                  " layout main { code at 0 size 4096 a: f32[64, 16] at 4096 input "
                  "b: f32[64, 16] at 8192 semaphore s } class all uses main { on [0:+4, 0:+2] "
                  "let is_first = 1 - min(x + y, 1) thread 0 { loop i < is_first { copy to nodes" +
                  nodes + ": b" + part + " = a" + part + "; there s } } thread 1 { wait s } } }",
              kFlit);
  std::vector<Cycles> ends;
  for (const NodeStats& node : run.simulator.run().nodes) ends.push_back(node.end);
  return ends;
}

TEST(FlitTime, AMulticastLeavesItsCopiesOnTheWay) {
  // Row by row, of 4 x 2 nodes. 1 for the loop, then 1 + 11 for the first link and 5 for each
  // further one, 5 less for the node itself; 1 to go on.
  const Cycles first = 1 + 1 + 11 + 1;
  const std::vector<Cycles> ends = got("4 x 2", "[0:+4, 0:+2]", 1);
  EXPECT_EQ((std::vector<Cycles>(ends.begin(), ends.begin() + 4)),
            (std::vector<Cycles>{first - 5, first, first + 5, first + 10}));
  // The last node of the second row is on the way of the first packet. Of one flit the node itself
  // sends more to the rest of that row, the farthest first.
  EXPECT_EQ(ends[7], first + 15);
  EXPECT_EQ(ends[6], first + 10 + 1);
}

TEST(FlitTime, OthersPassALongMulticastOn) {
  // The node's port would need 64 cycles for each of the ways into the second row.
  const std::vector<Cycles> ends = got("4 x 2", "[0:+4, 0:+2]", 64);
  EXPECT_LT(*std::max_element(ends.begin(), ends.end()), 3 * 64);
}

TEST(FlitTime, EachCrossingHasItsLatency) {
  const machine::Machine slow = machine::load_machine("unit", {{"die/edge/latency", "10 cycles"}});
  EXPECT_EQ(flit_cycles(row(5, copy(4, 1), "wait s"), &slow), 1 + 11 + 3 * 5 + 9 + 1);
  // A quarter of the rate: 4 cycles a flit; in the router behind it the head is 2 cycles longer
  // than those that follow it.
  const machine::Machine narrow =
      machine::load_machine("unit", {{"die/edge/east_west", "48 B/cycle"}});
  EXPECT_EQ(flit_cycles(row(5, copy(4, 4), "wait s"), &narrow), 1 + 11 + 3 * 5 + 3 * 4 - 2 + 1);
}

TEST(FlitTime, InterfacesHaveALinkAndAMemory) {
  const auto cycles = [](const std::string& copy) {
    return flit_cycles(
        "program \"test\" { nodes 1 x 1 layout main { code at 0 size 1024 "
        "a: f32[32] at 1024 input semaphore s } layout dram on interfaces "
        "{ far: f32[32] at 0 input } class only uses main { on [0, 0] thread 0 { " +
        copy + " } } }");
  };
  EXPECT_EQ(cycles("copy to interface(2) of dram: far[0:+16] = a[0:+16]"), 1 + 1 + 4 + 1 + 1);
  EXPECT_EQ(cycles("copy from interface(2) of dram: a[0:+16] = far[0:+16]; here s wait s"),
            7 + 1 + 6 + 1);
  EXPECT_EQ(cycles("copy from interface(2) of dram: a = far; here s wait s"), 7 + 1 + 6 + 1 + 1);
}

TEST(FlitTime, NoCycleIsCountedBehindTheLastByte) {
  // The network has still credits on their way then.
  TestRun run(row(2, "copy to node(1, 0): b[0:+2, :] = a[0:+2, :]", ""), kFlit);
  EXPECT_EQ(run.simulator.run().cycles, 1 + 11 + 1);
}

TEST(FlitTime, TheLinksCountTheirFlits) {
  TestRun run(row(3, copy(2, 4), "wait s"), kFlit);
  const std::vector<LinkStats>& links = run.simulator.run().links;
  ASSERT_EQ(links.size(), 2u);
  for (const LinkStats& link : links) {
    EXPECT_EQ(link.bytes, 4 * 64);
    EXPECT_EQ(link.busy, 4);
    EXPECT_EQ(link.side, machine::Side::kEast);
  }
}

TEST(FlitTime, WhatTheNetworkHasNotIsSaid) {
  for (const machine::Change& change : {machine::Change{"node/router/order", "y-first"},
                                        {"node/sram/network_width", "32 B/cycle"}}) {
    const machine::Machine m = machine::load_machine("unit", {change});
    try {
      flit_cycles(row(2, "", ""), &m);
      ADD_FAILURE() << change.name;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kUnimplemented) << e.what();
    }
  }
}

}  // namespace
}  // namespace dojo::sim
