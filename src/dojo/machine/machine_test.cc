#include "dojo/machine/machine.h"

#include <gtest/gtest.h>

#include "dojo/machine/load.h"

namespace dojo::machine {
namespace {

// A time or a rate as a file has it.
Parameter written(double value, const char* unit, Field::Kind kind) {
  static const Field time{"t", Field::Kind::kTime, "cycles", 0, 1e9, "time"};
  static const Field rate{"r", Field::Kind::kRate, "B/cycle", 0, 1e9, "rate"};
  return {.name = "x",
          .field = kind == Field::Kind::kTime ? &time : &rate,
          .value = value,
          .unit = unit,
          .parsed_unit = parse_unit(unit).value()};
}

double cycles(double value, const char* unit, int64_t clock) {
  return in_field_unit(written(value, unit, Field::Kind::kTime), clock);
}

Rate rate(double value, const char* unit, int64_t clock) {
  return rate_of(written(value, unit, Field::Kind::kRate), clock);
}

TEST(Machine, SecondsBecomeWholeCyclesAndNeverFewer) {
  EXPECT_EQ(cycles(100, "ns", 2'000'000'000), 200);
  EXPECT_EQ(cycles(1.3, "us", 2'000'000'000), 2600);
  EXPECT_EQ(cycles(0.1, "ns", 2'000'000'000), 1);
  EXPECT_EQ(cycles(100, "ns", 2'010'000'000), 201);
  EXPECT_EQ(cycles(101, "ns", 2'010'000'000), 204);  // 203.01
  EXPECT_EQ(cycles(400'000'000, "ns", 2'000'000'000), 800'000'000);
  EXPECT_EQ(cycles(400'000'000.25, "ns", 2'000'000'000), 800'000'001);  // and a half
  EXPECT_EQ(cycles(0, "s", 2'000'000'000), 0);
  EXPECT_EQ(cycles(7, "cycles", 2'000'000'000), 7);
}

TEST(Machine, RatesAreExactFractions) {
  EXPECT_EQ(rate(2, "TB/s", 2'000'000'000), (Rate{1000, 1}));
  EXPECT_EQ(shared_by(rate(2, "TB/s", 2'000'000'000), 18), (Rate{500, 9}));
  EXPECT_EQ(rate(2.016, "TB/s", 2'000'000'000), (Rate{1008, 1}));
  EXPECT_EQ(rate(112, "Gb/s", 2'000'000'000), (Rate{7, 1}));
  EXPECT_EQ(rate(22.5, "B/cycle", 1), (Rate{45, 2}));
  EXPECT_EQ(rate(1, "B/s", 2'000'000'000), (Rate{1, 2'000'000'000}));
  EXPECT_EQ(shared_by({64, 1}, 3).bytes_per_cycle(), 64.0 / 3);
}

TEST(Machine, ParametersAreFoundByName) {
  const Machine die = load_machine("d1_die");
  ASSERT_TRUE(die.find("node/clock"));
  EXPECT_EQ(text_of(*die.find("node/clock")), "2 GHz");
  EXPECT_FALSE(die.find("node/clocks"));
  EXPECT_EQ(clock_hz(die), 2'000'000'000);
  EXPECT_TRUE(die.has(Level::kNode));
  EXPECT_FALSE(die.has(Level::kTile));
}

}  // namespace
}  // namespace dojo::machine
