#include "dojo/graph/problem.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"

namespace dojo {
namespace {

using Integers = std::vector<int64_t>;

TEST(Problem, OperandsAndAttributesAreFoundByName) {
  const Problem p =
      parse_problem("  Conv w=64x64x3x3\tpads=1,1,1,1 x=16x64x32x64  group=1 ", "here");
  EXPECT_EQ(p.text, "Conv w=64x64x3x3 pads=1,1,1,1 x=16x64x32x64 group=1");
  EXPECT_EQ(p.op.op, "Conv");
  ASSERT_EQ(p.op.inputs.size(), 2u);
  EXPECT_EQ(p.op.inputs[0].type, (Type{Format::kF32, {16, 64, 32, 64}}));
  EXPECT_EQ(p.op.inputs[1].type, (Type{Format::kF32, {64, 64, 3, 3}}));
  EXPECT_EQ(p.op.inputs[0].begin, -1);
  EXPECT_EQ(p.op.inputs[0].end, 1);
  EXPECT_EQ(std::get<Integers>(p.op.attributes.at("pads")), (Integers{1, 1, 1, 1}));
  EXPECT_EQ(std::get<int64_t>(p.op.attributes.at("group")), 1);
}

TEST(Problem, FormatsRangesScalarsWordsAndListsOfOneNumber) {
  const Problem loss =
      parse_problem("SoftmaxCrossEntropyLoss scores=4x10@-5..5.5 labels=i32:4@0..10", "");
  EXPECT_EQ(loss.op.inputs[0].end, 5.5);
  EXPECT_EQ(loss.op.inputs[1].type, (Type{Format::kI32, {4}}));
  EXPECT_EQ(loss.op.inputs[1].end, 10);
  const Problem half = parse_problem("MatMul a=bf16:8x8@0.1..0.5 b=bf16:8x8", "");
  EXPECT_EQ(half.op.inputs[0].begin, 0.1);
  EXPECT_EQ(half.op.inputs[1].begin, -1);
  EXPECT_EQ(half.op.inputs[1].end, 1);
  const Problem sgd =
      parse_problem("Momentum param=8 velocity=8 grad=8 lr=scalar momentum=0.5", "");
  EXPECT_EQ(sgd.op.inputs[3].type, (Type{Format::kF32, {}}));
  EXPECT_EQ(std::get<double>(sgd.op.attributes.at("momentum")), 0.5);
  const Problem gelu = parse_problem("Gelu x=8 approximate=tanh", "");
  EXPECT_EQ(std::get<std::string>(gelu.op.attributes.at("approximate")), "tanh");
  const Problem pool = parse_problem("MaxPool x=1x2x8 kernel_shape=2, strides=2,", "");
  EXPECT_EQ(std::get<Integers>(pool.op.attributes.at("strides")), Integers{2});
  EXPECT_EQ(parse_problem("Cast x=u8:4 to=f32", "").op.inputs[0].end, 256);
}

TEST(Problem, AnOpOfAnyNumberOfOperandsCountsThem) {
  const Problem p = parse_problem("Concat x0=2x3 x1=2x4 x2=2x5 axis=1", "");
  ASSERT_EQ(p.op.inputs.size(), 3u);
  EXPECT_EQ(p.op.inputs[2].type.shape, (Shape{2, 5}));
  EXPECT_THROW(parse_problem("Concat x0=2x3 x2=2x4 axis=1", ""), Error);
}

TEST(Problem, AnOperandInTheMiddleThatIsOptionalMayBeAbsent) {
  const Problem p =
      parse_problem("AdamW param=8 m=8 v=8@0..1 grad=8 lr=scalar step=scalar@1..2", "");
  EXPECT_EQ(p.op.inputs.size(), 6u);
  EXPECT_EQ(case_graph(p.op).nodes.size(), 1u);
}

// Each summary names as many operands as the op takes, so that problems can name them.
TEST(Problem, EveryOpNamesItsOperands) {
  for (const OpDef* def : all_ops()) {
    const std::vector<std::string> names = operand_names(*def);
    if (def->max_inputs < 0)
      EXPECT_EQ(names, (std::vector<std::string>{"x0", "x1"})) << def->name;
    else
      EXPECT_EQ(std::ssize(names), def->max_inputs) << def->name << ": " << def->summary;
  }
}

TEST(Problem, AFileHasOneInALineAndComments) {
  const auto problems = parse_problems("# two\n\nRelu x=8\n  \nAdd a=2 b=2  # the second\r\n", "f");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[1].text, "Add a=2 b=2");
}

TEST(Problem, WhatIsWrongIsSaidWithItsLine) {
  struct Row {
    const char *line, *says;
  };
  for (const auto& [line, says] : {
           Row{"Convolution x=1", "unknown op \"Convolution\""},
           {"Relu x", "\"x\" instead of NAME=VALUE"},
           {"Relu y=3", "Relu has no \"y\""},
           {"Relu", "operands"},
           {"Relu x=3 x=3", "x is there twice"},
           {"Relu x=3x", "\"3x\" is no shape"},
           {"Relu x=-3", "dimension of -3"},
           {"Relu x=99999999999999999999", "is no shape"},
           {"Relu x=4294967296x4294967296", "more than"},
           {"Relu x=1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1", "dimensions"},
           {"Relu x=bf17:3", "unknown format"},
           {"Relu x=3@1", "a range of values that is none"},
           {"Relu x=3@2..1", "a range of values that is none"},
           {"Relu x=3@nan..1", "a range of values that is none"},
           {"Cast x=u8:3@0.2..0.8 to=f32", "no whole number"},
           {"Cast x=u8:3@-5..8 to=f32", "beyond the format"},
           {"Softmax x=3 axis=1,x", "\"x\" in a list is no number"},
           {"Softmax x=3 axis=0 axis=0", "axis is there twice"},
           {"Softmax x=3 axis=one", "Softmax: the attribute \"axis\" is not an integer"},
           {"Conv x=1x3x8x8 w=4x5x3x3", "Conv: "},
           {"Constant value=1", "nothing to measure"},
       }) {
    try {
      parse_problems(std::string("Relu x=1\n") + line, "list.txt");
      ADD_FAILURE() << line;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput) << line;
      EXPECT_EQ(e.where(), "list.txt:2") << line;
      EXPECT_NE(e.message().find(says), std::string::npos) << line << ": " << e.message();
    }
  }
}

}  // namespace
}  // namespace dojo
