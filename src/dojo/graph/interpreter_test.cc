#include "dojo/graph/interpreter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dojo/graph/graph_test_util.h"

namespace dojo {
namespace {

void feed_tiny_step(Executor& executor, float step) {
  std::vector<float> x(12), target(8);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) - 2;
  for (size_t i = 0; i < target.size(); ++i) target[i] = static_cast<float>(i % 3);
  executor.write_f32("x", x);
  executor.write_f32("target", target);
  executor.write_scalar("lr", 0.05f);
  executor.write_scalar("step", step);
}

TEST(Interpreter, TrainsALinearModel) {
  for (Precision precision : {Precision::kFloat, Precision::kDouble}) {
    const auto executor = make_interpreter(tiny_step(), precision);
    initialize(*executor, 1);
    float first = 0;
    for (int step = 1; step <= 200; ++step) {
      feed_tiny_step(*executor, static_cast<float>(step));
      ASSERT_TRUE(executor->run());
      if (step == 1) first = executor->read_scalar("loss");
    }
    EXPECT_LT(executor->read_scalar("loss"), 0.5f * first);
    EXPECT_GT(executor->memory_bytes(), 0);
  }
}

TEST(Interpreter, ANonFiniteGuardKeepsTheStateAndNamesTheFirstValue) {
  Builder b("g");
  const ValueId x = b.data("x", {});
  const ValueId w = b.parameter("w", {}, constant_value(3));
  const ValueId y = b.op("Neg", {b.div(w, x)});
  b.output("loss", y, true);
  b.update(w, b.mul(w, 2.0));
  const auto executor = make_interpreter(std::move(b).finish());
  initialize(*executor, 0);
  executor->write_scalar("x", 0);
  EXPECT_FALSE(executor->run());
  EXPECT_EQ(executor->read_scalar("w"), 3);
  EXPECT_EQ(executor->first_nonfinite(), "Div %div");
  executor->write_scalar("x", NAN);
  EXPECT_FALSE(executor->run());
  EXPECT_EQ(executor->first_nonfinite(), "data %x");
  executor->write_scalar("x", 2);
  EXPECT_TRUE(executor->run());
  EXPECT_EQ(executor->read_scalar("loss"), -1.5f);
  EXPECT_EQ(executor->read_scalar("w"), 6);
}

TEST(Interpreter, AllUpdatesHappenAtOnce) {
  Builder b("swap");
  const ValueId p = b.state("p", {}, constant_value(1)), q = b.state("q", {}, constant_value(2));
  b.output("before", p);
  b.update(p, q);
  b.update(q, p);
  const auto executor = make_interpreter(std::move(b).finish());
  initialize(*executor, 0);
  EXPECT_TRUE(executor->run());
  EXPECT_EQ(executor->read_scalar("p"), 2);
  EXPECT_EQ(executor->read_scalar("q"), 1);
  EXPECT_EQ(executor->read_scalar("before"), 1);
}

TEST(Interpreter, FloatRoundsEachResultAndDoubleDoesNot) {
  for (Precision precision : {Precision::kFloat, Precision::kDouble}) {
    const std::vector<RefTensor> one(1, RefTensor{Type{}, {1.0}});
    Builder b("g");
    const ValueId x = b.data("x", {});
    b.output("y", b.sub(b.add(x, 1e-9), x));
    const double y = interpret(std::move(b).finish(), one, precision)[0].data[0];
    if (precision == Precision::kFloat)
      EXPECT_EQ(y, 0);
    else
      EXPECT_NEAR(y, 1e-9, 1e-15);
  }
}

TEST(Interpreter, BytesKeepTheFormat) {
  Builder b("g");
  const ValueId x = b.data("x", {Format::kU8, {3}});
  b.output("y", b.op("Identity", {x}));
  b.output("z", b.op("Cast", {x}, {{"to", "i32"}}));
  const auto executor = make_interpreter(std::move(b).finish());
  const uint8_t values[] = {0, 128, 255};
  executor->write("x", std::as_bytes(std::span(values)));
  EXPECT_TRUE(executor->run());
  uint8_t y[3];
  int32_t z[3];
  executor->read("y", std::as_writable_bytes(std::span(y)));
  executor->read("z", std::as_writable_bytes(std::span(z)));
  EXPECT_EQ(y[1], 128);
  EXPECT_EQ(y[2], 255);
  EXPECT_EQ(z[2], 255);
}

TEST(Interpreter, ABf16IsRoundedWhenItIsStoredAndHasTwoBytes) {
  Builder b("g");
  const ValueId x = b.data("x", {}), h = b.data("h", {Format::kBF16, {2}});
  b.output("y", b.op("Cast", {x}, {{"to", "bf16"}}));
  b.output("wide", b.op("Cast", {h}, {{"to", "f32"}}));
  b.output(
      "turned",
      b.op("Slice", {h}, {{"starts", std::vector<int64_t>{1}}, {"ends", std::vector<int64_t>{2}}}));
  const Graph graph = std::move(b).finish();
  const auto executor = make_interpreter(graph);
  executor->write_scalar("x", 1 + 0x1.8p-8f);
  const uint16_t codes[] = {0x3f81, 0xc000};
  executor->write("h", std::as_bytes(std::span(codes)));
  EXPECT_TRUE(executor->run());
  uint16_t y = 0, turned = 0;
  executor->read("y", std::as_writable_bytes(std::span(&y, 1)));
  executor->read("turned", std::as_writable_bytes(std::span(&turned, 1)));
  EXPECT_EQ(y, 0x3f81);
  EXPECT_EQ(turned, 0xc000);
  EXPECT_EQ(executor->read_f32("wide"), (std::vector<float>{1 + 0x1p-7f, -2}));
  // For gradient checks nothing is rounded.
  const std::vector<RefTensor> inputs = {{Type{}, {1e-9 + 1}}, {{Format::kBF16, {2}}, {1, 2}}};
  EXPECT_EQ(interpret(graph, inputs, Precision::kDouble)[0].data[0], 1e-9 + 1);
  EXPECT_EQ(interpret(graph, inputs, Precision::kFloat)[0].data[0], 1);
}

TEST(InitialValue, DependsOnSeedAndNameOnly) {
  Builder one("one"), two("two");
  for (Builder* b : {&one, &two}) {
    if (b == &two) b->parameter("first", {7}, normal(1));
    b->parameter("w", {1000}, normal(0.5));
    b->parameter("u", {1000}, uniform(0.25));
    b->state("c", {Format::kI32, {2}}, constant_value(-16777217));  // f32 has none such
  }
  const Graph g1 = std::move(one).finish(), g2 = std::move(two).finish();
  const auto w = initial_value(g1, *g1.find_input("w"), 3);
  EXPECT_EQ(w, initial_value(g2, *g2.find_input("w"), 3));
  EXPECT_NE(w, initial_value(g2, *g2.find_input("w"), 4));
  double sum = 0, squares = 0;
  for (float x : w) {
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 1000, 0, 0.05);
  EXPECT_NEAR(std::sqrt(squares / 1000), 0.5, 0.03);
  for (float x : initial_value(g1, *g1.find_input("u"), 3)) EXPECT_TRUE(x >= -0.25f && x < 0.25f);
  const auto executor = make_interpreter(g1);
  initialize(*executor, 3);
  EXPECT_EQ(executor->read_f32("w"), w);
  int32_t c[2];
  executor->read("c", std::as_writable_bytes(std::span(c)));
  EXPECT_EQ(c[1], -16777217);
}

}  // namespace
}  // namespace dojo
