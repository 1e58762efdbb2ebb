// Chains on machines/unit.json, where every cost is 1, counted by hand: docs/simulator.md and
// time_test.cc say what single things take.
#include "dojo/sim/critical_path.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/file.h"
#include "dojo/sim/show_path.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

struct Path {
  Path(std::string_view text, Level level)
      : run(text, {.level = level, .values = false, .critical_path = true}),
        path(*run.simulator.run().critical_path) {}
  TestRun run;
  const CriticalPath& path;
};

// "idle 9, issue 2"
std::string reasons(const std::array<Cycles, kNumReasons>& cycles) {
  std::string text;
  for (size_t r = 0; r < kNumReasons; ++r)
    if (cycles[r] != 0)
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", name(static_cast<Reason>(r)), cycles[r]);
  return text;
}

std::string reasons_of(std::string_view text, Level level = Level::kBurst) {
  return reasons(Path(text, level).path.cycles);
}

// "0 thread 1, 9 message, 20 thread 0": who it leads through, and from which cycle on.
std::string way_of(std::string_view text) {
  const Path p(text, Level::kBurst);
  std::string way;
  for (const PathStep& step : p.path.steps)
    way += fmt::format("{}{} {}", way.empty() ? "" : ", ", step.begin,
                       step.is_message ? "message"
                                       : fmt::format("({}, {}) thread {}", step.node.x, step.node.y,
                                                     step.site.thread));
  return way;
}

std::string one_node(std::string_view instructions, std::string_view others = "") {
  return "program \"test\" { nodes 1 x 1 layout main { code at 0 size 4096 "
         "a: f32[64] at 4096 input b: f32[64] at 4352 input c: f32[64] at 4608 "
         "p: bf16[64] at 5120 input q: bf16[64] at 5248 input n: cfloat8_1_4_3(7)[64] at "
         "5376 semaphore s } class only uses main { on [0, 0] thread 0 { " +
         std::string(instructions) + " } " + std::string(others) + " } }";
}

// Three nodes in a row.
std::string row(std::string_view first, std::string_view second, std::string_view third) {
  std::string text =
      "program \"test\" { nodes 3 x 1 layout main { code at 0 size 4096 a: f32[16, 16] at 4096 "
      "input b: f32[4, 16, 16] at 8192 semaphore s semaphore t } barrier all over [0:+3, 0] root "
      "(0, 0) fan 2 ";
  const std::string_view codes[] = {first, second, third};
  for (int x = 0; x < 3; ++x)
    text += fmt::format("class c{} uses main {{ on [{}, 0] {} }} ", x, x, codes[x]);
  return text + "}";
}

TEST(CriticalPath, TwoNodeCopyAsText) {
  const std::string text =
      read_file(DOJO_SOURCE_DIR "/src/dojo/program/examples/two_node_copy.program", 1 << 20);
  const Path p(text, Level::kBurst);
  EXPECT_EQ(show_path(p.path, {.program = p.run.program, .lines = p.run.lines}),
            R"(
critical path        cycles   share
vector                   11  44.0 %  in vector instructions
issue                     2   8.0 %  in loops, and issuing transfers, signals and tests
transfer                 12  48.0 %  transfers, as long as they take on an empty network
all                      25 100.0 %

      cycles    share    steps  of the critical path in
          13   52.0 %        2  test:16: class sender, thread 2: copy to node(x + 1, y): b = a; there full
          11   44.0 %        1  test:24: class receiver, thread 0: vector doubled = add b, b
           1    4.0 %        1  test:23: class receiver, thread 0: wait full

  from cycle     to cycle  step
           0            1  node (0, 0), test:16: class sender, thread 2: copy to node(x + 1, y): b = a; there full (issue 1)
           1           13  message of 128 bytes, (0, 0) to (1, 0), of test:16: class sender, thread 2: copy to node(x + 1, y): b = a; there full (transfer 12)
          13           14  node (1, 0), test:23: class receiver, thread 0: wait full (issue 1)
          14           25  node (1, 0), test:24: class receiver, thread 0: vector doubled = add b, b (vector 11)
)");
}

TEST(CriticalPath, TheSameAsJson) {
  const std::string text =
      read_file(DOJO_SOURCE_DIR "/src/dojo/program/examples/two_node_copy.program", 1 << 20);
  const Path p(text, Level::kFlit);
  EXPECT_EQ(
      path_json(p.path,
                {.program = p.run.program, .lines = p.run.lines, .steps = 2, .instructions = 1}),
      R"({"cycles":25,"reasons":{"vector":11,"issue":2,"transfer":12},"num_steps":4,)"
      R"("instructions":[{"where":"class sender, thread 2: copy to node(x + 1, y): b = a; there full","line":16,"cycles":13,"steps":2}],)"
      R"("last_steps":[{"begin":13,"end":14,"x":1,"y":0,"where":"class receiver, thread 0: wait full","line":23,"reasons":{"issue":1}},)"
      R"({"begin":14,"end":25,"x":1,"y":0,"where":"class receiver, thread 0: vector doubled = add b, b","line":24,"reasons":{"vector":11}}]})");
}

TEST(CriticalPath, AThreadAlone) {
  EXPECT_EQ(reasons_of(one_node("idle 0")), "");
  EXPECT_EQ(reasons_of(one_node("idle 5 loop k < 3 { idle 1 }")), "idle 8, issue 4");
  EXPECT_EQ(reasons_of(one_node("vector c = move a idle 2")), "vector 6, idle 2");
}

TEST(CriticalPath, LeadsThroughWhoeverSignals) {
  const std::string text = one_node("wait s idle 1", "thread 1 { idle 9 signal s idle 1 }");
  EXPECT_EQ(reasons_of(text), "idle 10, issue 2");
  EXPECT_EQ(way_of(text),
            "0 (0, 0) thread 1, 9 (0, 0) thread 1, 10 (0, 0) thread 0, 11 (0, 0) thread 0");
  // Who comes later waits for nobody.
  EXPECT_EQ(way_of(one_node("idle 20 wait s", "thread 1 { idle 9 signal s }")),
            "0 (0, 0) thread 0, 20 (0, 0) thread 0");
}

TEST(CriticalPath, LeadsThroughTheLastAtAPhase) {
  const std::string text = one_node("phase", "thread 1 { idle 6 phase } thread 2 { phase idle 1 }");
  EXPECT_EQ(reasons_of(text), "idle 7, issue 1");
  EXPECT_EQ(way_of(text), "0 (0, 0) thread 1, 6 (0, 0) thread 2, 7 (0, 0) thread 2");
}

TEST(CriticalPath, LeadsThroughWhoeverIsInTheUnit) {
  // The first instruction lets the unit go after 4 cycles; the second one takes 6.
  const std::string text = one_node("vector c = move a", "thread 1 { idle 1 vector b = move a }");
  EXPECT_EQ(reasons_of(text), "vector 10");
  EXPECT_EQ(way_of(text), "0 (0, 0) thread 0, 4 (0, 0) thread 1");
}

TEST(CriticalPath, PortsOfTheUnits) {
  EXPECT_EQ(
      reasons_of(one_node("matmul 1 x 1 x 64: n[0] = p * q", "thread 1 { vector c = move a }")),
      "matrix 18, unit ports 2");
}

TEST(CriticalPath, TheListEngineTakesOneAfterTheOther) {
  const std::string copy = "copy to node(1, 0): b[0, 0, :] = a[0, :]; there s";
  EXPECT_EQ(reasons_of(row("thread 0 { " + copy + " }", "thread 0 { wait s }", "")),
            "issue 2, transfer 11");
  EXPECT_EQ(reasons_of(row("thread 0 { " + copy + " } thread 1 { " + copy + " }",
                           "thread 0 { wait s by 2 }", "")),
            "issue 2, list engine 1, transfer 11");
}

TEST(CriticalPath, MessagesWaitForTheSendersPort) {
  const auto copy = [](int node) {
    return fmt::format("copy to node({}, 0): b[{}, :, :] = a; there s", node, node);
  };
  // 16 flits; the other one begins a cycle earlier, and goes to the other side.
  const std::string text =
      row("thread 0 { wait s }", "thread 0 { " + copy(0) + " } thread 1 { " + copy(2) + " }",
          "thread 0 { wait s }");
  EXPECT_EQ(reasons_of(text), "issue 2, list engine 1, transfer 26, send port 15");
}

TEST(CriticalPath, MessagesWaitForLinks) {
  // Both want the link to the third node in cycle 11.
  const std::string copy = "copy to node(2, 0): b[x, 0, :] = a[0, :]; there s";
  const std::string text = row("thread 0 { " + copy + " }", "thread 0 { idle 5 " + copy + " }",
                               "thread 0 { wait s by 2 }");
  EXPECT_EQ(reasons_of(text), "idle 5, issue 2, transfer 11, links 1");
}

TEST(CriticalPath, MessagesWaitForTheReceiversPort) {
  const std::string copy = "thread 0 { copy to node(1, 0): b[x, 0, :] = a[0, :]; there s }";
  EXPECT_EQ(reasons_of(row(copy, "thread 0 { wait s by 2 }", copy)),
            "issue 2, transfer 11, receive port 1");
}

TEST(CriticalPath, LeadsThroughTheLastAtABarrier) {
  const std::string text = row("thread 0 { barrier all }", "thread 0 { barrier all idle 50 }",
                               "thread 0 { idle 5 barrier all }");
  // Up to the root, which is two links away, and down to the second node.
  EXPECT_EQ(reasons_of(text), "idle 55, issue 3, signal 27");
}

TEST(CriticalPath, TransfersThatAskGoThereAndBack) {
  const std::string text =
      row("thread 0 { copy from node(1, 0): b[0, 0, :] = a[0, :]; here s wait s }", "", "");
  EXPECT_EQ(reasons_of(text), "issue 2, transfer 22");
}

TEST(CriticalPath, MemoryOfInterfaces) {
  const auto path = [](std::string_view copy) {
    return reasons_of(
        "program \"test\" { nodes 1 x 1 layout main { code at 0 size 1024 "
        "a: f32[32] at 1024 input semaphore s } layout dram on interfaces "
        "{ far: f32[32] at 0 input } class only uses main { on [0, 0] thread 0 { " +
        std::string(copy) + " } } }");
  };
  EXPECT_EQ(path("copy to interface(2) of dram: far[0:+16] = a[0:+16]"),
            "issue 1, transfer 6, interface 1");
  EXPECT_EQ(path("copy from interface(2) of dram: a[0:+16] = far[0:+16]; here s wait s"),
            "issue 2, transfer 12, interface 1");
}

}  // namespace
}  // namespace dojo::sim
