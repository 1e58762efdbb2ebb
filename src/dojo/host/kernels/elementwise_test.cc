#include "dojo/host/kernels/elementwise.h"

#include <bit>
#include <cmath>
#include <limits>

#include "dojo/host/kernels/testing.h"
#include "dojo/numerics/bf16.h"

namespace dojo::kernels {
namespace {

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double gelu_slope(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0)) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
}
double inner(double x) { return std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x); }
double gelu_tanh(double x) { return 0.5 * x * (1 + std::tanh(inner(x))); }
double gelu_tanh_slope(double x) {
  const double t = std::tanh(inner(x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
}

double oracle(Ew op, double a, double b, double c) {
  const bool nan = std::isnan(a) || std::isnan(b);
  switch (op) {
    case Ew::kCopy:
      return a;
    case Ew::kNeg:
      return -a;
    case Ew::kAbs:
      return std::fabs(a);
    case Ew::kSign:
      return a > 0 ? 1 : a < 0 ? -1 : a;
    case Ew::kSqrt:
      return std::sqrt(a);
    case Ew::kReciprocal:
      return 1 / a;
    case Ew::kSquare:
      return a * a;
    case Ew::kExp:
      return std::exp(a);
    case Ew::kLog:
      return std::log(a);
    case Ew::kTanh:
      return std::tanh(a);
    case Ew::kSigmoid:
      return 1 / (1 + std::exp(-a));
    case Ew::kErf:
      return std::erf(a);
    case Ew::kRelu:
      return a < 0 ? 0 : a;
    case Ew::kGelu:
      return gelu(a);
    case Ew::kGeluTanh:
      return gelu_tanh(a);
    case Ew::kSilu:
      return a / (1 + std::exp(-a));
    case Ew::kSoftplus:
      return a > 40 ? a : std::log1p(std::exp(a));
    case Ew::kFloor:
      return std::floor(a);
    case Ew::kCeil:
      return std::ceil(a);
    case Ew::kRound:
      return std::nearbyint(a);
    case Ew::kSin:
      return std::sin(a);
    case Ew::kCos:
      return std::cos(a);
    case Ew::kNot:
      return a == 0;
    case Ew::kIsFinite:
      return std::isfinite(a);
    case Ew::kRoundBf16:
      return round_to_bf16(a);
    case Ew::kGeluSlope:
      return gelu_slope(a);
    case Ew::kGeluTanhSlope:
      return gelu_tanh_slope(a);
    case Ew::kAdd:
      return a + b;
    case Ew::kSub:
      return a - b;
    case Ew::kMul:
      return a * b;
    case Ew::kDiv:
      return a / b;
    case Ew::kMin:
      return nan ? NAN : std::fmin(a, b);
    case Ew::kMax:
      return nan ? NAN : std::fmax(a, b);
    case Ew::kPow:
      return std::pow(a, b);
    case Ew::kEqual:
      return a == b;
    case Ew::kLess:
      return a < b;
    case Ew::kLessOrEqual:
      return a <= b;
    case Ew::kGreater:
      return a > b;
    case Ew::kGreaterOrEqual:
      return a >= b;
    case Ew::kAnd:
      return a != 0 && b != 0;
    case Ew::kOr:
      return a != 0 || b != 0;
    case Ew::kReluGrad:
      return a > 0 ? b : 0;
    case Ew::kGeluGrad:
      return b * gelu_slope(a);
    case Ew::kGeluTanhGrad:
      return b * gelu_tanh_slope(a);
    case Ew::kSigmoidGrad:
      return b * a * (1 - a);
    case Ew::kTanhGrad:
      return b * (1 - a * a);
    case Ew::kMulAdd:
      return a * b + c;
    case Ew::kSelect:
      return a != 0 ? b : c;
  }
  return NAN;
}

std::vector<float> run_op(Ew op, const std::vector<float>& a, const std::vector<float>& b,
                          const std::vector<float>& c) {
  const int64_t n = static_cast<int64_t>(a.size());
  const ElementwiseKernel kernel({.dims = {n},
                                  .inputs = {{1}, {1}, {1}},
                                  .code = {{.op = op, .a = 0, .b = 1, .c = 2}},
                                  .outputs = {{3, {1}}},
                                  .sums = {}});
  std::vector<float> y(a.size());
  kernel.run({a.data(), b.data(), c.data()}, {y.data()});
  return y;
}

TEST(Elementwise, EveryOpEqualsItsMeaning) {
  on_every_target([] {
    Random random(1);
    for (int i = 0; i <= static_cast<int>(Ew::kSelect); ++i) {
      const Ew op = static_cast<Ew>(i);
      SCOPED_TRACE(std::string(name(op)));
      const int64_t n = 1 + random.below(1500);
      std::vector<float> a = random_array(random, n, -4, 4), b = random_array(random, n),
                         c = random_array(random, n);
      for (size_t k = 0; k < a.size(); k += 7) a[k] = std::round(a[k]), b[k] = std::round(b[k]);
      if (op == Ew::kPow || op == Ew::kSqrt || op == Ew::kLog) {
        for (float& x : a) x = std::fabs(x);
      }
      std::vector<float> expected(a.size());
      for (size_t k = 0; k < a.size(); ++k)
        expected[k] = static_cast<float>(oracle(op, a[k], b[k], c[k]));
      expect_near(run_op(op, a, b, c), expected, 2e-6);
    }
  });
}

TEST(Elementwise, FunctionsAreAccurateOverTheirWholeRange) {
  on_every_target([] {
    Random random(2);
    for (Ew op : {Ew::kExp, Ew::kLog, Ew::kTanh, Ew::kSigmoid, Ew::kErf}) {
      std::vector<float> a = random_array(random, 4000, -87, 88);
      for (int i = 0; i < 4000; ++i)
        a.push_back(
            static_cast<float>(std::exp(random.uniform(-80, 4)) * (random.chance(0.5) ? 1 : -1)));
      if (op == Ew::kLog) {
        for (float& x : a) x = std::fabs(x);
      }
      const auto y = run_op(op, a, a, a);
      for (size_t i = 0; i < a.size(); ++i) {
        const double expected = oracle(op, a[i], 0, 0);
        if (std::fabs(expected) < 2e-38) continue;
        ASSERT_LE(std::fabs(y[i] - expected), 1e-6 * std::fabs(expected))
            << name(op) << " of " << a[i];
      }
    }
    std::vector<float> a = random_array(random, 4000, -20, 20);
    for (Ew op : {Ew::kGelu, Ew::kGeluTanh, Ew::kGeluSlope, Ew::kGeluTanhSlope}) {
      const auto y = run_op(op, a, a, a);
      for (size_t i = 0; i < a.size(); ++i) {
        ASSERT_LE(std::fabs(y[i] - oracle(op, a[i], 0, 0)), 1e-6 * std::fmax(1, std::fabs(a[i])))
            << name(op) << " of " << a[i];
      }
    }
  });
}

TEST(Elementwise, NanInfinityAndDenormalsPassThrough) {
  on_every_target([] {
    const float inf = std::numeric_limits<float>::infinity(), tiny = 1e-41f;
    const std::vector<float> a = {NAN,   inf,   -inf,   0.0f,   -0.0f,  tiny,
                                  -tiny, 1e30f, -1e30f, 100.0f, -100.0f};
    for (int i = 0; i <= static_cast<int>(Ew::kGeluTanhSlope); ++i) {
      const Ew op = static_cast<Ew>(i);
      if (op == Ew::kSin || op == Ew::kCos) continue;  // infinity has no sine
      const auto y = run_op(op, a, a, a);
      for (size_t k = 0; k < a.size(); ++k) {
        if (std::isinf(a[k]) && (op >= Ew::kGelu && op <= Ew::kSilu))
          continue;  // 0 * infinity at the left end
        if (std::isinf(a[k]) && (op == Ew::kGeluSlope || op == Ew::kGeluTanhSlope)) continue;
        if (std::fabs(a[k]) > 1e20 && (op == Ew::kGeluTanhSlope || op == Ew::kGeluSlope))
          continue;  // the oracle overflows
        const float expected = static_cast<float>(oracle(op, a[k], 0, 0));
        SCOPED_TRACE(std::string(name(op)) + " of " + std::to_string(a[k]));
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(y[k]));
        } else if (std::isinf(expected)) {
          EXPECT_EQ(y[k], expected);
        } else {
          EXPECT_NEAR(y[k], expected, std::fmax(2e-6 * std::fabs(expected), 5e-42));
        }
      }
    }
    EXPECT_TRUE(std::isnan(run_op(Ew::kMax, {NAN, 1}, {1, NAN}, {0, 0})[0]));
    EXPECT_TRUE(std::isnan(run_op(Ew::kMax, {NAN, 1}, {1, NAN}, {0, 0})[1]));
    EXPECT_TRUE(std::isnan(run_op(Ew::kMin, {NAN, 1}, {1, NAN}, {0, 0})[0]));
    EXPECT_TRUE(std::isnan(run_op(Ew::kMin, {NAN, 1}, {1, NAN}, {0, 0})[1]));
  });
}

TEST(Elementwise, RoundingToBf16HasTheBitsOfTheScalarOneForEveryCode) {
  std::vector<float> x;
  for (uint32_t code = 0; code < 1u << 16; ++code)
    for (uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      x.push_back(std::bit_cast<float>(code << 16 | low));
  on_every_target([&] {
    const auto y = run_op(Ew::kRoundBf16, x, x, x);
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(std::bit_cast<uint32_t>(y[i]), std::bit_cast<uint32_t>(round_to_bf16(x[i])))
          << "of the bits " << std::bit_cast<uint32_t>(x[i]);
  });
}

// Random programs over random shapes with random broadcasting, against a loop over elements.
TEST(Elementwise, RandomProgramsEqualTheLoopOverElements) {
  on_every_target([] {
    Random random(3);
    for (int trial = 0; trial < 60; ++trial) {
      const int64_t rank = random.below(5);
      std::vector<int64_t> dims;
      for (int64_t i = 0; i < rank; ++i) dims.push_back(1 + random.below(trial % 5 == 0 ? 40 : 9));
      int64_t size = 1;
      for (int64_t d : dims) size *= d;
      const int64_t pitch = (dims.empty() ? 1 : dims.back()) + random.below(3);
      Elementwise e{.dims = dims, .inputs = {}, .code = {}, .outputs = {}, .sums = {}};
      std::vector<std::vector<float>> arrays;
      const int64_t num_inputs = 1 + random.below(5);
      for (int64_t i = 0; i < num_inputs; ++i) {
        std::vector<int64_t> from(dims.begin() + random.below(rank + 1), dims.end());
        for (int64_t& d : from) d = random.chance(0.3) ? 1 : d;
        const bool sliced = random.chance(0.2);
        e.inputs.push_back(sliced ? pitched_strides(dims, pitch) : broadcast_strides(from, dims));
        arrays.push_back(random_array(random, sliced ? size * pitch : num_elements_of(from)));
      }
      const Ew ops[] = {Ew::kAdd, Ew::kMul,    Ew::kSub,    Ew::kMax,  Ew::kTanh,
                        Ew::kAbs, Ew::kMulAdd, Ew::kSelect, Ew::kLess, Ew::kSigmoid};
      const int64_t length = 1 + random.below(9);
      for (int64_t k = 0; k < length; ++k) {
        const auto pick = [&] { return static_cast<int16_t>(random.below(num_inputs + k)); };
        Instruction in{ops[random.below(10)], pick(), pick(), pick(), 0.75f};
        if (random.chance(0.2)) in.b = kImmediate;
        e.code.push_back(in);
      }
      const int num_values = static_cast<int>(num_inputs + length);
      e.outputs.push_back({num_values - 1, full_strides(dims)});
      e.outputs.push_back(
          {static_cast<int>(random.below(num_values)), pitched_strides(dims, pitch)});
      e.sums.push_back({num_values - 1, Elementwise::Sum::kSum, 0.5f});
      e.sums.push_back(
          {static_cast<int>(random.below(num_values)), Elementwise::Sum::kSumOfSquares, 1.0f});

      std::vector<float> y0 = nan_array(size), y1 = nan_array(size * pitch), expected0 = y0,
                         expected1 = y1;
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < size; ++i) {
        const auto place = [&](const Strides& strides) {
          int64_t rest = i, at = 0;
          for (size_t l = dims.size(); l-- > 0; rest /= dims[l]) at += rest % dims[l] * strides[l];
          return static_cast<size_t>(at);
        };
        std::vector<double> v;
        for (size_t k = 0; k < arrays.size(); ++k) v.push_back(arrays[k][place(e.inputs[k])]);
        for (const auto& in : e.code) {
          const auto get = [&](int16_t o) {
            return o == kImmediate ? in.immediate : v[static_cast<size_t>(o)];
          };
          v.push_back(static_cast<float>(oracle(in.op, get(in.a), get(in.b), get(in.c))));
        }
        expected0[static_cast<size_t>(i)] = static_cast<float>(v.back());
        expected1[place(e.outputs[1].strides)] =
            static_cast<float>(v[static_cast<size_t>(e.outputs[1].value)]);
        sum += 0.5 * v.back();
        squares +=
            v[static_cast<size_t>(e.sums[1].value)] * v[static_cast<size_t>(e.sums[1].value)];
      }
      std::vector<FloatsIn> inputs;
      for (const auto& a : arrays) inputs.push_back(a.data());
      std::vector<float> sums(2);
      std::vector<FloatsOut> outputs = {y0.data(), y1.data()};
      std::vector<float*> sum_pointers = {&sums[0], &sums[1]};
      ElementwiseKernel(e).run(inputs, outputs, sum_pointers);
      expect_near(y0, expected0, 1e-4);
      expect_near(y1, expected1, 1e-4);
      expect_near(sums, {static_cast<float>(sum), static_cast<float>(squares)}, 1e-4);
    }
  });
}

// Every code, and rows of two random lengths.
TEST(Elementwise, Bf16IsWidenedExactlyAndRoundedAsTheScalarOne) {
  std::vector<Bf16> codes;
  for (uint32_t code = 0; code < 1u << 16; ++code) codes.push_back(static_cast<Bf16>(code));
  const auto bits = [](float x) { return std::bit_cast<uint32_t>(x); };
  on_every_target([&] {
    Random random(6);
    for (const int64_t n : {int64_t{1 << 16}, 1 + random.below(600), 513 + random.below(40)}) {
      const int64_t begin = random.below((1 << 16) - n + 1);
      const ElementwiseKernel copy(
          {.dims = {n}, .inputs = {{1}}, .code = {}, .outputs = {{0, {1}}}, .sums = {}});
      std::vector<float> wide(static_cast<size_t>(n) + 1, 7.0f);
      copy.run({codes.data() + begin}, {wide.data()});
      std::vector<Bf16> back(wide.size(), static_cast<Bf16>(7));
      copy.run({wide.data()}, {back.data()});
      for (int64_t i = 0; i < n; ++i) {
        const size_t p = static_cast<size_t>(i);
        const float expected = value_of(codes[p + static_cast<size_t>(begin)]);
        ASSERT_EQ(bits(wide[p]), bits(expected)) << "code " << begin + i;
        ASSERT_EQ(static_cast<uint16_t>(back[p]), bf16_code(expected)) << "code " << begin + i;
      }
      EXPECT_EQ(wide.back(), 7.0f);
      EXPECT_EQ(back.back(), static_cast<Bf16>(7));
    }
  });
}

// Inputs and results are f32 or bf16, in any mixture, broadcast or not.
TEST(Elementwise, RandomProgramsOnBf16EqualTheLoopOverElements) {
  on_every_target([] {
    Random random(8);
    for (int trial = 0; trial < 200; ++trial) {
      const int64_t rows = 1 + random.below(40), c = 1 + random.below(trial % 4 == 0 ? 600 : 40);
      const std::vector<int64_t> dims = {rows, c};
      std::vector<float> x = random_array(random, rows * c), row = random_array(random, c);
      std::vector<Bf16> x16, row16, y16(x.size());
      for (float& v : x) v = round_to_bf16(v), x16.push_back(static_cast<Bf16>(bf16_code(v)));
      for (float& v : row) v = round_to_bf16(v), row16.push_back(static_cast<Bf16>(bf16_code(v)));
      const ElementwiseKernel kernel(
          {.dims = dims,
           .inputs = {full_strides(dims), broadcast_strides(std::vector<int64_t>{c}, dims)},
           .code = {{Ew::kMul, 0, 1}, {Ew::kTanh, 2}, {Ew::kAdd, 3, 0}},
           .outputs = {{4, full_strides(dims)}, {3, full_strides(dims)}},
           .sums = {}});
      std::vector<float> sum(x.size()), tanh(x.size()), expected_tanh(x.size()), expected = x;
      for (size_t i = 0; i < x.size(); ++i) {
        expected_tanh[i] = std::tanh(x[i] * row[i % static_cast<size_t>(c)]);
        expected[i] += expected_tanh[i];
      }
      const bool narrow_x = random.chance(0.5), narrow_row = random.chance(0.5);
      const bool first = random.chance(0.5), narrow = random.chance(0.7);
      const FloatsOut to16 = narrow ? FloatsOut(y16.data()) : FloatsOut(nullptr);
      const FloatsIn from = narrow_x ? FloatsIn(x16.data()) : FloatsIn(x.data());
      const FloatsIn factor = narrow_row ? FloatsIn(row16.data()) : FloatsIn(row.data());
      kernel.run({from, factor}, {narrow && first ? to16 : FloatsOut(sum.data()),
                                  narrow && !first ? to16 : FloatsOut(tanh.data())});
      if (narrow)
        for (size_t i = 0; i < x.size(); ++i) (first ? sum : tanh)[i] = value_of(y16[i]);
      expect_near(sum, expected, narrow && first ? 5e-3 : 2e-6);  // half a step is 2^-9
      expect_near(tanh, expected_tanh, narrow && !first ? 5e-3 : 2e-6);
    }
  });
}

TEST(Elementwise, SumsHaveTheSameBitsForEveryNumberOfThreads) {
  Random random(4);
  const std::vector<float> x = random_array(random, 300001);
  const ElementwiseKernel kernel({.dims = {300001},
                                  .inputs = {{1}},
                                  .code = {},
                                  .outputs = {},
                                  .sums = {{0, Elementwise::Sum::kSum, 1.0f}}});
  const int threads = num_threads();
  float first = 0;
  for (int n : {1, 2, 3, 7}) {
    set_num_threads(n);
    float sum = 0;
    kernel.run({x.data()}, {}, {&sum});
    if (n == 1) first = sum;
    EXPECT_EQ(sum, first);
  }
  set_num_threads(threads);
}

TEST(Elementwise, AnOutputMayBeAnInput) {
  on_every_target([] {
    Random random(5);
    std::vector<float> x = random_array(random, 20000), expected = x;
    for (float& v : expected) v = std::fabs(v) * v + v;
    const ElementwiseKernel kernel({.dims = {20000},
                                    .inputs = {{1}},
                                    .code = {{Ew::kAbs, 0}, {Ew::kMulAdd, 1, 0, 0}},
                                    .outputs = {{2, {1}}},
                                    .sums = {}});
    kernel.run({x.data()}, {x.data()});
    expect_near(x, expected, 1e-6);
  });
}

}  // namespace
}  // namespace dojo::kernels
