// The errors that only values show, each beside the program in which the order is there.
#include <gtest/gtest.h>

#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

// Two nodes; thread 0 and 1 of the first, thread 0 of the second.
std::string two_nodes(std::string_view first, std::string_view also, std::string_view second) {
  return "program \"test\" { nodes 2 x 1 layout main { code at 0 size 1024 "
         "a: f32[16] at 1024 input b: f32[16] at 1088 c: f32[16] at 1152 "
         "semaphore s semaphore t semaphore u }\n"
         "class first uses main { on [0, 0]\nthread 0 { " +
         std::string(first) + " }\nthread 1 { " + std::string(also) +
         " } }\nclass second uses main { on [1, 0]\nthread 0 { " + std::string(second) + " } } }";
}

std::string message_of(const std::string& text) {
  TestRun run(text);
  return failure(&run).message();
}

std::string message(const std::string& text) {
  TestRun run(text);
  run.write_everywhere("a", std::vector<float>(16, 1));
  return failure(&run).message();
}

TEST(Unwritten, NamesByteNodeCycleAndInstruction) {
  TestRun run(two_nodes("vector b[0:+9] = move 1.0\nvector c = move b", "", ""));
  run.write_everywhere("a", std::vector<float>(16, 1));
  const Error error = failure(&run);
  EXPECT_EQ(error.message(), "reads b[9] at the node (0, 0), which nobody has written");
  EXPECT_EQ(error.where(),
            "cycle 1, the node (0, 0): test:4: class first, thread 0: vector c = move b");
}

TEST(Unwritten, TransfersAreToldToo) {
  EXPECT_EQ(message(two_nodes("copy to node(1, 0): c = b", "", "")),
            "reads b[0] at the node (0, 0), which nobody has written");
  EXPECT_EQ(message(two_nodes("copy from node(1, 0): c = b; here s wait s", "", "")),
            "reads b[0] at the node (1, 0), which nobody has written");
}

TEST(Unwritten, InputsMustBeGiven) {
  TestRun run(two_nodes("vector c = move a", "", ""));
  run.write("a", {0, 0}, std::vector<float>(16, 1));
  EXPECT_EQ(failure(&run).message(), "the input a is not given at the node (1, 0)");
}

TEST(Race, ThreadsOfANode) {
  EXPECT_EQ(message(two_nodes("vector b = move 1.0", "vector b = move 2.0", "")),
            "data race: writes b[0] at the node (0, 0), and without any order to that \"class "
            "first, thread 0: vector b = move 1.0\" writes it");
  EXPECT_EQ(message(two_nodes("vector b = move a", "idle 9 vector a = move 2.0", "")),
            "data race: writes a[0] at the node (0, 0), and without any order to that \"class "
            "first, thread 0: vector b = move a\" reads it");
  EXPECT_EQ(message(two_nodes("vector b = move a signal s", "wait s vector a = move 2.0", "")), "");
  EXPECT_EQ(message(two_nodes("vector b = move a", "vector c = move a", "")), "");
  EXPECT_EQ(message(two_nodes("vector b[0:+8] = move a[0:+8]", "vector b[8:+8] = move 1.0", "")),
            "");
}

TEST(Race, AThreadAndItsOwnTransfer) {
  // The transfer reads until its signal says that it has read.
  EXPECT_NE(message(two_nodes("copy to node(1, 0): c = a vector a = move 2.0", "", "")), "");
  EXPECT_EQ(
      message(two_nodes("copy to node(1, 0): c = a; here s wait s vector a = move 2.0", "", "")),
      "");
  EXPECT_EQ(message(two_nodes("copy to node(1, 0): c = a phase vector a = move 2.0", "phase", "")),
            "");
  EXPECT_EQ(message(two_nodes("copy to node(1, 0): c = a vector b = move a", "", "")), "");
}

TEST(Race, ATransferAndTheNodeThatItWritesInto) {
  EXPECT_NE(message(two_nodes("copy to node(1, 0): c = a", "", "vector c = move 1.0")), "");
  EXPECT_NE(message(two_nodes("copy to node(1, 0): c = a; there s", "",
                              "idle 100 vector b = move c wait s")),
            "");
  EXPECT_EQ(
      message(two_nodes("copy to node(1, 0): c = a; there s", "", "wait s vector b = move c")), "");
}

TEST(Race, TheSenderKnowsNothingOfTheOtherEnd) {
  // It got the signal that it has read, which says nothing of what is written there.
  const std::string_view first = "copy to node(1, 0): c = a; here s wait s signal node(1, 0) t";
  EXPECT_NE(message(two_nodes(first, "", "wait t idle 100 vector b = move c")), "");
}

TEST(Race, OrderGoesThroughOtherNodes) {
  // The second node reads c, says so, and only then the first one writes it again.
  const std::string_view second = "wait s vector b = move c signal node(0, 0) t wait s";
  EXPECT_EQ(message(two_nodes("copy to node(1, 0): c = a; there s wait t "
                              "copy to node(1, 0): c = a; there s",
                              "", second)),
            "");
  EXPECT_NE(message(two_nodes("copy to node(1, 0): c = a; there s "
                              "copy to node(1, 0): c = a; there s wait t",
                              "", second)),
            "");
}

TEST(Race, AWaitKnowsTheSignalsThatItTakes) {
  // Two threads write halves of b and signal the same counter: one wait for both, or one for each.
  const auto readers = [](std::string_view waits) {
    return "program \"test\" { nodes 1 x 1 layout main { code at 0 size 1024 b: f32[16] at 1088 "
           "c: f32[16] at 1152 semaphore s }\nclass only uses main { on [0, 0]\n"
           "thread 0 { vector b[0:+8] = move 1.0 signal s }\n"
           "thread 1 { idle 50 vector b[8:+8] = move 1.0 signal s }\nthread 2 { " +
           std::string(waits) + " } } }";
  };
  EXPECT_EQ(message_of(readers("wait s by 2 vector c = move b")), "");
  EXPECT_EQ(message_of(readers("wait s vector c[0:+8] = move b[0:+8] wait s vector c = move b")),
            "");
  EXPECT_EQ(message_of(readers("wait s vector c[0:+8] = move b[8:+8] wait s")),
            "reads b[8] at the node (0, 0), which nobody has written");
}

TEST(Race, CanBeLeftOut) {
  TestRun run(two_nodes("vector b = move 1.0", "vector b = move 2.0", ""),
              {.level = Level::kFunctional, .races = false});
  run.write_everywhere("a", std::vector<float>(16, 1));
  EXPECT_EQ(failure(&run).message(), "");
}

TEST(Liveness, TransfersFromElsewhere) {
  const auto text = [](std::string_view before) {
    return R"(program "test" { nodes 2 x 1
      layout main { code at 0 size 1024 a: f32[16] at 1024 input b: f32[16] at 1088 live 1:
                    semaphore s semaphore ready }
      class first uses main { on [0, 0] thread 0 { )" +
           std::string(before) + R"( copy to node(1, 0): b = a; there s phase } }
      class second uses main { on [1, 0] thread 0 { )" +
           (before.empty() ? "idle 50 phase " : "phase signal node(0, 0) ready ") +
           R"( wait s } } })";
  };
  TestRun early(text(""));
  early.write_everywhere("a", std::vector<float>(16, 1));
  EXPECT_EQ(failure(&early).message(),
            "writes into b at the node (1, 0), which is in its phase 0, in which it is not live");
  TestRun later(text("wait ready"));
  later.write_everywhere("a", std::vector<float>(16, 1));
  EXPECT_EQ(failure(&later).message(), "");
}

TEST(Deadlock, SaysWhoWaitsForWhom) {
  TestRun run(two_nodes("wait s", "", "wait t signal node(0, 0) s"));
  run.write_everywhere("a", std::vector<float>(16, 1));
  const std::vector<Stuck>& stuck = run.simulator.run().stuck;
  ASSERT_EQ(stuck.size(), 2u);
  EXPECT_EQ(stuck[0].what, "s is 0, not 1");
  EXPECT_EQ(stuck[0].who,
            "it is signalled by class second, thread 0: signal node(0, 0) s, a thread that waits "
            "itself at \"wait t\", first at the node (1, 0)");
  EXPECT_EQ(stuck[1].what, "t is 0, not 1");
  EXPECT_EQ(stuck[1].who, "nothing signals it");
  EXPECT_EQ(stuck[1].first, (program::Coord{1, 0}));
}

TEST(Deadlock, BarriersSayWhoHasNotCome) {
  TestRun run(R"(program "test" { nodes 3 x 1
    layout main { code at 0 size 1024 semaphore s }
    barrier all over [0:+3, 0] root (0, 0)
    class comes uses main { on [0:+2, 0] thread 0 { barrier all } }
    class waits uses main { on [2, 0] thread 0 { wait s barrier all } } })");
  const std::vector<Stuck>& stuck = run.simulator.run().stuck;
  ASSERT_EQ(stuck.size(), 2u);
  EXPECT_EQ(stuck[0].nodes, 2);
  EXPECT_EQ(stuck[0].who, "the node (2, 0) has not come");
}

TEST(Limits, ARunEndsAtItsLastCycle) {
  TestRun run(two_nodes("loop k < 1000 { loop j < 1000 { idle 1000 } }", "", ""),
              {.level = Level::kFunctional, .most_cycles = 10000});
  run.write_everywhere("a", std::vector<float>(16, 1));
  EXPECT_EQ(failure(&run).message(), "the program is not done after 10000 cycles");
}

TEST(Deadlock, NamesFirstWhoStillWaits) {
  // Threads 1 and 2 signal the other counter or are done; thread 3 is why thread 0 waits for ever.
  TestRun run(
      R"(program "test" { nodes 1 x 1 layout main { code at 0 size 1024 semaphore s[2] semaphore t }
    class only uses main { on [0, 0]
    thread 0 { wait s[1] by 9 }
    thread 1 { signal s[0] }
    thread 2 { loop k < 2 { signal s[k] } signal s[1] signal s[1] }
    thread 3 { wait t signal s[1] } } })",
      {.level = Level::kBurst, .values = false});
  const Result& result = run.simulator.run();
  ASSERT_EQ(result.stuck.size(), 2u);
  EXPECT_EQ(result.stuck[0].what, "s is 3, not 9");
  EXPECT_EQ(
      result.stuck[0].who,
      "it is signalled by class only, thread 3: signal s[1], a thread that waits itself at "
      "\"wait t\", first at the node (0, 0); class only, thread 2: signal s[k], a thread that "
      "is done; class only, thread 2: signal s[1], a thread that is done; and 1 more");
  EXPECT_EQ(result.stuck[1].who, "nothing signals it");
}

}  // namespace
}  // namespace dojo::sim
