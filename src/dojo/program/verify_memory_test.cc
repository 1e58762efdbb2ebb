// Memory, formats of lines and flits, phases.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/program/test_programs.h"

namespace dojo::program {
namespace {

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

}  // namespace
}  // namespace dojo::program
