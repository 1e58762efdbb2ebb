// What each instruction computes, at the functional level.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "dojo/base/random.h"
#include "dojo/numerics/matrix_unit.h"
#include "dojo/numerics/round.h"
#include "dojo/numerics/rounding_random.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> counting(int64_t n, float first = 1) {
  std::vector<float> numbers;
  for (int64_t i = 0; i < n; ++i) numbers.push_back(first + static_cast<float>(i));
  return numbers;
}

// A program of one node with this layout and these instructions of thread 0.
std::string one_node(std::string_view layout, std::string_view instructions) {
  return "program \"test\" { nodes 1 x 1 layout main { code at 0 size 1024 " + std::string(layout) +
         " } class only uses main { on [0, 0] thread 0 { " + std::string(instructions) + " } } }";
}

std::vector<float> result_of(const std::string& text, const std::vector<float>& a,
                             const std::vector<float>& b = {}) {
  TestRun run(text);
  run.write("a", {0, 0}, a);
  if (!b.empty()) run.write("b", {0, 0}, b);
  run.simulator.run();
  return run.read("out", {0, 0});
}

TEST(Vector, ElementwiseOperations) {
  const std::vector<float> a = {1, -2, 3, 0.5f}, b = {2, 2, -3, 4};
  const auto both = [&](std::string_view op) {
    return result_of(one_node("a: f32[4] at 1024 input b: f32[4] at 1088 input out: f32[4] at 1152",
                              "vector out = " + std::string(op)),
                     a, b);
  };
  using V = std::vector<float>;
  EXPECT_EQ(both("move a"), (V{1, -2, 3, 0.5f}));
  EXPECT_EQ(both("negate a"), (V{-1, 2, -3, -0.5f}));
  EXPECT_EQ(both("abs a"), (V{1, 2, 3, 0.5f}));
  EXPECT_EQ(both("add a, b"), (V{3, 0, 0, 4.5f}));
  EXPECT_EQ(both("subtract a, b"), (V{-1, -4, 6, -3.5f}));
  EXPECT_EQ(both("multiply a, b"), (V{2, -4, -9, 2}));
  EXPECT_EQ(both("divide a, b"), (V{0.5f, -1, -1, 0.125f}));
  EXPECT_EQ(both("max a, b"), (V{2, 2, 3, 4}));
  EXPECT_EQ(both("min a, b"), (V{1, -2, -3, 0.5f}));
  EXPECT_EQ(both("greater a, b"), (V{0, 0, 1, 0}));
  EXPECT_EQ(both("greater_equal a, 1"), (V{1, 0, 1, 0}));
  EXPECT_EQ(both("equal a, -2"), (V{0, 1, 0, 0}));
  EXPECT_EQ(both("multiply_add a, b, 10"), (V{12, 6, 1, 12}));
  EXPECT_EQ(both("select a, b, 7"), (V{2, 2, -3, 4}));
  EXPECT_EQ(both("reciprocal a"), (V{1, -0.5f, 1.0f / 3, 2}));
}

TEST(Vector, FunctionsAreTheDoubleOnesRoundedOnce) {
  const std::vector<float> a = {0.25f, 1, 2.5f, 10};
  const auto one = [&](std::string_view op) {
    return result_of(
        one_node("a: f32[4] at 1024 input out: f32[4] at 1152", "vector out = " + std::string(op)),
        a);
  };
  const auto expected = [&](const auto& fn) {
    std::vector<float> numbers;
    for (const float x : a) numbers.push_back(static_cast<float>(fn(static_cast<double>(x))));
    return numbers;
  };
  EXPECT_EQ(one("exp a"), expected([](double x) { return std::exp(x); }));
  EXPECT_EQ(one("log a"), expected([](double x) { return std::log(x); }));
  EXPECT_EQ(one("sqrt a"), expected([](double x) { return std::sqrt(x); }));
  EXPECT_EQ(one("rsqrt a"), expected([](double x) { return 1 / std::sqrt(x); }));
  EXPECT_EQ(one("tanh a"), expected([](double x) { return std::tanh(x); }));
  EXPECT_EQ(one("erf a"), expected([](double x) { return std::erf(x); }));
}

TEST(Vector, NanAndInfinityAsTheTableSays) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto text = [](std::string_view op) {
    return one_node("a: f32[3] at 1024 input out: f32[3] at 1152",
                    "vector out = " + std::string(op));
  };
  const std::vector<float> a = {nan, kInf, 1};
  EXPECT_TRUE(std::isnan(result_of(text("max a, 2.0"), a)[0]));
  EXPECT_TRUE(std::isnan(result_of(text("min a, 2.0"), a)[0]));
  EXPECT_EQ(result_of(text("max a, -inf"), a)[1], kInf);
  EXPECT_EQ(result_of(text("greater a, 0"), a), (std::vector<float>{0, 1, 1}));
  EXPECT_EQ(result_of(text("select a, 5, 6"), a), (std::vector<float>{5, 5, 5}));
}

TEST(Vector, ReductionsAddInTheWrittenOrder) {
  Random random(1);
  std::vector<float> a;
  for (int i = 0; i < 3 * 37; ++i) a.push_back(static_cast<float>(random.normal() * 1e3));
  const auto reduced = [&](std::string_view op, int64_t results) {
    return result_of(
        one_node("a: f32[111] at 1024 input out: f32[" + std::to_string(results) + "] at 2048",
                 "vector out = " + std::string(op) + " a"),
        a);
  };
  // 37 rows of 3.
  std::vector<float> rows(3);
  for (size_t j = 0; j < 3; ++j) {
    rows[j] = a[j];
    for (size_t i = 1; i < 37; ++i) rows[j] += a[3 * i + j];
  }
  EXPECT_EQ(reduced("sum_rows", 3), rows);
  // 3 rows of 37.
  std::vector<float> lanes(3);
  for (size_t j = 0; j < 3; ++j) {
    float p[16];
    for (size_t l = 0; l < 16; ++l) {
      p[l] = a[37 * j + l] + a[37 * j + l + 16];
      if (l + 32 < 37) p[l] += a[37 * j + l + 32];
    }
    for (size_t half = 8; half > 0; half /= 2)
      for (size_t l = 0; l < half; ++l) p[l] += p[l + half];
    lanes[j] = p[0];
  }
  EXPECT_EQ(reduced("sum_lanes", 3), lanes);
  EXPECT_NE(rows, lanes);
  EXPECT_EQ(reduced("max_rows", 1), reduced("max_lanes", 1));
}

TEST(Vector, RoundsToTheFormatOfItsResult) {
  const std::vector<float> a = {1.00390625f, -300, 255.5f, 2.5f};
  const auto to = [&](std::string_view format) {
    return result_of(one_node("a: f32[4] at 1024 input out: " + std::string(format) + "[4] at 1152",
                              "vector out = move a"),
                     a);
  };
  EXPECT_EQ(to("bf16"), (std::vector<float>{1, -300, 256, 2.5f}));
  EXPECT_EQ(to("u8"), (std::vector<float>{1, 0, 255, 2}));
  EXPECT_EQ(to("i32"), (std::vector<float>{1, -300, 256, 2}));
  // Largest: 1.875 * 2^(15 - 7).
  EXPECT_EQ(to("cfloat8_1_4_3(7)"), (std::vector<float>{1, -288, 256, 2.5f}));
}

TEST(Vector, StochasticRoundingTakesTheElementsOfItsRandom) {
  const std::string text =
      "program \"test\" { nodes 1 x 1 random bits[4, 8] layout main { code at 0 size 1024 "
      "a: f32[8] at 1024 input out: cfloat8_1_4_3(7)[8] at 1152 } class only uses main { on [0, 0] "
      "thread 0 { vector out = move a; random bits[2, :] } } }";
  TestRun run(text, {.level = Level::kFunctional, .seed = 5, .step = 9});
  const std::vector<float> a = {1.01f, 1.02f, 1.03f, 1.04f, 1.05f, 1.06f, 1.07f, 1.08f};
  run.write("a", {0, 0}, a);
  run.simulator.run();
  const FloatFormat format = float_format(FloatKind::kCFloat8_1_4_3, 7);
  std::vector<float> expected;
  for (int64_t i = 0; i < 8; ++i)
    expected.push_back(static_cast<float>(
        decode(format, encode(format, a[static_cast<size_t>(i)], {.mode = Rounding::kStochastic},
                              rounding_bits({5, stream_id("bits"), 9}, 16 + i)))));
  EXPECT_EQ(run.read("out", {0, 0}), expected);
}

TEST(Views, StridesStepZeroAndWholeNames) {
  const auto out = [&](std::string_view view, std::string_view shape) {
    return result_of(
        one_node("a: f32[4, 6] at 1024 input out: f32[" + std::string(shape) + "] at 2048",
                 "vector out = move " + std::string(view)),
        counting(24, 0));
  };
  using V = std::vector<float>;
  EXPECT_EQ(out("a[1, 2:+3]", "3"), (V{8, 9, 10}));
  EXPECT_EQ(out("a[0:+2:2, 1:+3:2]", "6"), (V{1, 3, 5, 13, 15, 17}));
  EXPECT_EQ(out("a[3, 4:+3:0]", "3"), (V{22, 22, 22}));
  EXPECT_EQ(out("a[0:+2:0, 4:+2]", "4"), (V{4, 5, 4, 5}));
  EXPECT_EQ(out("a[1:+2, :]", "12"), counting(12, 6));
}

TEST(Views, LoopsAndCountersThatWrapMoveThem) {
  EXPECT_EQ(result_of(one_node("a: f32[4] at 1024 input out: f32[8] at 2048",
                               "loop k < 8, c = 1 step 3 mod 4 { vector out[k] = move a[c] }"),
                      {10, 11, 12, 13}),
            (std::vector<float>{11, 10, 13, 12, 11, 10, 13, 12}));
  EXPECT_EQ(result_of(one_node("a: f32[4] at 1024 input out: f32[2, 3] at 2048",
                               "loop i < 2 { loop j < 3 { vector out[i, j] = move a[i + j] } }"),
                      {10, 11, 12, 13}),
            (std::vector<float>{10, 11, 12, 11, 12, 13}));
}

// Random numbers that the format has.
std::vector<float> drawn(int64_t n, FloatFormat format, uint64_t seed) {
  Random random(seed);
  std::vector<float> numbers;
  for (int64_t i = 0; i < n; ++i)
    numbers.push_back(static_cast<float>(decode(format, encode(format, random.normal()))));
  return numbers;
}

TEST(Matmul, IsTheMatrixUnitBitForBit) {
  constexpr int64_t m = 11, n = 9, k = 13;
  const FloatFormat bf16 = float_format(FloatKind::kBF16);
  const std::vector<float> a = drawn(m * k, bf16, 1), b = drawn(k * n, bf16, 2),
                           start = drawn(m * n, bf16, 3);
  std::vector<float> expected;
  for (size_t i = 0; i < m; ++i)
    for (size_t j = 0; j < n; ++j) {
      std::vector<float> column;
      for (size_t l = 0; l < k; ++l) column.push_back(b[l * n + j]);
      expected.push_back(
          dojo::accumulate({}, start[i * n + j], std::span(a).subspan(i * k, k), column));
    }
  std::vector<float> a_transposed(a.size()), b_transposed(b.size());
  for (size_t l = 0; l < k; ++l) {
    for (size_t i = 0; i < m; ++i) a_transposed[l * m + i] = a[i * k + l];
    for (size_t j = 0; j < n; ++j) b_transposed[j * k + l] = b[l * n + j];
  }
  for (const bool left : {false, true})
    for (const bool right : {false, true}) {
      TestRun run(one_node(
          "a: bf16[143] at 1024 input b: bf16[117] at 2048 input out: f32[99] at 4096 input",
          std::string("matmul 11 x 9 x 13: out += ") + (left ? "transposed a" : "a") + " * " +
              (right ? "transposed b" : "b")));
      run.write("a", {0, 0}, left ? a_transposed : a);
      run.write("b", {0, 0}, right ? b_transposed : b);
      run.write("out", {0, 0}, start);
      run.simulator.run();
      EXPECT_EQ(run.read("out", {0, 0}), expected) << left << right;
    }
}

TEST(Matmul, MixesFactorsWithTheirOwnBiasAndRoundsItsResult) {
  const FloatFormat fa = float_format(FloatKind::kCFloat8_1_4_3, 9);
  const FloatFormat fb = float_format(FloatKind::kCFloat8_1_5_2, 20);
  const std::vector<float> a = drawn(64, fa, 4), b = drawn(64, fb, 5);
  const std::vector<float> out = result_of(
      one_node("a: cfloat8_1_4_3(9)[8, 8] at 1024 input b: cfloat8_1_5_2(20)[8, 8] at 1088 input "
               "out: bf16[8, 8] at 2048",
               "matmul 8 x 8 x 8: out = a * b"),
      a, b);
  const FloatFormat bf16 = float_format(FloatKind::kBF16);
  for (size_t i = 0; i < 8; ++i)
    for (size_t j = 0; j < 8; ++j) {
      std::vector<float> column;
      for (size_t l = 0; l < 8; ++l) column.push_back(b[l * 8 + j]);
      const float sum = dojo::accumulate({}, 0, std::span(a).subspan(i * 8, 8), column);
      EXPECT_EQ(out[i * 8 + j], static_cast<float>(decode(bf16, encode(bf16, sum))));
    }
}

TEST(Matmul, PaddingReadsZeros) {
  // A window of 3 x 3 around each of 2 x 2 places, of one channel, as K.
  const std::vector<float> out = result_of(
      one_node("a: bf16[2, 2] at 1024 input b: bf16[9, 1] at 1088 input out: f32[4] at 1152",
               "loop i < 2 { loop j < 2 { matmul 1 x 1 x 9: out[2 * i + j] = pad a[i - 1:+3, j - "
               "1:+3] * b } }"),
      {1, 2, 3, 4}, std::vector<float>(9, 1));
  EXPECT_EQ(out, (std::vector<float>{10, 10, 10, 10}));
}

TEST(Copy, BetweenNodesWithTheirSignals) {
  TestRun run(R"(program "test" { nodes 2 x 1
    layout main { code at 0 size 1024 a: bf16[64] at 1024 input b: bf16[64] at 1152
                  out: f32[64] at 1280 output semaphore full semaphore sent }
    class sender uses main { on [0, 0] thread 0 {
      copy to node(x + 1, y): b = a; here sent, there full
      wait sent
      vector a = move 0.0 } }
    class receiver uses main { on [1, 0] thread 0 { wait full vector out = add b, b } } })");
  run.write_everywhere("a", counting(64));
  run.simulator.run();
  std::vector<float> twice = counting(64);
  for (float& x : twice) x *= 2;
  EXPECT_EQ(run.read("out", {1, 0}), twice);
}

TEST(Copy, FromANodeAndWithinOne) {
  TestRun run(R"(program "test" { nodes 1 x 2
    layout main { code at 0 size 1024 a: u8[4, 4] at 1024 input out: u8[2, 2] at 1088
                  copied: u8[4] at 1152 semaphore full semaphore read }
    class below uses main { on [0, 1] thread 2 {
      copy from node(x, y - 1): out = a[1:+2, 1:+2]; here full, there read
      wait full
      copy here: copied = out; here full
      wait full } }
    class above uses main { on [0, 0] thread 2 { wait read vector a = move 0.0 } } })");
  run.write_everywhere("a", counting(16));
  EXPECT_TRUE(run.simulator.run().stuck.empty());
  EXPECT_EQ(run.read("copied", {0, 1}), (std::vector<float>{6, 7, 10, 11}));
}

TEST(Copy, PadsAndMoves) {
  TestRun run(one_node("a: u8[2, 2] at 1024 input out: u8[4, 4] at 1088 semaphore done",
                       "copy here: out = pad a[-1:+4, -1:+4]; here done wait done"));
  run.write("a", {0, 0}, {1, 2, 3, 4});
  run.simulator.run();
  EXPECT_EQ(run.read("out", {0, 0}),
            (std::vector<float>{0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0}));
}

TEST(Copy, MulticastGivesToAll) {
  TestRun run(R"(program "test" { nodes 4 x 3
    layout main { code at 0 size 1024 a: f32[16] at 1024 input out: f32[16] at 1088 semaphore full }
    class all uses main { on [0:+4, 0:+3]
      let is_first = 1 - min(x + y, 1)
      let gets = (x % 2) * (1 - y % 2)
      thread 0 { loop k < is_first { copy to nodes[1:+2:2, 0:+2:2]: out = a; there full } }
      thread 1 { loop k < gets { wait full } } } })");
  run.write_everywhere("a", counting(16));
  EXPECT_TRUE(run.simulator.run().stuck.empty());
  for (const program::Coord node : {program::Coord{1, 0}, {3, 0}, {1, 2}, {3, 2}})
    EXPECT_EQ(run.read("out", node), counting(16));
  EXPECT_THROW(run.read("out", {2, 0}), Error);
}

TEST(Copy, ThroughTheMemoryOfAnInterface) {
  TestRun run(R"(program "test" { nodes 2 x 1
    layout main { code at 0 size 1024 a: f32[16] at 1024 out: f32[16] at 1088
                  semaphore full semaphore ready }
    layout dram on interfaces { far: f32[4, 16] at 0 input back: f32[16] at 256 output }
    class first uses main { on [0, 0] thread 0 {
      copy from interface(1) of dram: a = far[2, :]; here full
      wait full
      copy to interface(1) of dram: back = a
      phase
      signal node(x + 1, y) ready } }
    class second uses main { on [1, 0] thread 0 { wait ready } } })");
  run.write_interface("far", 1, counting(64));
  EXPECT_TRUE(run.simulator.run().stuck.empty());
  EXPECT_EQ(run.read_interface("back", 1), counting(16, 33));
}

TEST(Semaphores, CountAndCarryOrderBetweenThreads) {
  TestRun run(
      one_node("a: f32[8] at 1024 input out: f32[8] at 1088 semaphore s = 2", "wait s by 2"));
  run.write("a", {0, 0}, counting(8));
  EXPECT_TRUE(run.simulator.run().stuck.empty());

  TestRun two(R"(program "test" { nodes 1 x 1
    layout main { code at 0 size 1024 b: f32[8] at 1024 out: f32[8] at 1088 semaphore s[2] }
    class only uses main { on [0, 0]
      thread 0 { loop k < 3 { wait s[1] by k + 1 } vector out = move b }
      thread 3 { vector b = move 3.0 loop k < 3 { signal s[1] by 3 - k } } } })");
  EXPECT_TRUE(two.simulator.run().stuck.empty());
  EXPECT_EQ(two.read("out", {0, 0}), std::vector<float>(8, 3));
}

TEST(Barrier, OrdersWhatIsBeforeAndBehind) {
  for (const std::string fan : {"1", "2", "5"}) {
    TestRun run(R"(program "test" { nodes 5 x 3
      layout main { code at 0 size 1024 a: f32[2] at 1024 b: f32[2] at 1088 out: f32[2] at 1152
                    semaphore here_read }
      barrier all over [0:+5, 0:+3] root (3, 1) fan )" +
                fan + R"(
      class every uses main { on [0:+5, 0:+3] let next = (x + 1) % 5
        thread 0 {
          loop turn < 3 {
            vector a = move 1.0
            barrier all
            copy from node(next, y): out = a; here here_read
            wait here_read
            barrier all
          } } } })");
    EXPECT_TRUE(run.simulator.run().stuck.empty());
    EXPECT_EQ(run.read("out", {4, 2}), (std::vector<float>{1, 1}));
  }
}

TEST(Phases, WaitForThreadsAndTransfersAndForgetWhatWasThere) {
  TestRun run(R"(program "test" { nodes 1 x 1
    layout main { code at 0 size 1024 a: f32[4] at 1024 input b: f32[4] at 1088 live 0:+1
                  c: f32[4] at 1088 live 1: out: f32[4] at 1152 }
    class only uses main { on [0, 0]
      thread 0 { copy here: b = a phase vector out = move c }
      thread 1 { phase } } })");
  run.write_everywhere("a", counting(4));
  const Error error = failure(&run);
  EXPECT_EQ(error.message(), "reads c[0] at the node (0, 0), which nobody has written");
}

}  // namespace
}  // namespace dojo::sim
