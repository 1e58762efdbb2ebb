#include "dojo/host/pads_to_concat.h"

#include <gtest/gtest.h>

#include "dojo/graph/text.h"
#include "dojo/graph/verify.h"

namespace dojo::host {
namespace {

std::string text_of(const Graph& graph) {
  verify(graph);
  return print_graph(graph);
}

TEST(PadsToConcat, ARoundedSumOfPartsThatDoNotMeetIsTheirConcatenation) {
  const Graph graph = parse_graph(R"(graph "g" {
  data %a: f32[1,3]
  data %b: f32[2,3]
  data %c: f32[1,3]
  %p: f32[4,3] = Pad(%a; pads=[3,0,0,0])
  %q: f32[4,3] = Pad(%b; pads=[1,0,1,0])
  %r: f32[4,3] = Pad(%c; pads=[0,0,3,0])
  %s: f32[4,3] = Add(%p, %q)
  %t: f32[4,3] = Add(%s, %r)
  %h: bf16[4,3] = Cast(%t; to="bf16")
  output h %h
}
)");
  EXPECT_EQ(text_of(with_concat_for_pads(graph)), R"(graph "g" {
  data %a: f32[1,3]
  data %b: f32[2,3]
  data %c: f32[1,3]
  %c.rounded: bf16[1,3] = Cast(%c; to="bf16")
  %b.rounded: bf16[2,3] = Cast(%b; to="bf16")
  %a.rounded: bf16[1,3] = Cast(%a; to="bf16")
  %h: bf16[4,3] = Concat(%c.rounded, %b.rounded, %a.rounded; axis=0)
  output h %h
}
)");
}

TEST(PadsToConcat, OtherSumsStayAsTheyAre) {
  const auto graph = [](const std::string& p, const std::string& q, const std::string& output) {
    return parse_graph(
        "graph \"g\" {\n  data %a: f32[2]\n  data %b: f32[2]\n  %p: f32[4] = Pad(%a; " + p +
        ")\n  %q: f32[4] = Pad(%b; " + q +
        ")\n  %s: f32[4] = Add(%p, %q)\n  %h: bf16[4] = Cast(%s; to=\"bf16\")\n" +
        "  output h %h\n" + output + "}\n");
  };
  const Graph meeting = graph("pads=[1,1]", "pads=[2,0]", "");
  const Graph with_values = graph("pads=[0,2], value=1.0", "pads=[2,0]", "");
  const Graph read_elsewhere = graph("pads=[0,2]", "pads=[2,0]", "  output s %s\n");
  for (const Graph& g : {meeting, with_values, read_elsewhere})
    EXPECT_EQ(with_concat_for_pads(g), g);
}

}  // namespace
}  // namespace dojo::host
