#include "dojo/graph/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "dojo/base/error.h"
#include "dojo/graph/graph_test_util.h"
#include "dojo/graph/verify.h"

namespace dojo {
namespace {

TEST(Text, PrintsAWholeStep) {
  EXPECT_EQ(print_graph(tiny_step()), R"(graph "tiny" {
  data %x: f32[4,3]
  data %target: f32[4,2]
  data %lr: f32[]
  data %step: f32[]
  parameter %w: f32[3,2] = normal(0.5)
  state %w.m: f32[3,2] = constant(0.0)
  state %w.v: f32[3,2] = constant(0.0)
  %y: f32[4,2] = MatMul(%x, %w)
  %sub: f32[4,2] = Sub(%y, %target)
  %mul: f32[4,2] = Mul(%sub, %sub)
  %loss: f32[] = ReduceMean(%mul; keepdims=0)
  %constant: f32[] = Constant(; value=1.0)
  %constant_1: f32[] = Constant(; value=0.125)
  %mul_1: f32[] = Mul(%constant, %constant_1)
  %reshape: f32[1,1] = Reshape(%mul_1; shape=[1,1])
  %expand: f32[4,2] = Expand(%reshape; shape=[4,2])
  %mul_2: f32[4,2] = Mul(%expand, %sub)
  %mul_3: f32[4,2] = Mul(%expand, %sub)
  %add: f32[4,2] = Add(%mul_2, %mul_3)
  %transpose: f32[3,4] = Transpose(%x; perm=[1,0])
  %matmul: f32[3,2] = MatMul(%transpose, %add)
  %adamw: f32[3,2], %adamw_1: f32[3,2], %adamw_2: f32[3,2] = AdamW(%w, %w.m, %w.v, %matmul, %lr, %step)
  output loss %loss guard
  update %w = %adamw
  update %w.m = %adamw_1
  update %w.v = %adamw_2
}
)");
}

TEST(Text, ParsesWhatItPrints) {
  EXPECT_EQ(parse_graph(print_graph(tiny_step())), tiny_step());
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const Graph graph = random_graph(seed);
    ASSERT_EQ(parse_graph(print_graph(graph)), graph) << "seed " << seed;
  }
}

TEST(Text, AttributesKeepTheirKindAndAllTheirBits) {
  Builder b("a \"quoted\" \\ name\n");
  const ValueId x = b.data("x", {});
  b.output("inf", b.op("Clip", {x}, {{"min", -INFINITY}, {"max", 0.1 + 0.2}}));
  b.output("guard", b.op("Clip", {x}, {{"min", 1e-308}, {"max", int64_t{1}}}));
  b.output("c", b.op("Constant", {},
                     {{"value", std::vector<double>{1, 1e22, -0.0, 5e-324}}, {"shape", Shape{4}}}));
  b.output("d",
           b.op("Constant", {},
                {{"value", std::vector<int64_t>{INT64_MIN, 0, INT64_MAX}}, {"shape", Shape{3}}}));
  const Graph graph = std::move(b).finish();
  EXPECT_EQ(parse_graph(print_graph(graph)), graph) << print_graph(graph);
}

TEST(Text, CommentsAndLayoutDoNotMatter) {
  const Graph graph = parse_graph(
      "# a comment\ngraph \"g\"{data %x:f32[ 2,\n3 ] %y:f32[2,3]=Relu(%x)# no end\noutput y %y}");
  EXPECT_EQ(print_graph(graph),
            "graph \"g\" {\n  data %x: f32[2,3]\n  %y: f32[2,3] = Relu(%x)\n  output y %y\n}\n");
}

TEST(Text, TheSeedsOfTheFuzzerParse) {
  int count = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(DOJO_SOURCE_DIR "/tests/fuzz/graph")) {
    std::ifstream stream(file.path());
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    EXPECT_NO_THROW(parse_graph(text, file.path().string())) << file.path();
    ++count;
  }
  EXPECT_GE(count, 3);
}

TEST(Text, TheExampleOfTheDocumentParses) {
  std::ifstream stream(DOJO_SOURCE_DIR "/docs/graph.md");
  const std::string page(std::istreambuf_iterator<char>(stream), {});
  const size_t begin = page.find("```\n") + 4, end = page.find("```\n", begin);
  ASSERT_LT(end, page.size());
  const Graph graph = parse_graph(page.substr(begin, end - begin), "docs/graph.md");
  EXPECT_EQ(graph.updates.size(), 2u);
}

struct Bad {
  const char* body;   // behind `graph "g" {` and a line break
  const char* where;  // line:column
  const char* message;
};

TEST(Text, BadInputIsAnErrorWithLineAndColumn) {
  const Bad cases[] = {
      {"", "2:1", "the end instead of"},
      {"nonsense", "2:1", "begins no statement"},
      {"data %x f32[]", "2:9", "instead of ':'"},
      {"data %x: f64[]", "2:10", "unknown format"},
      {"data %: f32[]", "2:6", "without a name"},
      {"data %x: f32[0]", "2:13", "a dimension of 0"},
      {"data %x: f32[-1]", "2:13", "a dimension of -1"},
      {"data %x: f32[1,,2]", "2:16", "instead of a dimension"},
      {"data %x: f32[99999999999999999999]", "2:14", "out of range"},
      {"data %x: f32[4294967296,4294967296,4294967296]", "2:13", "more than"},
      {"data %x: f32[1,1,1,1,1,1,1,1,1,1,1,1,1]", "2:13", "more than 12 dimensions"},
      {"data %x: f32[]\ndata %x: f32[]", "3:6", "made twice"},
      {"data %x: f32[]\n%x: f32[] = Neg(%x)", "3:1", "made twice"},
      {"parameter %x: f32[]", "2:20", "instead of '='"},
      {"parameter %x: f32[] = gamma(1)", "2:23", "instead of constant"},
      {"parameter %x: f32[] = normal(-1) }", "2:11", "negative scale"},
      {"parameter %x: f32[] = normal(inf) }", "2:11", "not finite"},
      {"parameter %x: u8[] = constant(1) }", "2:11", "must be f32"},
      {"state %x: u8[] = constant(256) }", "2:7", "not in the format"},
      {"state %x: f32[] = constant(1e39) }", "2:7", "beyond f32"},
      {"state %x: f32[] = normal(1e38) }", "2:7", "beyond f32"},
      {"%x: f32[] = Constant(; value=1e39)\noutput x %x }", "2:13", "beyond f32"},
      {"parameter %x: bf16[] = constant(1) }", "2:11", "must be f32"},
      {"state %x: bf16[] = constant(0.1) }", "2:7", "0.1 is not in the format bf16"},
      {"state %x: bf16[] = normal(1) }", "2:7", "needs the format f32"},
      {"%x: bf16[] = Constant(; value=0.1, format=\"bf16\")\noutput x %x }", "2:14",
       "0.1 is not in the format bf16"},
      {"data %x: bf16[]\n%y: bf16[] = Neg(%x)", "3:14", "operand 0 is bf16[], not f32"},
      {"state %x: i32[] = uniform(2) }", "2:7", "needs the format f32"},
      {"%y: f32[] = Neg(%x)", "2:17", "not made before"},
      {"data %x: f32[]\n%y: f32[] = Negate(%x)", "3:13", "unknown op \"Negate\""},
      {"data %x: f32[]\n%y: f32[] = Neg(%x, %x)", "3:13", "2 operands"},
      {"data %x: f32[]\n%y: f32[] = Neg(_)", "3:13", "absent but not optional"},
      {"data %x: f32[]\n%y: f32[] = Neg(%x; a=1)", "3:13", "unknown attribute \"a\""},
      {"data %x: f32[]\n%y: f32[] = Clip(%x; min=1, min=2)", "3:29", "there twice"},
      {"data %x: f32[]\n%y: f32[] = Clip(%x; min=nan)", "3:26", "instead of a number"},
      {"data %x: f32[]\n%y: f32[] = Clip(%x; min=1e999)", "3:26", "out of range"},
      {"data %x: f32[]\n%y: f32[] = Clip(%x; min=1.2.3)", "3:26", "not a number"},
      {"data %x: f32[]\n%y: f32[] = Clip(%x; min=\"a\")", "3:13", "not a number"},
      {"data %x: f32[]\n%y: f32[] = Clip(%x; min=\"a", "3:26", "no end"},
      {"data %x: f32[]\n%y: f32[] = Cast(%x; to=\"\\q\")", "3:26", "unknown escape"},
      {"data %x: f32[2]\n%y: f32[3] = Neg(%x)", "3:1", "declared f32[3]; Neg makes f32[2]"},
      {"data %x: f32[]\n%y: f32[], %z: f32[] = Neg(%x)", "3:1", "2 results"},
      {"%y: f32[8589934592,8] = Constant(; value=1, shape=[8589934592,8])", "2:8", "more than"},
      {"%y: f32[8] = Constant(; value=1, shape=[8589934592,8])", "2:14", "more than"},
      {"data %x: f32[1]\n%y: f32[8] = Expand(%x; shape=[8589934592,8])", "3:14", "more than"},
      {"data %x: f32[9]\n%y: f32[8] = Pad(%x; pads=[9223372036854775807,1])", "3:14", "a pad of"},
      {"data %x: f32[9]\n%y: f32[8] = Reshape(%x; shape=[-1,-1])", "3:14", "more than one -1"},
      {"data %x: f32[9]\n%y: f32[8] = Reshape(%x; shape=[4294967296,4294967296])", "3:14",
       "more than"},
      {"data %x: f32[9]\n%y: f32[8] = Transpose(%x; perm=[1])", "3:14", "no permutation"},
      {"data %x: f32[9]\n%y: f32[8] = Slice(%x; starts=[9], ends=[9223372036854775807])", "3:14",
       "empty"},
      {"data %x: f32[]\noutput a %x output a %x }", "3:13", "is taken"},
      {"data %x: f32[2]\noutput a %x guard }", "3:1", "must be f32[]"},
      {"data %x: f32[]\nupdate %x = %x }", "3:1", "neither a parameter nor a state"},
      {"state %x: f32[] = constant(0)\nupdate %x = %x update %x = %x }", "3:1", "updated twice"},
      {"state %x: f32[1] = constant(0) data %y: f32[]\nupdate %x = %y }", "3:1", "not f32[1]"},
      {"} graph", "2:3", "text after"},
      {"data %x: f32[]\n%y: f32[] = Neg(%x)\ndata %z: f32[] }", "4:1", "after the first node"},
      {"\xff\xfe", "2:1", "instead of"},
  };
  for (const Bad& bad : cases) {
    try {
      parse_graph(std::string("graph \"g\" {\n") + bad.body, "f.graph");
      ADD_FAILURE() << "accepted " << bad.body;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kInput) << bad.body;
      EXPECT_EQ(error.where(), std::string("f.graph:") + bad.where) << bad.body << "\n"
                                                                    << error.what();
      EXPECT_NE(error.message().find(bad.message), std::string::npos) << bad.body << "\n"
                                                                      << error.what();
    }
  }
}

TEST(Text, AHundredThousandBracketsAreAnErrorAndNoCrash) {
  const std::string text =
      "graph \"g\" { %x: f32[] = Constant(; value=" + std::string(100000, '[') + ")";
  EXPECT_THROW(parse_graph(text), Error);
}

TEST(Text, ALargeGraphParsesInLinearTime) {
  std::string text = "graph \"g\" {\n data %v0: f32[2]\n";
  for (int i = 1; i <= 100000; ++i)
    text += "%v" + std::to_string(i) + ": f32[2] = Neg(%v" + std::to_string(i - 1) + ")\n";
  EXPECT_EQ(parse_graph(text + "}").nodes.size(), 100000u);
}

}  // namespace
}  // namespace dojo
