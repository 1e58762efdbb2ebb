#include "dojo/host/native_bf16.h"

#include <gtest/gtest.h>

#include "dojo/graph/text.h"

namespace dojo::host {
namespace {

TEST(NativeBf16, CastsFromBf16VanishAndTheirReadersReadBf16) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: f32[4]
  %h: bf16[4] = Cast(%x; to="bf16")
  %y: f32[4] = Cast(%h; to="f32")
  %z: f32[4] = Neg(%y)
  %i: i32[4] = Cast(%h; to="i32")
  output z %z
  output i %i
}
)");
  EXPECT_EQ(print_graph(with_native_bf16(graph)), R"(graph "g" {
  data %x: f32[4]
  %h: bf16[4] = Cast(%x; to="bf16")
  %z: f32[4] = Neg(%h)
  %i: i32[4] = Cast(%h; to="i32")
  output z %z
  output i %i
}
)");
}

TEST(NativeBf16, WhatOnlyMovesValuesMovesThemInBf16AndTwinsBecomeOne) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: bf16[2,3]
  %y: f32[2,3] = Cast(%x; to="f32")
  %r: f32[6] = Reshape(%y; shape=[6])
  %r.bf16: bf16[6] = Reshape(%x; shape=[6])
  %a: f32[6] = Neg(%r)
  %b: f32[6] = Cast(%r.bf16; to="f32")
  %c: f32[6] = Add(%a, %b)
  output c %c
}
)");
  EXPECT_EQ(print_graph(with_native_bf16(graph)), R"(graph "g" {
  data %x: bf16[2,3]
  %r: bf16[6] = Reshape(%x; shape=[6])
  %a: f32[6] = Neg(%r)
  %c: f32[6] = Add(%a, %r)
  output c %c
}
)");
}

TEST(NativeBf16, ARoundingOfWhatIsRoundedVanishes) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: f32[4]
  %a: bf16[4] = Cast(%x; to="bf16")
  %b: f32[4] = Cast(%a; to="f32")
  %c: bf16[4] = Cast(%b; to="bf16")
  output c %c
}
)");
  EXPECT_EQ(print_graph(with_native_bf16(graph)), R"(graph "g" {
  data %x: f32[4]
  %a: bf16[4] = Cast(%x; to="bf16")
  output c %a
}
)");
}

TEST(NativeBf16, OutputsAndUpdatesKeepTheirFormat) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: bf16[4]
  state %s: f32[4] = constant(1.0)
  %y: f32[4] = Cast(%x; to="f32")
  output y %y
  output x %x
  update %s = %y
}
)");
  EXPECT_EQ(print_graph(with_native_bf16(graph)), R"(graph "g" {
  data %x: bf16[4]
  state %s: f32[4] = constant(1.0)
  %x.wide: f32[4] = Cast(%x; to="f32")
  output y %x.wide
  output x %x
  update %s = %x.wide
}
)");
}

TEST(NativeBf16, AGraphWithoutBf16StaysAsItIs) {
  const Graph graph =
      parse_graph("graph \"g\" { data %x: f32[4] %y: f32[4] = Cast(%x; to=\"f32\") output y %y }");
  EXPECT_EQ(with_native_bf16(graph), graph);
}

TEST(NativeBf16, ARoundedWeightIsOneThatOnlyConvolutionsReadAsTheirWeights) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: bf16[1,2,4,4]
  parameter %w: f32[2,2,1,1] = constant(1.0)
  parameter %u: f32[2,2,1,1] = constant(1.0)
  %w.bf16: bf16[2,2,1,1] = Cast(%w; to="bf16")
  %u.bf16: bf16[2,2,1,1] = Cast(%u; to="bf16")
  %a: f32[1,2,4,4] = Conv(%x, %w.bf16)
  %b: f32[1,2,4,4] = Conv(%x, %u.bf16)
  %t: bf16[4] = Reshape(%u.bf16; shape=[4])
  output a %a
  output b %b
  output t %t
}
)");
  const std::vector<bool> found = rounded_weights(graph);
  for (size_t v = 0; v < found.size(); ++v)
    EXPECT_EQ(found[v], graph.values[v].name == "w.bf16") << graph.values[v].name;
}

TEST(NativeBf16, ATranspositionOfTheLastTwoDimensionsSwapsRowsAndColumns) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %x: bf16[5,2,3]
  data %y: f32[5,2,3]
  data %m: bf16[2,3]
  %a: bf16[5,3,2] = Transpose(%x; perm=[0,2,1])
  %b: bf16[2,5,3] = Transpose(%x; perm=[1,0,2])
  %c: f32[5,3,2] = Transpose(%y; perm=[0,2,1])
  %d: bf16[3,2] = Transpose(%m)
  output a %a
  output b %b
  output c %c
  output d %d
}
)");
  std::vector<bool> swaps;
  for (const Node& node : graph.nodes) swaps.push_back(swaps_rows_and_columns(graph, node));
  EXPECT_EQ(swaps, (std::vector<bool>{true, false, false, true}));
}

}  // namespace
}  // namespace dojo::host
