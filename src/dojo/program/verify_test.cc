#include "dojo/program/verify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/program/builder.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"

namespace dojo::program {
namespace {

using Found = std::vector<std::string>;

// A program on 4 x 1 nodes with one layout and one class; the layout's items are line 2, the
// class's line 3 and what follows.
std::string on_row(std::string_view items, std::string_view body, std::string_view more = "") {
  return fmt::format(
      "program \"p\" {{ nodes 4 x 1\nlayout l {{ code at 0 size 4096 {} }}\nclass c uses l {{ on "
      "[0:+4, 0] {} }}\n{} }}",
      items, body, more);
}

Found found(std::string_view items, std::string_view body, std::string_view more = "") {
  return problems_of(on_row(items, body, more), small_machine());
}

TEST(Verify, TheExamplesCanRun) {
  for (const Example& example : examples())
    EXPECT_EQ(problems_of(example.text, small_machine()), Found()) << example.file;
}

// ---- Memory ----

TEST(Verify, AllocationsThatAreLiveTogetherDoNotOverlap) {
  const std::string a = "a: f32[64] at 4096 live 0:+2 ", b = "b: f32[64] at 4351 live ";
  EXPECT_EQ(
      found(a + b + "1:+1", ""),
      Found({"line 2: overlap: a [4096, 4352) and b [4351, 4607) are in the same bytes at the "
             "same time"}));
  EXPECT_EQ(found(a + b + "2:", ""), Found());
  EXPECT_EQ(found(a + "b: f32[64] at 4352", ""), Found());
  EXPECT_EQ(
      found("a: f32[1] at 4095", ""),
      Found({"line 2: overlap: the code [0, 4096) and a [4095, 4099) are in the same bytes at "
             "the same time"}));
}

TEST(Verify, AllOverlapsAreFound) {
  // Small ones behind a large one that goes on.
  EXPECT_EQ(
      found("a: u8[1024] at 4096 b: u8[64] at 4160 c: u8[64] at 5056 d: u8[64] at 5120", "").size(),
      2u);
}

TEST(Verify, NothingGoesBeyondTheSram) {
  EXPECT_EQ(found("a: u8[126976] at 4096", ""), Found());
  EXPECT_EQ(found("a: u8[126977] at 4096", ""),
            Found({"line 2: overflow: a [4096, 131073) goes beyond the 131072 B of SRAM"}));
}

TEST(Verify, CodeNeedsItsPlace) {
  // 64 instructions of 64 bytes fit into 4096 bytes, 65 do not.
  std::string body = "thread 0 {";
  for (int i = 0; i < 63; ++i) body += " idle 1";
  EXPECT_EQ(found("", body + "} thread 1 { idle 1 }"), Found());
  EXPECT_EQ(found("", body + "} thread 1 { idle 1 idle 1 }"),
            Found({"line 3: overflow: its code has 4160 B; the layout l has 4096 B for code"}));
}

TEST(Verify, InterfacesHaveOneMemory) {
  const std::string body = "thread 0 { copy from interface(3) of d: a = b }";
  const auto with = [&](std::string_view layouts) {
    return problems_of(
        fmt::format(
            "program \"p\" {{ nodes 4 x 1 layout l {{ code at 0 size 4096 a: f32[64] at 4096 "
            "}}\n{}\nclass c uses l {{ on [0, 0] {} }} }}",
            layouts, body),
        small_machine());
  };
  EXPECT_EQ(with("layout d on interfaces { b: f32[64] at 1048320 }"), Found());
  EXPECT_EQ(with("layout d on interfaces { b: f32[64] at 1048324 }"),
            Found({"line 2: overflow: b [1048324, 1048580) goes beyond the 1048576 B of an "
                   "interface's memory"}));
  EXPECT_EQ(
      with("layout d on interfaces { b: f32[64] at 0 } layout e on interfaces { c: u8[1] at 8 }"),
      Found({"line 2: overlap: b [0, 256) and c [8, 9) are in the same bytes at the same time"}));
}

// ---- Formats ----

TEST(Verify, ALineOfSramHasOneFormat) {
  const std::string a = "a: bf16[80] at 4096 live 0:+2 ";
  EXPECT_EQ(
      found(a + "b: f32[8] at 4256", ""),
      Found({"line 2: formats: a [4096, 4256), bf16, and b [4256, 4288), f32, are in the same "
             "64 bytes, which hold one format"}));
  EXPECT_EQ(found(a + "b: f32[8] at 4288", ""), Found());
  EXPECT_EQ(found(a + "b: bf16[8] at 4256", ""), Found());
  EXPECT_EQ(found(a + "b: f32[8] at 4256 live 2:", ""), Found());
  EXPECT_EQ(found("a: shp(3)[8] at 4096 b: shp(4)[8] at 4112", "").size(), 1u);
}

TEST(Verify, AFlitHasOneFormat) {
  const std::string items = "a: bf16[64] at 4096 b: f32[64] at 4224 c: bf16[64] at 4480 ";
  const auto piece = [&](std::string_view pieces) {
    return found(items, fmt::format("\nthread 0 {{\ncopy here: {} }}", pieces));
  };
  EXPECT_EQ(piece("a[0:+32] = c[0:+32], b = b"), Found());
  EXPECT_EQ(piece("a[0:+31] = c[0:+31], c[40:+1] = a[40:+1], b = b"), Found());
  EXPECT_EQ(piece("a[0:+31] = c[0:+31], b = b"),
            Found({"line 5: formats: a flit of 64 bytes with bf16 and f32"}));
}

TEST(Verify, SixteenFormatsAreLiveAtATime) {
  std::string items;
  for (int i = 0; i < 16; ++i) items += fmt::format("a{0}: shp({0})[32] at {1} ", i, 4096 + 64 * i);
  EXPECT_EQ(found(items, ""), Found());
  EXPECT_EQ(found(items + "b: f32[1] at 8192", ""),
            Found({"line 2: formats: 17 formats are live in phase 0; a node has 16 at a time"}));
  EXPECT_EQ(found(items + "b: f32[1] at 8192 live 1:", ""),
            Found({"line 2: formats: 17 formats are live in phase 1; a node has 16 at a time"}));
}

// ---- Phases ----

TEST(Verify, ThreadsOfANodeHaveEquallyManyPhases) {
  EXPECT_EQ(found("", "thread 0 { phase } thread 1 { phase }"), Found());
  EXPECT_EQ(found("", "thread 0 { phase } thread 1 { phase phase }"),
            Found({"line 3: phases: its threads have 1 and 2 phase instructions"}));
}

TEST(Verify, InputsLiveFromTheStartAndOutputsToTheEnd) {
  const std::string body = "thread 0 { phase }";
  EXPECT_EQ(found("a: u8[1] at 4096 live 1: input", body),
            Found({"line 2: phases: the input a lives from phase 1 on, not from 0"}));
  EXPECT_EQ(found("a: u8[1] at 4096 live 0:+1 output", body),
            Found({"line 2: phases: the output a lives to phase 1; the class c ends in phase 1"}));
  EXPECT_EQ(found("a: u8[1] at 4096 live 0:+2 input output", body), Found());
}

TEST(Verify, AnInstructionUsesWhatIsLiveInItsPhase) {
  const std::string a = "a: u8[1] at 4096 live 1:+1";
  EXPECT_EQ(found(a, "thread 0 { phase vector a = move 0 phase }"), Found());
  EXPECT_EQ(found(a, "thread 0 { phase phase vector a = move 0 }"),
            Found({"line 3: access: a is not live in phase 2"}));
  EXPECT_EQ(found(a, "thread 0 { copy to node(x, y): a = a }"),
            Found({"line 3: access: a is not live in phase 0"}));  // its own side only
}

// ---- Access ----

TEST(Verify, AnIndexIsInsideForEveryTurn) {
  const auto with = [](std::string_view loop) {
    return found("a: u8[100] at 4096", fmt::format("thread 0 {{\n{} }}", loop));
  };
  EXPECT_EQ(with("loop k < 25 { vector a[4*k + 3] = move 0 }"), Found());
  EXPECT_EQ(
      with("loop k < 25 { vector a[4*k + 4] = move 0 }"),
      Found({"line 4: access: a, index 0 is 4 to 100 at the node (0, 0); allowed are 0 to 99"}));
  EXPECT_EQ(with("loop k < 25 { vector a[-k + 24] = move 0 }"), Found());
  EXPECT_EQ(
      with("loop k < 25 { vector a[-k + 23] = move 0 }"),
      Found({"line 4: access: a, index 0 is -1 to 23 at the node (0, 0); allowed are 0 to 99"}));
  EXPECT_EQ(with("loop k < 10 { loop i < 10 { vector a[10*k + i] = move 0 } }"), Found());
  EXPECT_EQ(with("loop k < 10 { loop i < 11 { vector a[10*k + i] = move 0 } }").size(), 1u);
  EXPECT_EQ(with("vector a[90:+4:3] = move 0"), Found());
  EXPECT_EQ(with("vector a[91:+4:3] = move 0").size(), 1u);
  EXPECT_EQ(with("vector a[99:+4:0] = move 0"), Found());
  EXPECT_EQ(with("vector a[0:+101] = move 0"),
            Found({"line 4: access: a, index 0 is 0 at the node (0, 0); allowed are none"}));
  EXPECT_EQ(with("loop k < 0 { vector a[100] = move 0 }"), Found());  // never
}

TEST(Verify, AnIndexIsInsideAtEveryNode) {
  const auto with = [](std::string_view body) { return found("a: u8[100] at 4096", body); };
  EXPECT_EQ(with("thread 0 { vector a[33*x] = move 0 }"), Found());
  EXPECT_EQ(with("thread 0 { vector a[34*x] = move 0 }"),
            Found({"line 3: access: a, index 0 is 102 at the node (3, 0); allowed are 0 to 99"}));
  // x + r and x - r are never far apart, which only a look at each node shows.
  EXPECT_EQ(with("let r = 3 - x thread 0 { vector a[33*x + 33*r] = move 0 }"), Found());
  EXPECT_EQ(with("let r = 3 - x thread 0 { vector a[33*x + 33*r + 1] = move 0 }").size(), 1u);
  // At x = 0 the loop is not entered, at 3 it has 3 turns.
  EXPECT_EQ(with("thread 0 { loop k < x { vector a[33*k + 33*x - 66] = move 0 } }").size(), 1u);
  EXPECT_EQ(with("thread 0 { loop k < x { vector a[33*k - 11*x + 33] = move 0 } }"), Found());
  EXPECT_EQ(with("thread 0 { loop k < x { vector a[50*k - 50*x + 50] = move 0 } }").size(), 1u);
}

TEST(Verify, CountersThatWrapAreLookedAtTurnByTurn) {
  const auto with = [](std::string_view loop, std::string_view at) {
    return found("a: u8[8] at 4096",
                 fmt::format("thread 0 {{ {} {{ vector a[{}] = move 0 }} }}", loop, at));
  };
  // c is 0, 3, 6, 1, 4, 7, 2, 5.
  EXPECT_EQ(with("loop k < 8, c = 0 step 3 mod 8", "c"), Found());
  EXPECT_EQ(with("loop k < 3, c = 0 step 3 mod 8", "c + 1"), Found());
  EXPECT_EQ(with("loop k < 6, c = 0 step 3 mod 8", "c + 1").size(), 1u);
  EXPECT_EQ(with("loop k < 6, c = -1 step -1 mod 8", "c - 2"), Found());
  EXPECT_EQ(with("loop k < 6, c = -1 step -1 mod 8", "c - 3").size(), 1u);
  // k and c together: c = 1 - k mod 2 makes k + c at most 8 and even.
  EXPECT_EQ(with("loop k < 8, c = 0 step 1 mod 2", "k - c"), Found());
  EXPECT_EQ(with("loop k < 8, c = 0 step 1 mod 2", "k - c + 2").size(), 1u);
  EXPECT_EQ(with("loop k < 16777216, c = 0 step 1 mod 8", "c"), Found());
  // 0, 5, 2, 7, 4 ...: the last period has the greatest k.
  EXPECT_EQ(with("loop k < 1000000, c = 0 step 1 mod 7", "c - k + 999993").size(), 1u);
}

TEST(Verify, PaddingMayLieOutside) {
  const std::string items = "a: bf16[4, 4] at 4096 b: bf16[6, 6] at 4160";
  EXPECT_EQ(found(items, "thread 0 { copy here: b = pad a[-1:+6, -1:+6] }"), Found());
  EXPECT_EQ(found(items, "thread 0 { copy here: b = a[-1:+6, -1:+6] }").size(), 2u);
}

TEST(Verify, RemoteAndRandomViewsAreLookedAtToo) {
  EXPECT_EQ(found("a: u8[4] at 4096", "thread 0 { copy to node(0, y): a[x + 1] = a[x] }").size(),
            1u);
  EXPECT_EQ(problems_of("program \"p\" { nodes 1 x 1 random r[8] layout l { code at 0 size 64 a: "
                        "bf16[4] at 64 }\nclass c uses l { on [0, 0] thread 0 { vector a = move a; "
                        "random r[5:+4] } } }",
                        small_machine()),
            Found({"line 2: access: r, index 0 is 5 at the node (0, 0); allowed are 0 to 4"}));
}

TEST(Verify, CountsAmountsAndNumbersAreInTheirRanges) {
  const auto with = [](std::string_view text) {
    return found("semaphore s[2]", fmt::format("thread 0 {{ {} }}", text));
  };
  EXPECT_EQ(
      with("loop k < x - 1 { }"),
      Found({"line 3: access: the count of the loop is -1 at the node (0, 0); allowed are 0 to "
             "16777216"}));
  EXPECT_EQ(with("loop k < 20000000 { }").size(), 1u);
  EXPECT_EQ(with("wait s by -x"),
            Found({"line 3: access: the amount is -1 at the node (1, 0); allowed are 0 to "
                   "1099511627776"}));
  EXPECT_EQ(with("idle 2 - x").size(), 1u);
  EXPECT_EQ(with("signal s[x] by 0").size(), 1u);
  EXPECT_EQ(with("signal nodes[0:+x, 0] s by 0").size(), 1u);
}

TEST(Verify, InterfacesAreThoseOfTheMachine) {
  const auto with = [](std::string_view number) {
    return problems_of(
        fmt::format("program \"p\" {{ nodes 4 x 1 layout l {{ code at 0 size 64 a: u8[8] "
                    "at 64 }} layout d on interfaces {{ b: u8[8] at 0 }}\nclass c uses l "
                    "{{ on [0:+4, 0] thread 0 {{ copy from interface({}) of d: a = b }} }} }}",
                    number),
        small_machine());
  };
  EXPECT_EQ(with("x"), Found());
  EXPECT_EQ(with("x + 1"),
            Found({"line 2: access: the interface is 4 at the node (3, 0); allowed are 0 to 3"}));
}

TEST(Verify, AnArgumentHasAValueAtEveryNode) {
  EXPECT_EQ(found("", "let a = 12 / (x + 1) let b = a % 5"), Found());
  EXPECT_EQ(found("", "let a = 12 / x"),
            Found({"line 3: classes: an argument has no value at the node (0, 0)"}));
  EXPECT_EQ(found("", "let a = x * 8388608"),
            Found({"line 3: classes: an argument has no value at the node (3, 0)"}));
}

// ---- Classes and places ----

TEST(Verify, ANodeIsOfOneClass) {
  EXPECT_EQ(found("", "", "class d uses l { on [2:+2, 0] }"),
            Found({"line 4: classes: the node (2, 0) is of the class c already"}));
}

TEST(Verify, AMachineHasTheThreadsOfItsNodes) {
  MachineView machine = small_machine();
  const std::string text = on_row("", "thread 0 { idle 1 } thread 1 { } thread 2 { idle 1 }");
  machine.threads = 3;
  EXPECT_EQ(problems_of(text, machine), Found());
  machine.threads = 2;
  EXPECT_EQ(problems_of(text, machine),
            Found({"line 3: places: it has a thread 2; the threads of a node of the machine are "
                   "[0, 2)"}));
}

TEST(Verify, NodesAreInLivePlacesOfTheMachine) {
  MachineView machine = small_machine();
  machine.is_live = [](Coord c) { return c != Coord{2, 1}; };
  const auto with = [&](std::string_view place) {
    return problems_of(
        fmt::format("program \"p\" {{ nodes 4 x 1\n{}\nlayout l {{ }}\nclass c uses l {{ on "
                    "[0:+4, 0] }} }}",
                    place),
        machine);
  };
  EXPECT_EQ(with(""), Found());
  EXPECT_EQ(with("place [0:+4, 0] at (0, 1)"),
            Found({"line 4: places: the node (2, 0) is put at (2, 1), which is disabled"}));
  EXPECT_EQ(with("place [0:+2, 0] at (0, 1) place [2:+2, 0] at (3, 1)"), Found());
  EXPECT_EQ(with("place [0:+4, 0] at (7, 0) right (-1, 0) down (0, 1)"), Found());
  EXPECT_EQ(
      with("place [0:+4, 0] at (5, 1)"),
      Found({"line 4: places: the node (3, 0) is put at (8, 1); the machine has 8 x 8 nodes"}));
  EXPECT_EQ(with("place [0:+4, 0] at (2, 2) right (-1, 0) down (0, 1)"),
            Found({"line 2: places: the node (3, 0) is put at (-1, 2)"}));
  EXPECT_EQ(with("place [0:+3, 0] at (0, 0)"),
            Found({"line 4: places: the node (3, 0) is in none of the places"}));
  EXPECT_EQ(with("place [0:+3, 0] at (0, 0) place [2:+2, 0] at (4, 4)"),
            Found({"line 2: places: the node (2, 0) has a place already"}));
  EXPECT_EQ(with("place [0:+4, 0] at (1, 1) right (0, 0) down (0, 0)").size(), 3u);
}

// ---- Waiting ----

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

TEST(Verify, RequireVerifiedThrowsTheFirstProblem) {
  SourceLines lines;
  const Program program =
      parse_program(on_row("semaphore s", "thread 0 { wait s }"), "deadlock.program", &lines);
  try {
    require_verified(program, small_machine(), &lines);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput);
    EXPECT_EQ(error.where(), "deadlock.program:3: class c, thread 0: wait s");
    EXPECT_EQ(error.message().substr(0, 9), "deadlock:");
  }
}

}  // namespace
}  // namespace dojo::program
