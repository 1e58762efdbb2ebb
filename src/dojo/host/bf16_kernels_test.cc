// Kernels on values of bf16 as they lie in memory, against the interpreter, on random shapes. Both
// compute in f32 or wider and round once; they sum in other orders. So a result in f32 differs by
// some 2^-24 of the sum of the absolute terms for each term, and one in bf16 by that and, where the
// middle of two numbers of bf16 lies between, by the step between these, 2^-7 of it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "dojo/base/random.h"
#include "dojo/graph/bytes.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/text.h"
#include "dojo/host/executor.h"

namespace dojo {
namespace {

std::vector<double> output_of(Executor& e, const Graph& graph, const Output& o) {
  const Type& type = graph.type(o.value);
  std::vector<std::byte> bytes(static_cast<size_t>(type.num_bytes()));
  e.read(o.name, bytes);
  std::vector<double> x(static_cast<size_t>(type.num_elements()));
  from_bytes(type.format, bytes, x);
  return x;
}

// The first output of the same graph with the absolute values of its inputs: the sums of the
// absolute terms of a product.
std::vector<double> absolute_sums(const Graph& graph, const Executor& fed) {
  const auto e = make_interpreter(graph);
  for (const Input& input : graph.inputs) {
    const Value& v = graph.value(input.value);
    std::vector<std::byte> bytes(static_cast<size_t>(v.type.num_bytes()));
    fed.read(v.name, bytes);
    std::vector<double> x(static_cast<size_t>(v.type.num_elements()));
    from_bytes(v.type.format, bytes, x);
    for (double& a : x) a = std::abs(a);
    to_bytes(v.type.format, x, bytes);
    e->write(v.name, bytes);
  }
  e->run();
  return output_of(*e, graph, graph.outputs[0]);
}

struct Counts {
  int64_t all = 0, other = 0;  // numbers of bf16, and those that are not the interpreter's
};

// `product`: its error is bounded by the sums of its absolute terms; else by `slack`.
void compare(const std::string& text, Random& random, bool product, Counts& counts,
             double slack = 0) {
  SCOPED_TRACE(text);
  const Graph graph = parse_graph(text);
  const auto ours = make_host_executor(graph), oracle = make_interpreter(graph);
  for (const Input& input : graph.inputs) {
    const Value& v = graph.value(input.value);
    std::vector<double> x(static_cast<size_t>(v.type.num_elements()));
    for (double& a : x) a = random.normal();
    if (v.name == "var")
      for (double& a : x) a = std::abs(a) + 0.5;
    std::vector<std::byte> bytes(static_cast<size_t>(v.type.num_bytes()));
    to_bytes(v.type.format, x, bytes);
    ours->write(v.name, bytes);
    oracle->write(v.name, bytes);
  }
  ASSERT_TRUE(ours->run());
  ASSERT_TRUE(oracle->run());
  const std::vector<double> sums = product ? absolute_sums(graph, *ours) : std::vector<double>();
  for (const Output& o : graph.outputs) {
    const std::vector<double> a = output_of(*ours, graph, o), b = output_of(*oracle, graph, o);
    const bool bf16 = graph.type(o.value).format == Format::kBF16;
    for (size_t i = 0; i < a.size(); ++i) {
      const double bound = (product ? 1e-5 * sums[i] : slack * std::max(1.0, std::abs(b[i]))) +
                           (bf16 ? std::abs(b[i]) / 128 : 0);
      ASSERT_LE(std::abs(a[i] - b[i]), bound) << o.name << " at " << i << ": " << b[i];
      if (bf16) ++counts.all, counts.other += a[i] != b[i];
    }
  }
}

void expect_few_others(const Counts& counts) {
  ASSERT_GT(counts.all, 1000);
  EXPECT_LT(static_cast<double>(counts.other), 0.002 * static_cast<double>(counts.all));
}

constexpr int kTrials = 200;

// The result as f32, and rounded.
std::string with_result(Random& random, const std::string& body, const std::string& type) {
  std::string text = "graph \"product\" {\n" + body;
  if (random.chance(0.5)) return text + "output y %y\n}\n";
  return text + fmt::format("%h: bf16{} = Cast(%y; to=\"bf16\")\noutput h %h\n}}\n", type);
}

TEST(Bf16Kernels, GemmIsTheInterpretersOnRandomShapes) {
  Random random(1);
  Counts counts;
  for (int trial = 0; trial < kTrials; ++trial) {
    const int64_t most = trial % 10 == 0 ? 150 : 40;
    const int64_t m = 1 + random.below(most), n = 1 + random.below(most),
                  k = 1 + random.below(most);
    const bool ta = random.chance(0.5), tb = random.chance(0.5);
    const bool bias = random.chance(0.4);
    const std::string a = ta ? fmt::format("{},{}", k, m) : fmt::format("{},{}", m, k);
    const std::string b = tb ? fmt::format("{},{}", n, k) : fmt::format("{},{}", k, n);
    compare(with_result(random,
                        fmt::format("data %a: bf16[{}]\ndata %b: bf16[{}]\n{}"
                                    "%y: f32[{},{}] = Gemm(%a, %b{}; transA={}, transB={})\n",
                                    a, b, bias ? fmt::format("data %c: f32[{}]\n", n) : "", m, n,
                                    bias ? ", %c" : "", int(ta), int(tb)),
                        fmt::format("[{},{}]", m, n)),
            random, true, counts);
    if (HasFatalFailure()) return;
  }
  expect_few_others(counts);
}

// Also of factors that are transposed before, which it reads the other way round, and with a result
// that is transposed behind, which it makes so.
TEST(Bf16Kernels, MatMulIsTheInterpretersOnRandomShapes) {
  Random random(2);
  Counts counts;
  for (int trial = 0; trial < kTrials; ++trial) {
    const int64_t most = trial % 10 == 0 ? 100 : 30, batch = 1 + random.below(5);
    const int64_t m = 1 + random.below(most), n = 1 + random.below(most),
                  k = 1 + random.below(most);
    const bool shared = random.chance(0.2);
    std::string inputs, body;
    const auto factor = [&](const char* name, int64_t of, int64_t rows, int64_t columns) {
      const std::string type = fmt::format("bf16[{},{},{}]", of, rows, columns);
      const int turns = static_cast<int>(random.below(3));
      if (turns == 0) {
        inputs += fmt::format("data %{}: {}\n", name, type);
        return;
      }
      const std::string turned = fmt::format("bf16[{},{},{}]", of, columns, rows);
      inputs += fmt::format("data %{}0: {}\n", name, turns == 1 ? turned : type);
      if (turns == 2)
        body += fmt::format("%{0}1: {1} = Transpose(%{0}0; perm=[0,2,1])\n", name, turned);
      body += fmt::format("%{0}: {1} = Transpose(%{0}{2}; perm=[0,2,1])\n", name, type, turns - 1);
    };
    factor("a", batch, m, k);
    factor("b", shared ? 1 : batch, k, n);
    body += fmt::format("%y: f32[{},{},{}] = MatMul(%a, %b)\n", batch, m, n);
    std::string text = with_result(random, inputs + body, fmt::format("[{},{},{}]", batch, m, n));
    if (const size_t place = text.find("output h");
        place != std::string::npos && random.chance(0.5))
      text = text.substr(0, place) +
             fmt::format("%t: bf16[{},{},{}] = Transpose(%h; perm=[0,2,1])\noutput t %t\n}}\n",
                         batch, n, m);
    compare(text, random, true, counts);
    if (HasFatalFailure()) return;
  }
  expect_few_others(counts);
}

struct RandomConv {
  int64_t n, c, h, w, m, out_h, out_w, kernel, stride, pad, group;
  std::string x, weights, y, attributes;

  explicit RandomConv(Random& random) {
    n = 1 + random.below(3), kernel = 1 + 2 * random.below(3), stride = 1 + random.below(2);
    group = random.chance(0.1) ? 2 : 1;
    pad = random.below(kernel / 2 + 1);
    const int64_t channels = random.chance(0.2) ? 40 : 17;
    c = group * (1 + random.below(channels)), m = group * (1 + random.below(channels));
    h = kernel + random.below(10), w = kernel + random.below(20);
    out_h = (h + 2 * pad - kernel) / stride + 1, out_w = (w + 2 * pad - kernel) / stride + 1;
    x = fmt::format("[{},{},{},{}]", n, c, h, w);
    y = fmt::format("[{},{},{},{}]", n, m, out_h, out_w);
    weights = fmt::format("[{},{},{},{}]", m, c / group, kernel, kernel);
    attributes =
        fmt::format("pads=[{0},{0},{0},{0}], strides=[{1},{1}], group={2}", pad, stride, group);
  }
};

TEST(Bf16Kernels, ConvIsTheInterpretersOnRandomShapes) {
  Random random(3);
  Counts counts;
  for (int trial = 0; trial < kTrials; ++trial) {
    const RandomConv conv(random);
    const bool bias = random.chance(0.3);
    // Weights from a parameter of f32 are rounded into the order that oneDNN wants.
    const bool rounded = random.chance(0.5);
    std::string body = fmt::format("data %x: bf16{}\n", conv.x);
    body += fmt::format("data %w{}: {}{}\n", rounded ? "0" : "", rounded ? "f32" : "bf16",
                        conv.weights);
    if (bias) body += fmt::format("data %b: f32[{}]\n", conv.m);
    if (rounded) body += fmt::format("%w: bf16{} = Cast(%w0; to=\"bf16\")\n", conv.weights);
    body += fmt::format("%y: f32{} = Conv(%x, %w{}; {})\n", conv.y, bias ? ", %b" : "",
                        conv.attributes);
    compare(with_result(random, body, conv.y), random, true, counts);
    if (HasFatalFailure()) return;
  }
  expect_few_others(counts);
}

TEST(Bf16Kernels, ConvInputGradIsTheInterpretersOnRandomShapes) {
  Random random(4);
  Counts counts;
  for (int trial = 0; trial < kTrials; ++trial) {
    const RandomConv conv(random);
    compare(with_result(random,
                        fmt::format("data %dy: bf16{}\ndata %w: bf16{}\n"
                                    "%y: f32{} = ConvInputGrad(%dy, %w; {}, input_shape={})\n",
                                    conv.y, conv.weights, conv.x, conv.attributes, conv.x),
                        conv.x),
            random, true, counts);
    if (HasFatalFailure()) return;
  }
  expect_few_others(counts);
}

TEST(Bf16Kernels, ConvWeightGradIsTheInterpretersOnRandomShapes) {
  Random random(5);
  Counts counts;
  for (int trial = 0; trial < kTrials; ++trial) {
    const RandomConv conv(random);
    compare(
        with_result(
            random,
            fmt::format("data %x: bf16{}\ndata %dy: bf16{}\n"
                        "%y: f32{} = ConvWeightGrad(%x, %dy; {}, kernel_shape=[{},{}])\n",
                        conv.x, conv.y, conv.weights, conv.attributes, conv.kernel, conv.kernel),
            conv.weights),
        random, true, counts);
    if (HasFatalFailure()) return;
  }
  expect_few_others(counts);
}

TEST(Bf16Kernels, NormsAndTheirGradientsAreTheInterpretersOnRandomShapes) {
  Random random(6);
  Counts counts;
  for (int trial = 0; trial < kTrials; ++trial) {
    const int64_t n = 1 + random.below(3), c = 1 + random.below(40), h = 2 + random.below(6),
                  w = 2 + random.below(8);
    const std::string image = fmt::format("[{},{},{},{}]", n, c, h, w);
    const std::string row = fmt::format("f32[{}]", c);
    // x, BatchNormalization, Relu, rounded; and the gradient through both, rounded.
    std::string text = fmt::format(
        "graph \"batch norm\" {{\ndata %x: bf16{0}\ndata %dy: bf16{0}\ndata %scale: {1}\n"
        "data %bias: {1}\ndata %mean: {1}\ndata %var: {1}\n%x32: f32{0} = Cast(%x; to=\"f32\")\n"
        "%dy32: f32{0} = Cast(%dy; to=\"f32\")\n"
        "%y: f32{0}, %m: {1}, %v: {1}, %bm: {1}, %bv: {1} = BatchNormalization(%x32, %scale, "
        "%bias, "
        "%mean, %var; training_mode=1)\n%r: f32{0} = Relu(%y)\n%h: bf16{0} = Cast(%r; "
        "to=\"bf16\")\n"
        "%h32: f32{0} = Cast(%h; to=\"f32\")\n%g: f32{0} = ReluGrad(%dy32, %h32)\n"
        "%dx: f32{0}, %ds: {1}, %db: {1} = BatchNormalizationGrad(%x32, %scale, %g, %bm, %bv; "
        "training_mode=1)\n%dh: bf16{0} = Cast(%dx; to=\"bf16\")\n"
        "output h %h\noutput dh %dh\noutput ds %ds\noutput db %db\n}}\n",
        image, row);
    compare(text, random, false, counts, 3e-4);
    if (HasFatalFailure()) return;

    const int64_t rows = 1 + random.below(20), size = 2 + random.below(trial % 4 == 0 ? 400 : 40);
    const std::string x = fmt::format("[{},{}]", rows, size);
    text = fmt::format(
        "graph \"layer norm\" {{\ndata %x: f32{0}\ndata %dy: bf16{0}\ndata %scale: f32[{1}]\n"
        "data %bias: f32[{1}]\n%dy32: f32{0} = Cast(%dy; to=\"f32\")\n"
        "%y: f32{0}, %m: f32[{2},1], %i: f32[{2},1] = LayerNormalization(%x, %scale, %bias)\n"
        "%h: bf16{0} = Cast(%y; to=\"bf16\")\n"
        "%dx: f32{0}, %ds: f32[{1}], %db: f32[{1}] = LayerNormalizationGrad(%x, %scale, %dy32, %m, "
        "%i)\n%dh: bf16{0} = Cast(%dx; to=\"bf16\")\n"
        "output h %h\noutput dh %dh\noutput ds %ds\noutput db %db\n}}\n",
        x, size, rows);
    compare(text, random, false, counts, 3e-4);
    if (HasFatalFailure()) return;
  }
  expect_few_others(counts);
}

TEST(Bf16Kernels, SoftmaxItsGradientAndSumsAreTheInterpretersOnRandomShapes) {
  Random random(7);
  Counts counts;
  for (int trial = 0; trial < kTrials; ++trial) {
    const int64_t rows = 1 + random.below(20), c = 1 + random.below(trial % 4 == 0 ? 400 : 40);
    const std::string x = fmt::format("[2,{},{}]", rows, c);
    compare(
        fmt::format("graph \"softmax\" {{\ndata %x: bf16{0}\ndata %dy: bf16{0}\n"
                    "%x32: f32{0} = Cast(%x; to=\"f32\")\n%dy32: f32{0} = Cast(%dy; to=\"f32\")\n"
                    "%y: f32{0} = Softmax(%x32)\n%h: bf16{0} = Cast(%y; to=\"bf16\")\n"
                    "%y32: f32{0} = Cast(%h; to=\"f32\")\n%p: f32{0} = Mul(%y32, %dy32)\n"
                    "%s: f32[2,{1},1] = ReduceSum(%p; axes=[2], keepdims=1)\n"
                    "%d: f32{0} = Sub(%dy32, %s)\n%dx: f32{0} = Mul(%y32, %d)\n"
                    "%dh: bf16{0} = Cast(%dx; to=\"bf16\")\n"
                    "%all: f32[{2}] = ReduceSum(%dy32; axes=[0,1], keepdims=0)\n"
                    "%last: f32[2,{1}] = ReduceMean(%x32; axes=[2], keepdims=0)\n"
                    "output h %h\noutput dh %dh\noutput all %all\noutput last %last\n}}\n",
                    x, rows, c),
        random, false, counts, 2e-5);
    if (HasFatalFailure()) return;
  }
  expect_few_others(counts);
}

// Where what a product makes is turned for one reader and comes to the next product turned again.
TEST(Bf16Kernels, AProductThatIsTransposedFeedsAnother) {
  Random random(8);
  Counts counts;
  compare(
      "graph \"chain\" {\ndata %a: bf16[2,8,16]\ndata %b: bf16[2,16,12]\ndata %c: bf16[2,8,10]\n"
      "%y: f32[2,8,12] = MatMul(%a, %b)\n%h: bf16[2,8,12] = Cast(%y; to=\"bf16\")\n"
      "%h32: f32[2,8,12] = Cast(%h; to=\"f32\")\n"
      "%t: f32[2,12,8] = Transpose(%h32; perm=[0,2,1])\n%t16: bf16[2,12,8] = Cast(%t; "
      "to=\"bf16\")\n"
      "%z: f32[2,12,10] = MatMul(%t16, %c)\noutput z %z\n}\n",
      random, false, counts, 0.05);
}

TEST(Bf16Kernels, AProductOfF32IsRoundedBehindIt) {
  Random random(9);
  Counts counts;
  compare(
      "graph \"f32\" {\ndata %a: f32[32,32]\ndata %b: f32[32,32]\ndata %x: f32[2,16,12,12]\n"
      "data %w: f32[16,16,3,3]\n%y: f32[32,32] = MatMul(%a, %b)\n%h: bf16[32,32] = Cast(%y; "
      "to=\"bf16\")\n%c: f32[2,16,12,12] = Conv(%x, %w; pads=[1,1,1,1])\n"
      "%g: bf16[2,16,12,12] = Cast(%c; to=\"bf16\")\noutput h %h\noutput g %g\n}\n",
      random, false, counts, 1e-3);
}

// Keys that were rounded, while queries and values were not: no kernel for attention reads that.
TEST(Bf16Kernels, AttentionThatIsRoundedInPartIsTheInterpreters) {
  Random random(10);
  Counts counts;
  compare(
      "graph \"attention\" {\ndata %q: f32[2,8,16]\ndata %x: bf16[2,8,16]\ndata %w: bf16[2,16,16]\n"
      "data %v: f32[2,8,16]\n%k: f32[2,8,16] = MatMul(%x, %w)\n"
      "%k16: bf16[2,8,16] = Cast(%k; to=\"bf16\")\n%k32: f32[2,8,16] = Cast(%k16; to=\"f32\")\n"
      "%kt: f32[2,16,8] = Transpose(%k32; perm=[0,2,1])\n%s: f32[2,8,8] = MatMul(%q, %kt)\n"
      "%p: f32[2,8,8] = Softmax(%s)\n%y: f32[2,8,16] = MatMul(%p, %v)\noutput y %y\n}\n",
      random, false, counts, 0.05);
}

// Three steps of a state of bf16, against the interpreter.
void expect_the_same_steps(const std::string& text) {
  SCOPED_TRACE(text);
  const Graph graph = parse_graph(text);
  const auto ours = make_host_executor(graph), oracle = make_interpreter(graph);
  initialize(*ours, 3);
  initialize(*oracle, 3);
  Random random(11);
  for (int step = 0; step < 3; ++step) {
    for (const Input& input : graph.inputs) {
      if (input.role != Role::kData) continue;
      const Type& type = graph.type(input.value);
      std::vector<double> x(static_cast<size_t>(type.num_elements()));
      for (double& a : x) a = 0.3 * random.normal();
      std::vector<std::byte> bytes(static_cast<size_t>(type.num_bytes()));
      to_bytes(type.format, x, bytes);
      ours->write(graph.value(input.value).name, bytes);
      oracle->write(graph.value(input.value).name, bytes);
    }
    ASSERT_TRUE(ours->run());
    ASSERT_TRUE(oracle->run());
    for (const Update& u : graph.updates) {
      const Output state{graph.value(u.state).name, u.state};
      const std::vector<double> a = output_of(*ours, graph, state),
                                b = output_of(*oracle, graph, state);
      for (size_t i = 0; i < a.size(); ++i)
        ASSERT_NEAR(a[i], b[i], 0.02 * std::max(1.0, std::abs(b[i]))) << state.name << " " << i;
    }
  }
}

TEST(Bf16Kernels, AStateIsNotWrittenOverWhileItIsAFactor) {
  expect_the_same_steps(
      "graph \"s\" {\ndata %w: bf16[64,64]\nstate %s: bf16[64,64] = constant(0.5)\n"
      "%y: f32[64,64] = MatMul(%s, %w)\n%n: bf16[64,64] = Cast(%y; to=\"bf16\")\n"
      "update %s = %n\n}\n");
}

TEST(Bf16Kernels, ANewStateIsReadWhereItTookThePlaceOfTheOld) {
  expect_the_same_steps(
      "graph \"s\" {\ndata %w: f32[4,4]\ndata %half: f32[4,4]\nstate %s: bf16[4,4] = "
      "constant(0.5)\n"
      "state %acc: f32[4,4] = constant(0.0)\n%s32: f32[4,4] = Cast(%s; to=\"f32\")\n"
      "%y: f32[4,4] = MatMul(%s32, %w)\n%m: f32[4,4] = Mul(%s32, %half)\n"
      "%n: bf16[4,4] = Cast(%m; to=\"bf16\")\n%n32: f32[4,4] = Cast(%n; to=\"f32\")\n"
      "%z: f32[4,4] = MatMul(%n32, %w)\noutput y %y\nupdate %s = %n\nupdate %acc = %z\n}\n");
}

}  // namespace
}  // namespace dojo
