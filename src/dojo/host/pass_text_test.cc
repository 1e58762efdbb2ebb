#include "dojo/host/pass_text.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/graph/format_policy.h"
#include "dojo/graph/text.h"
#include "dojo/host/passes.h"

namespace dojo {
namespace {

std::string after(std::string_view pass, const std::string& body, const HostOptions& options = {}) {
  return text_after(parse_graph("graph \"g\" {\n" + body + "}\n"), pass, options);
}

// A convolution with a bias, its gradients, and a weight that is trained.
const std::string kStep =
    "  data %x: f32[2,32,32,32]\n"
    "  data %dy: f32[2,32,32,32]\n"
    "  parameter %w: f32[32,32,3,3] = normal(1.0)\n"
    "  data %rate: f32[]\n"
    "  %two: f32[] = Constant(; value=2.0)\n"
    "  %four: f32[] = Mul(%two, %two)\n"
    "  %y: f32[2,32,32,32] = Conv(%x, %w; pads=[1,1,1,1])\n"
    "  %z: f32[2,32,32,32] = Mul(%y, %four)\n"
    "  %r: f32[2,32,32,32] = Relu(%z)\n"
    "  %dw: f32[32,32,3,3] = ConvWeightGrad(%x, %dy; kernel_shape=[3,3], pads=[1,1,1,1])\n"
    "  %db: f32[32] = ReduceSum(%dy; axes=[0,2,3], keepdims=0)\n"
    "  %d: f32[32,32,3,3] = Mul(%dw, %rate)\n"
    "  %w2: f32[32,32,3,3] = Sub(%w, %d)\n"
    "  output r %r\n"
    "  output db %db\n"
    "  update %w = %w2\n";

TEST(PassText, AfterFoldConstantNodesAreMarked) {
  const std::string text = after("fold", kStep);
  EXPECT_NE(text.find("Constant(; value=2.0)  # constant\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Mul(%two, %two)  # constant\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Mul(%y, %four)\n"), std::string::npos) << text;
  const std::string without = after("fold", kStep, {.fold = false});
  EXPECT_NE(without.find("Constant(; value=2.0)  # constant\n"), std::string::npos) << without;
  EXPECT_NE(without.find("Mul(%two, %two)\n"), std::string::npos) << without;
}

TEST(PassText, AfterTheLayoutPassesValuesHaveTheirOrder) {
  const std::string images = after("channels-last", kStep);
  EXPECT_NE(images.find("data %x: f32[2,32,32,32]  # channels-last\n"), std::string::npos);
  EXPECT_EQ(images.find("packed"), std::string::npos) << images;
  const std::string weights = after("packed-weights", kStep);
  EXPECT_NE(weights.find("normal(1.0)  # packed for %dw\n"), std::string::npos) << weights;
  const std::string rows =
      after("packed-weights", kStep, {.channels_last = false, .packed_weights = false});
  EXPECT_EQ(rows.find("packed for"), std::string::npos) << rows;
  EXPECT_EQ(rows.find("channels-last"), std::string::npos) << rows;
}

TEST(PassText, AfterFuseNodesStandInUnitsInTheOrderOfExecution) {
  const std::string body =
      "  data %x: f32[4]\n"
      "  state %s: f32[4] = constant(0.0)\n"
      "  %t: f32[4] = Add(%s, %x)\n"
      "  %a: f32[4] = Neg(%x)\n"
      "  %b: f32[4] = Exp(%a)\n"
      "  output b %b\n"
      "  update %s = %t\n";
  EXPECT_EQ(after("fuse", body),
            "graph \"g\" {\n"
            "  data %x: f32[4]\n"
            "  state %s: f32[4] = constant(0.0)\n"
            "  # unit 0: elementwise\n"
            "  %a: f32[4] = Neg(%x)\n"
            "  %b: f32[4] = Exp(%a)\n"
            "  # phase two: once all guards are finite\n"
            "  # unit 1: elementwise\n"
            "  %t: f32[4] = Add(%s, %x)\n"
            "  output b %b\n"
            "  update %s = %t\n"
            "}\n");
  const std::string apart = after("fuse", body, {.fuse = false});
  EXPECT_NE(apart.find("  # unit 0: node\n  %a: f32[4] = Neg(%x)\n  # unit 1: node\n"),
            std::string::npos)
      << apart;
  EXPECT_NE(after("fuse", kStep).find(": conv-grad\n"), std::string::npos);
  EXPECT_NE(after("in-place", body).find("  update %s = %t  # in place\n"), std::string::npos);
  EXPECT_EQ(after("fuse", body).find("in place"), std::string::npos);
  EXPECT_EQ(after("in-place", body, {.in_place = false}).find("in place"), std::string::npos);
}

TEST(PassText, AfterWinogradItsConvolutionsAreMarked) {
  const std::string text = after("winograd", kStep);
  EXPECT_NE(text.find("Conv(%x, %w; pads=[1,1,1,1])  # channels-last, winograd\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(after("winograd", kStep, {.winograd = false}).find(", winograd"), std::string::npos);
}

TEST(PassText, TheGraphAfterAPassCanBeReadAgain) {
  const Graph graph = parse_graph("graph \"g\" {\n" + kStep + "}\n");
  for (const char* pass :
       {"bf16", "fold", "channels-last", "packed-weights", "fuse", "in-place", "winograd"}) {
    const Graph again = parse_graph(text_after(graph, pass));
    EXPECT_EQ(again.nodes.size(), graph.nodes.size()) << pass;
    EXPECT_EQ(again.outputs.size(), graph.outputs.size()) << pass;
  }
}

TEST(PassText, Bf16StaysWhereTheProcessorHasItElseThereIsNone) {
  const Graph graph = with_bf16(
      parse_graph("graph \"g\" {\n  data %x: f32[4,4]\n  parameter %w: f32[4,4] = normal(1.0)\n"
                  "  %y: f32[4,4] = MatMul(%x, %w)\n  %l: f32[] = ReduceSum(%y; keepdims=0)\n"
                  "  output l %l\n}\n"));
  ASSERT_NE(print_graph(graph).find("bf16["), std::string::npos);
  const std::string text = text_after(graph, "bf16", {.native_bf16 = false});
  EXPECT_EQ(text.find("bf16["), std::string::npos) << text;
  EXPECT_NE(text.find("Cast("), std::string::npos) << text;
  EXPECT_EQ(text_after(graph, "bf16").find("bf16[") != std::string::npos, host_has_bf16());
}

// y and z have one size; neither fits into x, which is kept anyway.
const std::string kChain =
    "  data %x: f32[4,4,2]\n"
    "  %y: f32[4,4] = ReduceSum(%x; axes=[2], keepdims=0)\n"
    "  %z: f32[4,4] = Exp(%y)\n"
    "  %t: f32[4] = ReduceSum(%z; axes=[1], keepdims=0)\n"
    "  output t %t\n";

TEST(PassText, AfterLowerThereAreStepsOverBuffers) {
  EXPECT_EQ(after("lower", kChain),
            "program \"g\" {\n"
            "  buffer 0 x 128 kept\n"
            "  buffer 1 y 64\n"
            "  buffer 2 z 64\n"
            "  buffer 3 t 16 kept\n"
            "  step 0 ReduceSum %y: 0 -> 1\n"
            "  step 1 Exp %z: 1 -> 2\n"
            "  step 2 ReduceSum %t: 2 -> 3\n"
            "}\n");
}

TEST(PassText, AfterShareAResultIsInTheMemoryOfItsOperandAndAfterArenaAllHavePlaces) {
  EXPECT_NE(after("share", kChain).find("  buffer 2 z 64 = 1 + 0\n"), std::string::npos)
      << after("share", kChain);
  EXPECT_EQ(after("share", kChain, {.share = false}), after("lower", kChain));
  const std::string text = after("arena", kChain);
  EXPECT_NE(text.find("  # arena of 64 bytes, 192 bytes that are kept from step to step\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  buffer 2 z 64 = 1 + 0 at 0\n"), std::string::npos) << text;
  const std::string apart = after("arena", kChain, {.share = false, .arena = false});
  EXPECT_NE(apart.find("  buffer 2 z 64 at 64\n"), std::string::npos) << apart;
}

TEST(PassText, EveryPassHasItsText) {
  for (const HostPass& pass : host_passes()) EXPECT_FALSE(after(pass.name, kStep).empty());
  try {
    after("fuze", kStep);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.where(), "--after");
    EXPECT_NE(e.hint().find("fuse"), std::string::npos);
  }
}

}  // namespace
}  // namespace dojo
