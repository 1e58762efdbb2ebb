// Small cases of the neural-network ops worked out by hand, and the errors of wrong operands and
// attributes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/builder.h"
#include "dojo/graph/interpreter.h"

namespace dojo {
namespace {

using Ints = std::vector<int64_t>;
using Numbers = std::vector<double>;

struct Operand {
  Shape shape;
  Numbers data;
  Format format = Format::kF32;
};

std::vector<Numbers> evaluate(std::string_view op, const std::vector<Operand>& operands,
                              const Attributes& attributes) {
  Builder b("case");
  std::vector<ValueId> values;
  std::vector<RefTensor> inputs;
  for (const Operand& o : operands) {
    values.push_back(b.data(fmt::format("x{}", values.size()), {o.format, o.shape}));
    inputs.push_back({{o.format, o.shape}, o.data});
  }
  for (ValueId y : b.op_multi(op, values, attributes))
    b.output(fmt::format("y{}", b.graph().outputs.size()), y);
  std::vector<Numbers> results;
  for (RefTensor& t : interpret(std::move(b).finish(), inputs, Precision::kDouble))
    results.push_back(t.data);
  return results;
}

// What infer says about operands of these types; "" if nothing.
std::string complaint(std::string_view op, const std::vector<Type>& types,
                      const Attributes& attributes) {
  Builder b("case");
  std::vector<ValueId> values;
  for (const Type& type : types) values.push_back(b.data(fmt::format("x{}", values.size()), type));
  try {
    b.op_multi(op, values, attributes);
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput);
    return error.what();
  }
  return "";
}

Type f32(Shape shape) { return {Format::kF32, std::move(shape)}; }

TEST(Conv, CorrelatesWithZeroPadding) {
  const Operand x{{1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}}, w{{1, 1, 2, 2}, {1, 10, 100, 1000}},
      bias{{1}, {0.5}};
  EXPECT_EQ(evaluate("Conv", {x, w, bias}, {})[0], (Numbers{5421.5, 6532.5}));
  // One row of zeros above, strides of 2: outputs at the columns 0 and at the rows -1.
  EXPECT_EQ(evaluate("Conv", {x, w}, {{"pads", Ints{1, 0, 0, 0}}, {"strides", Ints{2, 2}}})[0],
            (Numbers{2100}));
}

TEST(Conv, GroupsSeeTheirOwnChannelsOnly) {
  const Operand x{{1, 2, 1, 1}, {3, 5}}, w{{2, 1, 1, 1}, {10, 100}};
  EXPECT_EQ(evaluate("Conv", {x, w}, {{"group", int64_t{2}}})[0], (Numbers{30, 500}));
}

TEST(Conv, NamesWhatIsWrong) {
  const std::vector<Type> good = {f32({1, 4, 5, 5}), f32({6, 4, 3, 3})};
  EXPECT_EQ(complaint("Conv", good, {}), "");
  const auto says = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  says(complaint("Conv", good, {{"strides", Ints{0, 1}}}), "strides must be in 1");
  says(complaint("Conv", good, {{"pads", Ints{0, -1, 0, 0}}}), "pads must be in 0");
  says(complaint("Conv", good, {{"pads", Ints{1, 1}}}), "pads must have 4 numbers");
  says(complaint("Conv", good, {{"dilations", Ints{1, 3}}}), "the window reaches over 7 places");
  says(complaint("Conv", good, {{"strides", Ints{int64_t{1} << 62, 1}}}), "strides must be in 1");
  says(complaint("Conv", good, {{"group", int64_t{3}}}), "group 3 must divide");
  says(complaint("Conv", good, {{"group", int64_t{0}}}), "group 0 must divide");
  says(complaint("Conv", good, {{"kernel_shape", Ints{3, 2}}}),
       "kernel_shape [3,2] is not that of w");
  says(complaint("Conv", {f32({1, 3, 5, 5}), good[1]}, {}), "has 4 input channels");
  says(complaint("Conv", {f32({3, 5}), good[1]}, {}), "x must have 3 to 5 dimensions");
  says(complaint("Conv", {{Format::kU8, {1, 4, 5, 5}}, good[1]}, {}), "x must be f32");
  const Type half = {Format::kBF16, good[0].shape};
  says(complaint("Conv", {half, good[1]}, {}), "w must be bf16");
  says(complaint("ConvWeightGrad", {half, f32({1, 6, 3, 3})}, {{"kernel_shape", Ints{3, 3}}}),
       "dy must be bf16");
  says(complaint("MatMul", {f32({2, 3}), {Format::kBF16, {3, 4}}}, {}), "a must be bf16");
  says(complaint("Conv", {good[0], good[1], f32({5})}, {}), "b must be f32[6]");
  says(
      complaint("ConvInputGrad", {f32({1, 6, 3, 2}), good[1]}, {{"input_shape", Ints{1, 4, 5, 5}}}),
      "dy must be f32[1,6,3,3]");
  says(complaint("ConvWeightGrad", {good[0], f32({1, 6, 3, 3})}, {}), "kernel_shape");
  says(complaint("ConvInputGrad", {f32({1, 1, 3}), f32({1, 1, 3})},
                 {{"input_shape", Ints{1, 1, INT64_MAX}}, {"pads", Ints{1, 1}}}),
       "more than");
  const Ints most(3, 1 << 24);
  says(complaint("MaxPool", {f32({1, 1, 1, 1, 1})},
                 {{"kernel_shape", most}, {"strides", most}, {"pads", Ints(6, (1 << 24) - 1)}}),
       "a window of more than");
}

TEST(Conv, CostCountsAMultiplyAddAsTwo) {
  Builder b("cost");
  const ValueId x = b.data("x", f32({2, 4, 8, 8})), w = b.data("w", f32({6, 4, 3, 3}));
  b.output("y", b.op("Conv", {x, w}, {{"pads", Ints{1, 1, 1, 1}}}));
  const Graph graph = std::move(b).finish();
  EXPECT_EQ(op_cost(graph, graph.nodes[0]).flop, 2.0 * (2 * 6 * 8 * 8) * (4 * 3 * 3));
}

TEST(MaxPool, GivesTheGradientToTheFirstOfEqualMaxima) {
  const Operand x{{1, 1, 2, 2}, {7, 7, 7, 7}}, y{{1, 1, 1, 1}, {7}}, dy{{1, 1, 1, 1}, {3}};
  const Attributes attributes = {{"kernel_shape", Ints{2, 2}}};
  EXPECT_EQ(evaluate("MaxPoolGrad", {x, y, dy}, attributes)[0], (Numbers{3, 0, 0, 0}));
}

TEST(MaxPool, PaddingNeverWins) {
  const Operand x{{1, 1, 1, 2}, {-5, -3}};
  const Attributes attributes = {
      {"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{1, 2}}};
  EXPECT_EQ(evaluate("MaxPool", {x}, attributes)[0], (Numbers{-3}));
}

TEST(Pools, RefuseAWindowThatMayLieInThePadding) {
  const Attributes attributes = {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{2, 0, 0, 0}}};
  EXPECT_NE(complaint("AveragePool", {f32({1, 1, 4, 4})}, attributes)
                .find("must be smaller than the kernel"),
            std::string::npos);
  EXPECT_NE(complaint("MaxPool", {f32({1, 1, 4, 4})}, {}).find("kernel_shape"), std::string::npos);
}

TEST(AveragePool, DividesByTheTapsInsideUnlessPaddingCounts) {
  const Operand x{{1, 1, 1, 2}, {4, 8}};
  Attributes attributes = {
      {"kernel_shape", Ints{1, 2}}, {"pads", Ints{0, 1, 0, 1}}, {"strides", Ints{1, 2}}};
  EXPECT_EQ(evaluate("AveragePool", {x}, attributes)[0], (Numbers{4, 8}));
  attributes["count_include_pad"] = int64_t{1};
  EXPECT_EQ(evaluate("AveragePool", {x}, attributes)[0], (Numbers{2, 4}));
}

TEST(BatchNormalization, RunningVarianceIsThatOfThePopulation) {
  const Operand x{{2, 1}, {1, 5}}, scale{{1}, {2}}, bias{{1}, {10}}, mean{{1}, {100}},
      variance{{1}, {1000}};
  const auto y = evaluate("BatchNormalization", {x, scale, bias, mean, variance},
                          {{"training_mode", int64_t{1}}, {"momentum", 0.75}, {"epsilon", 1e-12}});
  EXPECT_NEAR(y[0][0], 8, 1e-9);
  EXPECT_NEAR(y[0][1], 12, 1e-9);
  EXPECT_EQ(y[1], (Numbers{0.75 * 100 + 0.25 * 3}));
  EXPECT_EQ(y[2],
            (Numbers{0.75 * 1000 + 0.25 * 4}));  // PyTorch would take 8, the unbiased variance
  EXPECT_EQ(y[3], (Numbers{3}));
  EXPECT_EQ(y[4], (Numbers{4}));
}

TEST(GroupNormalization, TakesItsStatisticsOverAGroupOfChannels) {
  const Operand x{{1, 4, 1}, {1, 3, 10, 30}}, scale{{4}, {1, 1, 1, 1}}, bias{{4}, {0, 0, 0, 0}};
  const auto y = evaluate("GroupNormalization", {x, scale, bias},
                          {{"num_groups", int64_t{2}}, {"epsilon", 1e-12}});
  EXPECT_EQ(y[1], (Numbers{2, 20}));
  EXPECT_EQ(y[2], (Numbers{1, 100}));
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(y[0][i], i % 2 ? 1 : -1, 1e-9);
  EXPECT_NE(complaint("GroupNormalization", {f32({1, 4, 2}), f32({4}), f32({4})},
                      {{"num_groups", int64_t{3}}})
                .find("num_groups 3 must divide the 4 channels"),
            std::string::npos);
  EXPECT_NE(complaint("GroupNormalization", {f32({1, 4, 2}), f32({4}), f32({4})},
                      {{"num_groups", int64_t{2}}, {"epsilon", 0.0}})
                .find("epsilon must be positive"),
            std::string::npos);
}

TEST(MatMul, BroadcastsLeadingDimensions) {
  const Operand a{{2, 1, 2}, {1, 2, 3, 4}}, b{{2, 1}, {10, 100}};
  EXPECT_EQ(evaluate("MatMul", {a, b}, {})[0], (Numbers{210, 430}));
  EXPECT_NE(complaint("MatMul", {f32({2, 3}), f32({2, 3})}, {}).find("has 3 columns"),
            std::string::npos);
  EXPECT_NE(complaint("MatMul", {f32({2, 3, 3}), f32({4, 3, 3})}, {}).find("do not broadcast"),
            std::string::npos);
  EXPECT_NE(complaint("MatMul", {f32({3}), f32({3, 3})}, {}).find("a must have 2 to 8 dimensions"),
            std::string::npos);
}

TEST(Gemm, ScalesBothTerms) {
  const Operand a{{2, 1}, {1, 2}}, b{{1, 2}, {3, 4}}, c{{2, 1}, {100, 200}};
  EXPECT_EQ(evaluate("Gemm", {a, b, c}, {{"alpha", 2.0}, {"beta", 0.5}})[0],
            (Numbers{56, 58, 112, 116}));
  EXPECT_NE(complaint("Gemm", {f32({2, 3}), f32({3, 4}), f32({5})}, {}).find("broadcast"),
            std::string::npos);
  EXPECT_NE(
      complaint("Gemm", {f32({2, 3}), f32({3, 4}), f32({3, 2, 4})}, {}).find("c must have 0 to 2"),
      std::string::npos);
  EXPECT_NE(
      complaint("Gemm", {f32({2, 3}), f32({3, 4})}, {{"transB", int64_t{1}}}).find("do not match"),
      std::string::npos);
}

// A row of three pixels 10 20 30 sampled along x.
Numbers sample_row(Numbers places, const std::string& padding, int64_t align_corners) {
  Operand grid{{1, 1, std::ssize(places), 2}, {}};
  for (double u : places) grid.data.insert(grid.data.end(), {u, 0});
  return evaluate("GridSample", {{{1, 1, 1, 3}, {10, 20, 30}}, grid},
                  {{"padding_mode", padding}, {"align_corners", align_corners}})[0];
}

TEST(GridSample, CountsFromPixelCentresOrFromEdges) {
  EXPECT_EQ(sample_row({-1, -0.5, 0, 1}, "border", 1), (Numbers{10, 15, 20, 30}));
  EXPECT_EQ(sample_row({-1, 0, 1}, "border", 0), (Numbers{10, 20, 30}));
  EXPECT_EQ(sample_row({-1, 0, 1}, "zeros", 0),
            (Numbers{5, 20, 15}));  // the edge is half a pixel outside
  EXPECT_EQ(sample_row({-1.5, 9, -9}, "zeros", 1), (Numbers{5, 0, 0}));
}

TEST(GridSample, KeepsInfiniteAndMissingPlacesHonest) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(sample_row({inf, -inf}, "border", 1), (Numbers{30, 10}));
  EXPECT_EQ(sample_row({inf, -inf}, "zeros", 1), (Numbers{0, 0}));
  for (const char* padding : {"zeros", "border"})
    EXPECT_TRUE(std::isnan(sample_row({std::nan("")}, padding, 1)[0]));
}

TEST(GridSample, NoGradientWhereTheBorderClips) {
  const Operand x{{1, 1, 1, 3}, {10, 20, 30}}, grid{{1, 1, 3, 2}, {-1.5, 0, 0.5, 0, 1.5, 0}},
      dy{{1, 1, 1, 3}, {1, 1, 1}};
  const Attributes attributes = {{"padding_mode", std::string("border")},
                                 {"align_corners", int64_t{1}}};
  EXPECT_EQ(evaluate("GridSampleGridGrad", {dy, x, grid}, attributes)[0],
            (Numbers{0, 0, 10, 0, 0, 0}));
}

TEST(GridSample, NamesWhatIsWrong) {
  const Type x = f32({2, 1, 4, 4});
  EXPECT_NE(
      complaint("GridSample", {x, f32({2, 3, 3, 3})}, {}).find("last dimension of grid must be 2"),
      std::string::npos);
  EXPECT_NE(complaint("GridSample", {x, f32({1, 3, 3, 2})}, {}).find("same N"), std::string::npos);
  EXPECT_NE(complaint("GridSample", {x, f32({2, 3, 3, 2})}, {{"mode", std::string("cubic")}})
                .find("mode is \"cubic\""),
            std::string::npos);
  EXPECT_NE(complaint("AffineGrid", {f32({2, 2, 3})}, {{"size", Ints{1, 1, 4, 4}}})
                .find("theta must be f32[1,2,3]"),
            std::string::npos);
}

TEST(Resize, LinearKeepsPixelCentresAndClampsAtTheEdges) {
  const Operand x{{1, 1, 1, 2}, {0, 8}};
  Attributes attributes = {{"sizes", Ints{1, 1, 1, 4}}, {"mode", std::string("linear")}};
  EXPECT_EQ(evaluate("Resize", {x}, attributes)[0], (Numbers{0, 2, 6, 8}));
  attributes["coordinate_transformation_mode"] = std::string("asymmetric");
  EXPECT_EQ(evaluate("Resize", {x}, attributes)[0], (Numbers{0, 4, 8, 8}));
  attributes["coordinate_transformation_mode"] = std::string("align_corners");
  attributes["sizes"] = Ints{1, 1, 1, 5};
  EXPECT_EQ(evaluate("Resize", {x}, attributes)[0], (Numbers{0, 2, 4, 6, 8}));
}

TEST(Resize, NearestRoundsAHalfDownAsOnnxDoes) {
  const Operand x{{1, 1, 1, 4},
                  {1, 2, 3, 4}};  // two of four with half_pixel: the places 0.5 and 2.5
  EXPECT_EQ(evaluate("Resize", {x}, {{"sizes", Ints{1, 1, 1, 2}}})[0], (Numbers{1, 3}));
  EXPECT_NE(complaint("Resize", {f32({1, 2, 3, 3})}, {{"sizes", Ints{1, 3, 6, 6}}})
                .find("must keep N and C"),
            std::string::npos);
  EXPECT_NE(complaint("Resize", {f32({1, 2, 3, 3})}, {{"sizes", Ints{1, 2, 0, 6}}})
                .find("must be all positive"),
            std::string::npos);
}

TEST(DepthToSpace, PutsBlocksOfChannelsIntoBlocksOfPixels) {
  const Operand x{{1, 8, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7}};
  const auto with_mode = [](const char* mode) {
    return Attributes{{"blocksize", int64_t{2}}, {"mode", std::string(mode)}};
  };
  const Numbers crd = evaluate("DepthToSpace", {x}, with_mode("CRD"))[0],
                dcr = evaluate("DepthToSpace", {x}, with_mode("DCR"))[0];
  EXPECT_EQ(crd, (Numbers{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(dcr, (Numbers{0, 2, 4, 6, 1, 3, 5, 7}));
  EXPECT_EQ(evaluate("SpaceToDepth", {{{1, 2, 2, 2}, dcr}}, with_mode("DCR"))[0], x.data);
  EXPECT_NE(complaint("DepthToSpace", {f32({1, 6, 1, 1})}, with_mode("DCR")).find("divisible by 4"),
            std::string::npos);
  EXPECT_NE(complaint("SpaceToDepth", {f32({1, 2, 3, 4})}, with_mode("DCR"))
                .find("must divide height and width"),
            std::string::npos);
}

TEST(Softmax, StaysFiniteForLargeScores) {
  EXPECT_EQ(evaluate("Softmax", {{{2}, {1e6, 1e6}}}, {})[0], (Numbers{0.5, 0.5}));
  EXPECT_NE(complaint("Softmax", {f32({2, 3})}, {{"axis", int64_t{2}}}).find("axis 2"),
            std::string::npos);
}

TEST(SoftmaxCrossEntropyLoss, IsTheMeanOfTheLabelsLogProbability) {
  const Operand scores{{2, 2}, {0, 0, 1000, 0}}, labels{{2}, {1, 0}, Format::kI32};
  EXPECT_DOUBLE_EQ(evaluate("SoftmaxCrossEntropyLoss", {scores, labels}, {})[0][0],
                   std::log(2) / 2);
  const Operand wrong{{2}, {1, 2}, Format::kI32};
  EXPECT_THROW(evaluate("SoftmaxCrossEntropyLoss", {scores, wrong}, {}), Error);
  EXPECT_NE(complaint("SoftmaxCrossEntropyLoss", {f32({2, 2}), f32({2})}, {})
                .find("labels must be i32[2]"),
            std::string::npos);
}

}  // namespace
}  // namespace dojo
