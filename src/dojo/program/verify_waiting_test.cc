// Semaphores, barriers, phases and ways of messages: who waits for ever, and for whom.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo::program {
namespace {

TEST(Verify, ASignalForEachWait) {
  const std::string s = "semaphore s";
  EXPECT_EQ(found(s, "thread 0 { wait s by 2 } thread 1 { signal s signal s }"), Found());
  EXPECT_EQ(
      found(s, "thread 0 { wait s by 2 } thread 1 { signal s }"),
      Found({"line 3: deadlock: waits for ever at the node (0, 0) and 3 more: s is 1, not 2"}));
  EXPECT_EQ(found(s, "thread 0 { wait s by 2 } thread 1 { signal s by 3 }"),
            Found({"line 2: unmatched: s begins with 0 and ends with 1 at the node (0, 0) and with "
                   "another count at 3 more"}));
  EXPECT_EQ(found(s + " = 1", "thread 0 { wait s }"),
            Found({"line 2: unmatched: s begins with 1 and ends with 0 at the node (0, 0) and with "
                   "another count at 3 more"}));
  EXPECT_EQ(found(s, "thread 0 { wait s wait s by 0 } thread 1 { loop k < x { } signal s }"),
            Found());
}

TEST(Verify, TransfersSignalBothSides) {
  const std::string items = "a: u8[64] at 4096 b: u8[64] at 4160 semaphore s semaphore t";
  EXPECT_EQ(
      found(items,
            "let right = (x + 1) % 4 thread 0 { copy to node(right, y): b = a; here s, there t "
            "wait s wait t }"),
      Found());
  EXPECT_EQ(
      found(items,
            "let right = (x + 1) % 4 thread 0 { copy from node(right, y): b = a; here s, there t "
            "wait s wait t }"),
      Found());
  EXPECT_EQ(found(items, "thread 0 { copy to nodes[0:+4, 0]: b = a; there t wait t by 4 }"),
            Found());
  EXPECT_EQ(found(items, "thread 0 { copy to nodes[0:+4, 0]: b = a; there t wait t by 5 }").size(),
            1u);
  EXPECT_EQ(found(items, "thread 0 { copy here: b = a; here s wait s }"), Found());
}

TEST(Verify, NodesThatWaitForEachOtherAreNamed) {
  // Everybody waits for the left before signalling the right.
  const Found ring = found(
      "semaphore s", "let right = (x + 1) % 4\nthread 0 {\nwait s\nsignal node(right, y) s }");
  EXPECT_EQ(ring, Found({"line 5: deadlock: waits for ever at the node (0, 0) and 3 more: s is 0, "
                         "not 1"}));
  // The first node begins.
  EXPECT_EQ(
      problems_of("program \"p\" { nodes 4 x 1 layout l { code at 0 size 128 semaphore s }\n"
                  "class rest uses l { on [1:+3, 0] let right = (x + 1) % 4 thread 0 { wait s "
                  "signal node(right, y) s } }\n"
                  "class first uses l { on [0, 0] thread 0 { signal node(1, 0) s wait s } } }",
                  small_machine()),
      Found());
}

TEST(Verify, WhoWouldHaveToSignalIsSaid) {
  const Program program = parse_program(on_row(
      "semaphore s semaphore t", "thread 0 { wait s signal t } thread 1 { wait t signal s }"));
  const Verification result = verify(program, small_machine());
  ASSERT_EQ(result.problems.list().size(), 2u);
  EXPECT_EQ(result.problems.list()[0].hint, "it is signalled by class c, thread 1: signal s");
  EXPECT_EQ(result.problems.list()[1].hint, "it is signalled by class c, thread 0: signal t");
  const Program never = parse_program(on_row("semaphore s", "thread 0 { wait s }"));
  EXPECT_EQ(verify(never, small_machine()).problems.list()[0].hint, "nothing signals it");
}

TEST(Verify, LoopsAreExecutedWithTheirCounters) {
  // A pipeline along the row: node x gets x signals for each turn; counters of both kinds name
  // them.
  const std::string items = "semaphore s[3]";
  EXPECT_EQ(
      found(items,
            "thread 0 { loop k < 9, c = 0 step 1 mod 3 { wait s[c] by x } } thread 1 { loop k < "
            "9, c = 0 step 1 mod 3 { signal s[c] by x } }"),
      Found());
  EXPECT_EQ(
      found(items,
            "thread 0 { loop k < 9, c = 0 step 1 mod 3 { wait s[c] by x } } thread 1 { loop k < "
            "9, c = 1 step 2 mod 3 { signal s[c] by x } }"),
      Found());
  EXPECT_EQ(
      found(items,
            "thread 0 { loop k < 10, c = 0 step 1 mod 3 { wait s[c] } } thread 1 { loop i < 3 { "
            "loop j < 3 { signal s[i] } } }"),
      Found({"line 3: deadlock: waits for ever at the node (0, 0) and 3 more: s is 0, not 1"}));
}

TEST(Verify, OnlyOneThreadWaitsForASemaphore) {
  EXPECT_EQ(found("semaphore s = 2", "thread 0 { wait s } thread 1 { wait s signal s by 2 }"),
            Found({"line 3: unmatched: thread 0 of the class waits for s too"}));
}

TEST(Verify, TransfersAndSignalsReachNodesWithThatMemory) {
  const std::string items = "a: u8[64] at 4096 semaphore s";
  const auto with = [&](std::string_view body, std::string_view more = "") {
    return found(items, fmt::format("thread 0 {{ {} }}", body), more);
  };
  EXPECT_EQ(with("copy to node(x + 1, y): a = a"),
            Found({"line 3: targets: from the node (3, 0) to (4, 0), which is outside the grid"}));
  EXPECT_EQ(with("signal nodes[0:+2, y:+2] s").size(), 4u);
  const std::string other = "layout m { code at 0 size 64 b: u8[64] at 64 semaphore t }";
  EXPECT_EQ(
      problems_of(
          "program \"p\" { nodes 4 x 1 layout l { code at 0 size 64 a: u8[64] at 64 } " + other +
              "\nclass c uses l { on [0, 0] thread 0 { copy to node(2, 0): a = a } }\nclass "
              "d uses m { on [1:+2, 0] } }",
          small_machine()),
      Found({"line 2: targets: from the node (0, 0) to (2, 0), which has the layout m, not l"}));
  EXPECT_EQ(
      problems_of("program \"p\" { nodes 4 x 1 layout l { code at 0 size 64 a: u8[64] at 64 } " +
                      other +
                      "\nclass c uses l { on [0, 0] thread 0 { copy to node(2, 0) of m: b = a } "
                      "}\nclass d uses m { on [1:+2, 0] } }",
                  small_machine()),
      Found());
  EXPECT_EQ(
      problems_of("program \"p\" { nodes 4 x 1 layout l { code at 0 size 64 a: u8[64] at 64 }\n"
                  "class c uses l { on [0, 0] thread 0 { copy to node(2, 0): a = a } } }",
                  small_machine()),
      Found({"line 2: targets: from the node (0, 0) to (2, 0), which is of no class"}));
}

TEST(Verify, ABarrierNeedsAllItsNodes) {
  const auto with = [](std::string_view over, std::string_view body) {
    return problems_of(
        fmt::format("program \"p\" {{ nodes 4 x 1 layout l {{ code at 0 size 512 }} barrier "
                    "b over {} root (2, 0)\nclass c uses l {{ on [0:+4, 0] {} }} }}",
                    over, body),
        small_machine());
  };
  EXPECT_EQ(with("[0:+4, 0]", "thread 0 { loop k < 5 { barrier b } }"), Found());
  EXPECT_EQ(
      with("[0:+4, 0]", "thread 0 { loop k < x { barrier b } }"),
      Found({"line 2: deadlock: waits for ever at the node (1, 0) and 2 more: 3 of 4 nodes came"}));
  EXPECT_EQ(with("[1:+3, 0]", "thread 0 { barrier b }"),
            Found({"line 2: targets: the node (0, 0) is not in the barrier's region"}));
  EXPECT_EQ(with("[0:+4, 0]", "thread 0 { barrier b } thread 1 { barrier b }"),
            Found({"line 2: unmatched: thread 0 of the class comes to the barrier too"}));
}

TEST(Verify, PhasesAndWaitsCanBeInEachOthersWay) {
  EXPECT_EQ(found("semaphore s", "thread 0 { wait s phase } thread 1 { signal s phase }"), Found());
  EXPECT_EQ(
      found("semaphore s", "thread 0 {\nwait s\nphase } thread 1 { phase\nsignal s }"),
      Found({"line 4: deadlock: waits for ever at the node (0, 0) and 3 more: s is 0, not 1",
             "line 5: deadlock: waits for ever at the node (0, 0) and 3 more: other threads of "
             "the node do not come"}));
}

TEST(Verify, WaysOverDisabledNodesAreFoundWhereNothingLeadsAround) {
  MachineView machine = small_machine();
  machine.is_live = [](Coord c) { return c != Coord{2, 1}; };
  // The three live nodes of row 1 and one of row 0: x first goes along the sender's row.
  const std::string text =
      "program \"p\" {{ nodes 4 x 2 layout l {{ code at 0 size 64 a: u8[64] at 64 }}\n"
      "class sender uses l {{ on [0, 1] thread 0 {{ copy {}({}): a = a }} }}\n"
      "class other uses l {{ on [1, 1] on [3, 0:+2] on [2, 0] }} }}";
  const auto to = [&](std::string_view node, std::string_view way = "to node") {
    return problems_of(fmt::format(fmt::runtime(text), way, node), machine);
  };
  EXPECT_EQ(to("3, 1"), Found());
  machine.routes_go_around = false;
  EXPECT_EQ(to("1, 1"), Found());
  EXPECT_EQ(to("3, 1"),
            Found({"line 2: routes: from the node (0, 1) to (3, 1), over a disabled node "
                   "between (0, 1) and (3, 1) of the machine"}));
  EXPECT_EQ(to("3, 0").size(), 1u);
  EXPECT_EQ(to("2, 0").size(), 1u);
  machine.x_first = false;
  EXPECT_EQ(to("3, 0"), Found());
  // What is fetched comes back another way, down the other node's column.
  EXPECT_EQ(to("3, 0", "from node").size(), 1u);
}

TEST(Verify, PacketsOfBarriersAvoidDisabledNodesToo) {
  MachineView machine = small_machine();
  machine.is_live = [](Coord c) { return c != Coord{2, 0}; };
  machine.routes_go_around = false;
  // Logical columns 0 to 3 are 0, 1, 3 and 4 of the machine.
  const auto with_root = [&](std::string_view place, std::string_view root) {
    return problems_of(
        fmt::format("program \"p\" {{ nodes 4 x 1 place [0:+2, 0] at (0, {0}) place [2:+2, 0] at "
                    "(3, {0}) layout l {{ code at 0 size 64 }}\nbarrier b over [0:+4, 0] root "
                    "{1}\nclass c uses l {{ on [0:+4, 0] thread 0 {{ barrier b }} }} }}",
                    place, root),
        machine);
  };
  EXPECT_EQ(with_root("1", "(0, 0)"), Found());
  EXPECT_EQ(with_root("0", "(0, 0)"),
            Found({"line 2: routes: from the node (2, 0) to (1, 0), over a disabled node between "
                   "(3, 0) and (1, 0) of the machine"}));
}

TEST(Verify, TooManyStepsAreNotDecided) {
  const Program program = parse_program(on_row(
      "semaphore s",
      "thread 0 { loop k < 1000000 { wait s } } thread 1 { loop k < 1000000 { signal s } }"));
  Verification result = verify(program, small_machine(), {.most_steps = 1000});
  ASSERT_EQ(result.problems.list().size(), 1u);
  EXPECT_EQ(result.problems.list()[0].kind, ProblemKind::kUndecided);
  EXPECT_TRUE(result.ok());
  result = verify(program, small_machine());
  EXPECT_TRUE(result.problems.list().empty());
  EXPECT_GT(result.steps, 16'000'000);
}

}  // namespace
}  // namespace dojo::program
