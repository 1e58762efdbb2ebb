// Times of messages over links of each kind, around disabled nodes, and where several want one
// thing, on machines/unit.json with a few other numbers; counted as in time_test.cc.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dojo/base/file.h"
#include "dojo/machine/load.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

using program::Coord;

machine::Machine unit_with(const std::vector<machine::Change>& changes) {
  return machine::load_machine("unit", changes);
}

using Json = nlohmann::ordered_json;

Json unit_json() { return Json::parse(read_file(DOJO_SOURCE_DIR "/machines/unit.json", 1 << 20)); }

// Disables nodes of a die.
void disable(const std::vector<std::vector<int>>& disabled, Json* text) {
  Json& die = *text;
  const auto assumed = [](Json value) {
    return Json{{"value", std::move(value)}, {"status", "assumed"}, {"source", "a test"}};
  };
  die["disabled"] = {{"count", assumed(disabled.size())},
                     {"placing", assumed("listed")},
                     {"list", assumed(disabled)}};
  die["disabled"]["count"]["unit"] = "nodes";
}

// One die of it, with disabled nodes.
machine::Machine die_without(const std::vector<std::vector<int>>& disabled) {
  Json die = unit_json()["part"]["part"]["part"];
  disable(disabled, &die);
  return machine::parse_machine(die.dump(), "die.json");
}

// So many flits from one node to another, which waits for them: cycles until they are there.
Cycles cycles_between(Coord from, Coord to, int flits, const machine::Machine& machine) {
  const auto place = [](Coord c) {
    return "[" + std::to_string(c.x) + ", " + std::to_string(c.y) + "]";
  };
  const std::string text =
      "program \"test\" { nodes 16 x 12 layout main { code at 0 size 4096 a: f32[64, 16] at 4096 "
      "input b: f32[64, 16] at 8192 semaphore s } class first uses main { on " +
      place(from) + " thread 0 { copy to node(" + std::to_string(to.x) + ", " +
      std::to_string(to.y) + "): b[0:+" + std::to_string(flits) + ", :] = a[0:+" +
      std::to_string(flits) + ", :]; there s } } class last uses main { on " + place(to) +
      " thread 0 { wait s } } }";
  return cycles_of(text, {.level = Level::kBurst}, &machine) - 2;  // list engine, wait
}

TEST(Crossing, EachKindHasItsLatency) {
  // Dies have 4 x 3 nodes, tiles 2 x 2 dies, trays 2 x 1 tiles, the pod 1 x 2 trays.
  struct Case {
    const char* level;
    Coord from, to;
  };
  const Case cases[] = {{"node", {1, 0}, {2, 0}}, {"node", {1, 0}, {1, 1}},
                        {"die", {3, 0}, {4, 0}},  {"die", {4, 0}, {3, 0}},
                        {"die", {0, 2}, {0, 3}},  {"die", {0, 9}, {0, 8}},
                        {"tile", {7, 0}, {8, 0}}, {"tile", {8, 4}, {7, 4}},
                        {"tray", {5, 5}, {5, 6}}, {"tray", {5, 6}, {5, 5}}};
  const auto slow = [](const std::string& level) {
    return unit_with({{level + "/edge/latency", "10 cycles"}});
  };
  for (const Case& c : cases)
    for (const char* level : {"node", "die", "tile", "tray"})
      EXPECT_EQ(cycles_between(c.from, c.to, 1, slow(level)),
                11 + (level == std::string_view(c.level) ? 9 : 0))
          << level << ", from " << c.from.x << ", " << c.from.y;
}

TEST(Crossing, FlitsFollowAtTheRateOfTheSlowestLink) {
  // A quarter of the rate: 4 cycles a flit. The last byte of a flit comes 3 cycles later.
  const machine::Machine slow = unit_with({{"die/edge/east_west", "48 B/cycle"}});
  EXPECT_EQ(cycles_between({3, 0}, {4, 0}, 1, slow), 11 + 3);
  EXPECT_EQ(cycles_between({3, 0}, {4, 0}, 16, slow), 11 + 16 * 4 - 1);
  EXPECT_EQ(cycles_between({2, 0}, {5, 0}, 16, slow), 11 + 2 * 5 + 16 * 4 - 1);
  EXPECT_EQ(cycles_between({2, 0}, {3, 0}, 16, slow), 11 + 15);
}

TEST(Ways, GoAlongTheRowAndThenAlongTheColumn) {
  EXPECT_EQ(cycles_between({0, 0}, {3, 2}, 1, unit_machine()), 11 + 4 * 5);
  const machine::Machine y_first = unit_with({{"node/router/order", "y-first"}});
  EXPECT_EQ(cycles_between({0, 0}, {3, 2}, 1, y_first), 11 + 4 * 5);
  const auto crossed = [](const machine::Machine& machine) {
    TestRun run(R"(program "test" { nodes 2 x 2
      layout main { code at 0 size 1024 a: f32[16] at 1024 input b: f32[16] at 1088 }
      class first uses main { on [0, 0] thread 0 { copy to node(1, 1): b = a } }
      class last uses main { on [1, 1] } })",
                {.level = Level::kBurst, .values = false}, &machine);
    std::vector<std::pair<machine::Coord, machine::Side>> links;
    for (const LinkStats& link : run.simulator.run().links)
      links.emplace_back(link.from, link.side);
    return links;
  };
  using Links = std::vector<std::pair<machine::Coord, machine::Side>>;
  EXPECT_EQ(crossed(unit_machine()),
            (Links{{{0, 0}, machine::Side::kEast}, {{1, 0}, machine::Side::kSouth}}));
  EXPECT_EQ(crossed(y_first),
            (Links{{{0, 0}, machine::Side::kSouth}, {{0, 1}, machine::Side::kEast}}));
}

// On a die of 4 x 3.
Cycles around(std::string_view from, std::string_view there,
              const std::vector<std::vector<int>>& disabled) {
  const machine::Machine die = die_without(disabled);
  return cycles_of(
             "program \"test\" { nodes 4 x 3 layout main { code at 0 size 1024 a: f32[16] at "
             "1024 input b: f32[16] at 1088 semaphore s } class first uses main { on " +
                 std::string(from) + " thread 0 { copy to " + std::string(there) +
                 ": b = a; there s } } class last uses main { on [2:+2, 0] thread 0 { } } }",
             {.level = Level::kBurst}, &die) -
         1;
}

TEST(Ways, GoAroundDisabledNodes) {
  EXPECT_EQ(around("[0, 0]", "node(2, 0)", {{1, 1}}), 11 + 5);  // it is not on the way
  EXPECT_EQ(around("[0, 0]", "node(2, 0)", {{1, 0}}), 11 + 3 * 5);
  EXPECT_EQ(around("[0, 0]", "node(2, 0)", {{1, 0}, {1, 1}}), 11 + 5 * 5);
  // A multicast goes around once; the farther target is a link behind the nearer one.
  EXPECT_EQ(around("[0, 0]", "nodes[2:+2, 0]", {{1, 0}}), 11 + 4 * 5);
}

TEST(Interface, ItsMemoryServesOneAfterTheOther) {
  // Two nodes at the same distance of interface 2's links, 0 to 2, ask in the same cycle for 16
  // flits each: the second one's begin 16 cycles later, and at the memory's rate.
  const auto cycles = [](std::string_view regions) {
    return cycles_of(
        "program \"test\" { nodes 1 x 3 layout main { code at 0 size 1024 a: f32[256] "
        "at 1024 semaphore s } layout dram on interfaces { far: f32[256] at 0 input } "
        "class some uses main { on " +
        std::string(regions) +
        " thread 0 { copy from interface(2) of dram: a = far; here s wait s } } }");
  };
  const Cycles alone = cycles("[0, 0]");
  EXPECT_EQ(alone, 7 + 1 + 6 + 15 + 1);
  EXPECT_EQ(cycles("[0, 0:+2]"), alone + 16);
  EXPECT_EQ(cycles("[0, 0:+3]"), alone + 2 * 16);
}

TEST(Interface, WhoseNodesAreAllDisabledIsRefused) {
  // Interfaces are beside the 6 nodes at the west and the east edge of each tile, 3 for each.
  Json tray = unit_json()["part"];
  const auto run = [&](std::vector<std::vector<int>> disabled, Level level) {
    disable(disabled, &tray["part"]["part"]);
    const machine::Machine machine = machine::parse_machine(tray.dump(), "tray.json");
    return cycles_of(
        "program \"test\" { nodes 1 x 1 place [0, 0] at (1, 1) layout main { code at 0 size 1024 "
        "a: f32[16] at 1024 semaphore s } layout dram on interfaces { far: f32[16] at 0 input } "
        "class only uses main { on [0, 0] thread 0 { copy from interface(0) of dram: a = far; "
        "here s wait s } } }",
        {.level = level}, &machine);
  };
  for (const Level level : {Level::kBurst, Level::kFlit}) {
    EXPECT_GT(run({{0, 0}, {0, 1}}, level), 0);
    try {
      run({{0, 0}, {0, 1}, {0, 2}}, level);
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kConfig);
      EXPECT_NE(e.message().find("has no link: the nodes beside it, (0, 0) to (0, 2), are all"),
                std::string::npos)
          << e.what();
    }
  }
}

TEST(Determinism, TwoRunsAreAlikeToTheLastNumber) {
  const std::string text =
      "program \"test\" { nodes 8 x 6 layout main { code at 0 size 2048 a: f32[16, 16] at 2048 "
      "input b: f32[48, 16, 16] at 4096 semaphore s } class all uses main { on [0:+8, 0:+6] let i "
      "= "
      "x + 8 * y thread 0 { loop k < 8 { copy to node(k, y): b[i, :, :] = a; there s } } thread 1 "
      "{ "
      "loop k < 6 { copy to node(x, k): b[i, :, :] = a; there s } } thread 2 { wait s by 14 } } }";
  TestRun one(text, {.values = false}), other(text, {.values = false});
  const Result &a = one.simulator.run(), &b = other.simulator.run();
  EXPECT_EQ(a.cycles, b.cycles);
  EXPECT_EQ(a.events, b.events);
  ASSERT_EQ(a.links.size(), b.links.size());
  for (size_t i = 0; i < a.links.size(); ++i) {
    EXPECT_EQ(a.links[i].bytes, b.links[i].bytes);
    EXPECT_EQ(a.links[i].stalled, b.links[i].stalled);
  }
  for (size_t i = 0; i < a.nodes.size(); ++i) EXPECT_EQ(a.nodes[i].end, b.nodes[i].end);
}

}  // namespace
}  // namespace dojo::sim
