// Each thing that somebody can wait for, in pairs on machines/unit.json at the levels of bursts and
// of flits: it is there in cycle t. Who comes at t - 1 waits a cycle longer than who comes at t,
// and both go on in the same cycle; who comes at t + 1 goes on a cycle later, so that it was not
// later than t. The cycles are counted by hand as in time_test.cc and flit_time_test.cc say.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dojo/machine/load.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

using program::Coord;

struct Case {
  std::string name;
  std::string program;  // in which COME is the cycle in which the observer comes
  Cycles there = 0;     // t
  Cycles rest = 1;      // of the observer's node, from then until it is done
  Spent spent = Spent::kSemaphore;
  Coord observer = {0, 0};
  Cycles flit_there = 0;  // where it is another cycle at the level of flits
};

struct Seen {
  Cycles end = 0, waited = 0;
};

Seen seen(const Case& c, Cycles come, Level level, const machine::Machine& machine) {
  std::string text = c.program;
  text.replace(text.find("COME"), 4, std::to_string(come));
  TestRun run(text, {.level = level, .values = false}, &machine);
  const Result& result = run.simulator.run();
  EXPECT_TRUE(result.stuck.empty()) << c.name;
  const NodeStats& node =
      result.nodes[static_cast<size_t>(c.observer.y * run.program.grid.x + c.observer.x)];
  return {node.end, node.spent[static_cast<size_t>(c.spent)]};
}

void expect_pairs(const std::vector<Case>& cases,
                  const machine::Machine& machine = unit_machine()) {
  for (const Case& c : cases)
    for (const Level level : {Level::kBurst, Level::kFlit}) {
      const Cycles t = level == Level::kFlit && c.flit_there > 0 ? c.flit_there : c.there;
      const Seen before = seen(c, t - 1, level, machine), at = seen(c, t, level, machine),
                 behind = seen(c, t + 1, level, machine);
      EXPECT_EQ(before.end, t + c.rest) << c.name << ", " << name(level);
      EXPECT_EQ(at.end, t + c.rest) << c.name << ", " << name(level);
      EXPECT_EQ(behind.end, t + 1 + c.rest) << c.name << ", " << name(level);
      EXPECT_EQ(before.waited, at.waited + 1) << c.name << ", " << name(level);
      // At the end of a phase the others wait for the observer, then.
      EXPECT_EQ(behind.waited, at.waited + (c.spent == Spent::kPhase ? 1 : 0))
          << c.name << ", " << name(level);
    }
}

// Threads 1 to 3 of a node beside the observer in thread 0.
std::string node(const std::string& observer, const std::string& others) {
  return "program \"test\" { nodes 1 x 1 random dice [64] layout main { code at 0 size 4096 "
         "a: f32[64] at 4096 input b: f32[64] at 4352 input c: f32[64] at 4608 p: bf16[64] at 5120 "
         "input q: bf16[64] at 5248 input n: cfloat8_1_4_3(7)[64] at 5376 semaphore s "
         "semaphore one = 1 } layout dram on interfaces { far: f32[64] at 0 input } class only "
         "uses "
         "main { on [0, 0] thread 0 { idle COME " +
         observer + " } " + others + " } }";
}

// A signal behind an instruction: the observer has it a cycle after that is done.
Case done(const std::string& instruction, Cycles cycles) {
  return {instruction, node("wait s", "thread 1 { " + instruction + " signal s }"), cycles + 1};
}

TEST(Pairs, EveryInstruction) {
  expect_pairs({
      done("idle 5", 5),
      done("loop k < 3 { idle 1 }", 7),
      done("vector c[0:+16] = move 1.0", 2),
      done("vector c = move a", 6),
      done("vector c = add a, b", 6),
      done("vector c = multiply_add a, b, c", 8),
      done("vector c = sqrt a", 6),
      done("vector c = divide a, b", 6),
      done("vector p = move a", 11),
      done("vector p = add p, q; random dice", 1 + (4 - 1) + 2 + 1),
      done("vector c[0:+16] = max_rows a", 6),
      done("vector c[0] = sum_lanes a", 22),
      done("matmul 8 x 8 x 4: c = p[0:+32] * q[0:+32]", 6),
      done("matmul 8 x 8 x 8: n = p * q", 4),
      done("signal one", 1),
      done("wait one", 1),
      {"signal, alone", node("wait s", "thread 1 { signal s }"), 1},
      {"copy here", node("wait s", "thread 1 { copy here: c[0:+16] = a[0:+16]; here s }"),
       1 + 1 + 4 + 1},
      {"a phase, in which a transfer is to be read",
       node("phase", "thread 1 { copy to interface(2) of dram: far[0:+32] = a[0:+32] phase }"),
       1 + 2, 1, Spent::kPhase},
      {"a phase, of which another thread comes to the end",
       node("phase", "thread 1 { idle 6 phase }"), 6, 1, Spent::kPhase},
      {"a phase, in which a transfer is to be done",
       node("phase", "thread 1 { copy here: c[0:+16] = a[0:+16] phase }"), 1 + 1 + 4 + 1, 1,
       Spent::kPhase},
  });
}

// What the first and the last of a row of nodes do. The observer is the last one.
std::string row(int nodes, const std::string& first, const std::string& last,
                const std::string& between = "") {
  return "program \"test\" { nodes " + std::to_string(nodes) +
         " x 1 layout main { code at 0 size 4096 a: f32[64, 16] at 4096 input b: f32[64, 16] at "
         "8192 semaphore s } barrier all over [0:+" +
         std::to_string(nodes) + ", 0] root (" + std::to_string(nodes - 1) +
         ", 0) class first uses main { on [0, 0] thread 0 { " + first + " } } " + between +
         " class last uses main { on [" + std::to_string(nodes - 1) + ", 0] " + last + " } }";
}

Case message(const std::string& name, const std::string& instruction, Cycles there,
             Cycles flit_there = 0) {
  return {name,
          row(2, instruction, "thread 0 { idle COME wait s }"),
          there,
          1,
          Spent::kSemaphore,
          {1, 0},
          flit_there};
}

TEST(Pairs, EveryMessage) {
  expect_pairs({
      message("signal", "signal node(1, 0) s", 1 + 11),
      message("one flit", "copy to node(1, 0): b[0, :] = a[0, :]; there s", 1 + 11),
      message("four flits", "copy to node(1, 0): b[0:+4, :] = a[0:+4, :]; there s", 1 + 11 + 3),
      message("two pieces", "copy to node(1, 0): b[0, :] = a[0, :], b[2, :] = a[3, :]; there s",
              1 + 11 + 1),
      message("a multicast", "copy to nodes[0:+2, 0]: b[0, :] = a[0, :]; there s wait s", 1 + 11),
      message("what is asked for has been read", "copy from node(1, 0): b[0, :] = a[0, :]; there s",
              1 + 11 + 1),
      {"copy from",
       row(2, "",
           "thread 0 { idle COME wait s } thread 1 { copy from node(0, 0): b[0, :] = a[0, "
           ":]; here s }"),
       1 + 11 + 11,
       1,
       Spent::kSemaphore,
       {1, 0}},
      {"the last byte has been read",
       row(2, "",
           "thread 0 { idle COME wait s } thread 1 { copy to node(0, 0): b[0:+4, :] = "
           "a[0:+4, :]; here s }"),
       1 + 4,
       1,
       Spent::kSemaphore,
       {1, 0}},
      {"a barrier, at its root",
       row(2, "barrier all", "thread 0 { idle COME barrier all }"),
       1 + 11,
       1,
       Spent::kBarrier,
       {1, 0}},
  });
}

TEST(Pairs, EveryCrossing) {
  const struct {
    const char* level;
    Coord from, to;
  } crossings[] = {{"node", {1, 0}, {2, 0}}, {"node", {1, 0}, {1, 1}}, {"die", {3, 0}, {4, 0}},
                   {"die", {4, 0}, {3, 0}},  {"die", {0, 2}, {0, 3}},  {"die", {0, 9}, {0, 8}},
                   {"tile", {7, 0}, {8, 0}}, {"tile", {8, 4}, {7, 4}}, {"tray", {5, 5}, {5, 6}},
                   {"tray", {5, 6}, {5, 5}}};
  for (const auto& crossing : crossings) {
    const machine::Machine slow = machine::load_machine(
        "unit", {{std::string(crossing.level) + "/edge/latency", "10 cycles"}});
    const auto place = [](Coord c) {
      return "[0, 0] at (" + std::to_string(c.x) + ", " + std::to_string(c.y) + ")";
    };
    const std::string from = place(crossing.from), to = place(crossing.to);
    Case c = message(std::string(crossing.level) + " " + from + " to " + to,
                     "copy to node(1, 0): b[0, :] = a[0, :]; there s", 1 + 11 + 9);
    c.program.insert(c.program.find("layout"),
                     "place " + from + " place " + std::string(to).replace(0, 6, "[1, 0]") + " ");
    expect_pairs({c}, slow);
  }
}

TEST(Pairs, LinksAndMemoriesOfInterfaces) {
  const auto cases = [](Cycles more) {
    return std::vector<Case>{
        {"from an interface",
         node("wait s",
              "thread 1 { copy from interface(2) of dram: a[0:+16] = far[0:+16]; here s }"),
         7 + 1 + 6 + 2 * more}};
  };
  expect_pairs(cases(0));
  expect_pairs(cases(9), machine::load_machine("unit", {{"tray/interfaces/latency", "10 cycles"}}));
  expect_pairs(cases(9),
               machine::load_machine("unit", {{"tray/interfaces/memory_latency", "19 cycles"}}));
}

TEST(Pairs, QueuesOfANode) {
  const std::string copy = "copy to node(0, 0): b[0:+4, :] = a[0:+4, :] ";
  expect_pairs({
      {"the SIMD unit", node("vector c = move a", "thread 1 { vector c = move a }"), 4, 6,
       Spent::kUnit},
      {"the matrix unit",
       node("matmul 1 x 1 x 64: n[0] = p * q", "thread 1 { matmul 1 x 1 x 64: n[1] = p * q }"), 16,
       18, Spent::kUnit},
      {"the second of two at a semaphore",
       node("wait s", "thread 1 { wait s } thread 2 { idle 2 signal s idle 7 signal s }"), 11},
      {"a semaphore that counts", node("wait s by 2", "thread 2 { signal s idle 9 signal s }"), 11},
      // Two transfers are held, the first until it is read in cycles 1 to 4.
      {"the list engine",
       row(2, "", "thread 0 { idle COME " + copy + "} thread 1 { " + copy + copy + "}"),
       5,
       1,
       Spent::kListEngine,
       {1, 0}},
      // The node reads 4 flits and then 1.
      {"the port that reads for the network",
       row(2,
           "copy to node(1, 0): b[0:+4, :] = a[0:+4, :] "
           "copy to node(1, 0): b[4, :] = a[4, :]; there s",
           "thread 0 { idle COME wait s }"),
       1 + 11 + 4,
       1,
       Spent::kSemaphore,
       {1, 0}},
  });
}

// Each node of a row or column does something in thread 0; the observer is the one that has COME.
std::string nodes(const std::vector<std::string>& each, bool is_column) {
  const std::string n = std::to_string(each.size());
  std::string text = "program \"test\" { nodes " + (is_column ? "1 x " + n : n + " x 1") +
                     " layout main { code at 0 size 4096 a: f32[64, 16] at 4096 input "
                     "b: f32[64, 16] at 8192 semaphore s } "
                     "layout dram on interfaces { far: f32[16] at 0 input } ";
  for (size_t i = 0; i < each.size(); ++i) {
    const std::string at = std::to_string(i);
    text += "class c" + at + " uses main { on [" + (is_column ? "0, " + at : at + ", 0") +
            "] thread 0 { " + each[i] + " } } ";
  }
  return text + "}";
}

TEST(Pairs, QueuesOfTheNetworkAndOfInterfaces) {
  const auto send = [](const std::string& node) {
    return "copy to node(" + node + ", 0): b[0:+4, :] = a[0:+4, :]; there s";
  };
  const std::string ask = "copy from interface(2) of dram: a[0, :] = far; here s ";
  expect_pairs({
      // Both come to the second node's router in the same cycle, and want the same link.
      {"a link",
       nodes({send("2"), "idle 5 " + send("2"), "idle COME wait s by 2"}, false),
       1 + 11 + 5 + 3 + 4,
       1,
       Spent::kSemaphore,
       {2, 0}},
      {"the port that writes for the network",
       nodes({send("1"), "idle COME wait s by 2", send("1")}, false),
       1 + 11 + 3 + 4,
       1,
       Spent::kSemaphore,
       {1, 0}},
      // The second node's flit is read a cycle behind the first one's. To ask takes it a cycle, so
      // that it comes at COME + 1.
      {"the memory of an interface",
       nodes({ask + "wait s", ask + "idle COME wait s"}, true),
       7 + 1 + 6 + 1 - 1,
       2,
       Spent::kSemaphore,
       {0, 1}},
  });
}

}  // namespace
}  // namespace dojo::sim
