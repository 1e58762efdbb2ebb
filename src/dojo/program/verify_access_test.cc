// Indices, counts and numbers, for every turn and at every node.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/program/test_programs.h"

namespace dojo::program {
namespace {

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

}  // namespace
}  // namespace dojo::program
