#include "dojo/host/units.h"

#include <gtest/gtest.h>

#include "dojo/graph/text.h"

namespace dojo::host {
namespace {

// One line for each unit: the names of what its nodes make; "| " begins those of phase two.
std::string units_of(const std::string& body, bool fuse = true) {
  const Graph graph = parse_graph("graph \"g\" {\n" + body + "}\n");
  const Constants constants = fold_constants(graph);
  std::string text;
  for (const Unit& unit : make_units(graph, constants, assign_layouts(graph, {}), fuse)) {
    text += unit.commits ? "|" : "";
    for (NodeId n : unit.nodes) text += " " + graph.value(graph.node(n).outputs[0]).name;
    text += "\n";
  }
  return text;
}

TEST(Units, AChainOfElementwiseNodesIsOneUnit) {
  const std::string chain =
      "data %x: f32[4]\n%a: f32[4] = Neg(%x)\n%b: f32[4] = Exp(%a)\n"
      "%c: f32[4] = Add(%b, %x)\noutput c %c\n";
  EXPECT_EQ(units_of(chain), " a b c\n");
  EXPECT_EQ(units_of(chain, false), " a\n b\n c\n");
}

TEST(Units, ANodeBetweenTwoElementwiseOnesKeepsThemApart) {
  EXPECT_EQ(units_of("data %x: f32[4,4]\n%a: f32[4,4] = Neg(%x)\n"
                     "%m: f32[4,4] = MatMul(%a, %a)\n%b: f32[4,4] = Add(%a, %m)\noutput b %b\n"),
            " a\n m\n b\n");
}

TEST(Units, ConstantsAreInNone) {
  EXPECT_EQ(units_of("data %x: f32[]\n%one: f32[] = Constant(; value=1.0)\n"
                     "%two: f32[] = Add(%one, %one)\n%y: f32[] = Mul(%x, %two)\noutput y %y\n"),
            " y\n");
}

TEST(Units, WhatOnlyUpdatesNeedComesLastAndAllParametersTogether) {
  EXPECT_EQ(
      units_of(
          "parameter %p: f32[4] = constant(1)\nstate %m: f32[4] = constant(0)\n"
          "parameter %q: f32[2] = constant(1)\nstate %n: f32[2] = constant(0)\ndata %lr: f32[]\n"
          "%g: f32[4] = Exp(%p)\n%h: f32[2] = Exp(%q)\n"
          "%p2: f32[4], %m2: f32[4] = Momentum(%p, %m, %g, %lr)\n"
          "%q2: f32[2], %n2: f32[2] = Momentum(%q, %n, %h, %lr)\n"
          "%loss: f32[] = ReduceSum(%p; keepdims=0)\noutput loss %loss guard\n"
          "update %p = %p2\nupdate %m = %m2\nupdate %q = %q2\nupdate %n = %n2\n"),
      " loss\n| g\n| h\n| p2 q2\n");
}

TEST(Units, AveragesWithOneAmountAreOneUnitUnlessOneReadsAnother) {
  const std::string three =
      "parameter %p: f32[4] = constant(1)\nstate %a: f32[4] = constant(0)\n"
      "state %b: f32[4] = constant(0)\nstate %c: f32[4] = constant(0)\ndata %t: f32[]\n"
      "%d1: f32[4] = Sub(%p, %a)\n%m1: f32[4] = Mul(%d1, %t)\n%a2: f32[4] = Add(%a, %m1)\n"
      "%d2: f32[4] = Sub(%p, %b)\n%m2: f32[4] = Mul(%d2, %t)\n%b2: f32[4] = Add(%b, %m2)\n"
      "%d3: f32[4] = Sub(%a2, %c)\n%m3: f32[4] = Mul(%d3, %t)\n%c2: f32[4] = Add(%c, %m3)\n"
      "update %a = %a2\nupdate %b = %b2\nupdate %c = %c2\n";
  EXPECT_EQ(units_of(three), "| d1 m1 a2 d2 m2 b2\n| d3 m3 c2\n");
}

TEST(Units, TheNormOfAllGradientsIsOneUnit) {
  EXPECT_EQ(units_of("data %x: f32[4]\ndata %y: f32[5]\ndata %z: f32[6]\n"
                     "%zero: f32[] = Constant(; value=0.0)\n"
                     "%a: f32[] = ReduceSumSquare(%x; keepdims=0)\n%s: f32[] = Add(%zero, %a)\n"
                     "%b: f32[] = ReduceSumSquare(%y; keepdims=0)\n%t: f32[] = Add(%s, %b)\n"
                     "%c: f32[] = ReduceSumSquare(%z; keepdims=0)\n%u: f32[] = Add(%t, %c)\n"
                     "output norm %u\n"),
            " a s b t c u\n");
}

TEST(Units, ANormAndItsReluAreOneUnitIfNothingElseReadsTheNorm) {
  const std::string norm =
      "data %x: f32[2,4,3,3]\ndata %k: f32[4]\n"
      "%n: f32[2,4,3,3], %mean: f32[2,2], %variance: f32[2,2] = "
      "GroupNormalization(%x, %k, %k; num_groups=2)\n%y: f32[2,4,3,3] = Relu(%n)\noutput y %y\n";
  EXPECT_EQ(units_of(norm), " n y\n");
  EXPECT_EQ(units_of(norm + "output n %n\n"), " n\n y\n");
  EXPECT_EQ(units_of("data %x: f32[2,4,3,3]\ndata %k: f32[4]\n"
                     "%n: f32[2,4,3,3], %mean: f32[2,2], %variance: f32[2,2] = "
                     "GroupNormalization(%x, %k, %k; num_groups=2)\n"
                     "%y: f32[2,2] = Relu(%variance)\noutput y %y\n"),
            " n\n y\n");
}

TEST(Units, AReluAndItsNormGoBackTogetherIfTheStatisticsAreTheNorms) {
  const auto steps = [](const char* epsilon) {
    return "data %x: f32[2,4,3,3]\ndata %k: f32[4]\ndata %dy: f32[2,4,3,3]\n"
           "%n: f32[2,4,3,3], %mean: f32[2,2], %variance: f32[2,2] = "
           "GroupNormalization(%x, %k, %k; num_groups=2)\n%y: f32[2,4,3,3] = Relu(%n)\n"
           "%dn: f32[2,4,3,3] = ReluGrad(%dy, %y)\n"
           "%dx: f32[2,4,3,3], %dk: f32[4], %db: f32[4] = "
           "GroupNormalizationGrad(%x, %k, %dn, %mean, %variance; num_groups=2" +
           std::string(epsilon) + ")\noutput dx %dx\noutput y %y\n";
  };
  EXPECT_EQ(units_of(steps("")), " n y\n dn dx\n");
  EXPECT_EQ(units_of(steps(", epsilon=0.5")), " n y\n dn\n dx\n");
}

TEST(Units, AConvolutionsGradientsByWeightAndBiasAreOneUnit) {
  EXPECT_EQ(units_of("data %x: f32[2,4,3,3]\ndata %dy: f32[2,5,3,3]\n"
                     "%dw: f32[5,4,1,1] = ConvWeightGrad(%x, %dy; kernel_shape=[1,1])\n"
                     "%e: f32[5,3] = ReduceSum(%dy; axes=[0,3], keepdims=0)\n"
                     "%db: f32[5] = ReduceSum(%dy; axes=[0,2,3], keepdims=0)\n"
                     "output dw %dw\noutput db %db\noutput e %e\n"),
            " e\n dw db\n");
}

}  // namespace
}  // namespace dojo::host
