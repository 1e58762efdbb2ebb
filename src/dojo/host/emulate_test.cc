#include "dojo/host/emulate.h"

#include <gtest/gtest.h>

#include "dojo/graph/text.h"

namespace dojo::host {
namespace {

TEST(EmulateBf16, CastsFromBf16VanishAndCastsToItRoundF32) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: f32[4]
  data %b: bf16[4]
  state %s: bf16[4] = constant(1.0)
  %h: bf16[4] = Cast(%x; to="bf16")
  %y: f32[4] = Cast(%h; to="f32")
  %z: f32[4] = Neg(%y)
  %w: f32[4] = Cast(%b; to="f32")
  %i: i32[4] = Cast(%b; to="i32")
  output z %z
  output y %y
  output w %w
  output i %i
  update %s = %h
}
)");
  EXPECT_EQ(print_graph(emulate_bf16(graph)), R"(graph "g" {
  data %x: f32[4]
  data %b: f32[4]
  state %s: f32[4] = constant(1.0)
  %h: f32[4] = Cast(%x; to="bf16")
  %z: f32[4] = Neg(%h)
  %i: i32[4] = Cast(%b; to="i32")
  output z %z
  output y %h
  output w %b
  output i %i
  update %s = %h
}
)");
}

TEST(EmulateBf16, AGraphWithoutBf16StaysAsItIs) {
  const Graph graph =
      parse_graph("graph \"g\" { data %x: f32[4] %y: f32[4] = Cast(%x; to=\"f32\") output y %y }");
  EXPECT_EQ(emulate_bf16(graph), graph);
}

TEST(EmulateBf16, ACastFromBf16BetweenTwoRoundingsVanishes) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: f32[4]
  %a: bf16[4] = Cast(%x; to="bf16")
  %b: f32[4] = Cast(%a; to="f32")
  %c: bf16[4] = Cast(%b; to="bf16")
  %d: f32[4] = Cast(%c; to="f32")
  output d %d
}
)");
  const Graph emulated = emulate_bf16(graph);
  ASSERT_EQ(emulated.nodes.size(), 2u);
  for (const Node& node : emulated.nodes) EXPECT_TRUE(rounds_to_bf16(node));
}

}  // namespace
}  // namespace dojo::host
