#include "dojo/machine/unit.h"

#include <gtest/gtest.h>

namespace dojo::machine {
namespace {

double in(double value, const char* from, const char* to) {
  return convert(value, parse_unit(from).value(), parse_unit(to).value());
}

TEST(Unit, ScalesAreExact) {
  EXPECT_EQ(in(2, "GHz", "Hz"), 2e9);
  EXPECT_EQ(in(1.25, "MB", "B"), 1'250'000);
  EXPECT_EQ(in(1.25, "MiB", "B"), 1'310'720);
  EXPECT_EQ(in(112, "Gb/s", "GB/s"), 14);
  EXPECT_EQ(in(1.024, "TFLOPS", "FLOP/s"), 1.024e12);
  EXPECT_EQ(in(1.3, "us", "ns"), 1300);
  EXPECT_EQ(in(2, "MW", "W"), 2e6);
  EXPECT_EQ(in(7, "cycles", "cycle"), 7);
}

TEST(Unit, OneKindNeverBecomesAnother) {
  EXPECT_FALSE(same_kind(parse_unit("ns").value(), parse_unit("B").value()));
  EXPECT_FALSE(same_kind(parse_unit("GB").value(), parse_unit("GB/s").value()));
  EXPECT_FALSE(same_kind(parse_unit("rows").value(), parse_unit("columns").value()));
  EXPECT_FALSE(same_kind(parse_unit("ns").value(), parse_unit("cycles").value()));
}

TEST(Unit, AClockMakesSecondsOfCycles) {
  EXPECT_TRUE(same_but_for_clock(parse_unit("ns").value(), parse_unit("cycles").value()));
  EXPECT_TRUE(same_but_for_clock(parse_unit("GB/s").value(), parse_unit("B/cycle").value()));
  EXPECT_FALSE(same_but_for_clock(parse_unit("GB").value(), parse_unit("B/cycle").value()));
  EXPECT_FALSE(same_but_for_clock(parse_unit("FLOP/cycle").value(), parse_unit("B/cycle").value()));
}

TEST(Unit, WhatIsNoUnit) {
  for (const char* text : {"", "GB/", "/s", "gb", "Mrows", "B/ns", "B/s/s", "kcycles", "GB /s",
                           "mB", "m", "Ki", "B/cycle ", "TB/TB"})
    EXPECT_FALSE(parse_unit(text)) << text;
  EXPECT_TRUE(parse_unit("1"));
}

TEST(Unit, NumbersArePrintedInTheLargestUnitThatFits) {
  EXPECT_EQ(print_number(362.496e12, "FLOPS"), "362.496 TFLOPS");
  EXPECT_EQ(print_number(1.0874880e18, "FLOPS", 4), "1.087 EFLOPS");
  EXPECT_EQ(print_number(1.25e6, "B"), "1.25 MB");
  EXPECT_EQ(print_number(272e9, "B/s"), "272 GB/s");
  EXPECT_EQ(print_number(100e-9, "s"), "100 ns");
  EXPECT_EQ(print_number(999, "B"), "999 B");
  EXPECT_EQ(print_number(0, "B/s"), "0 B/s");
  EXPECT_EQ(print_number(1062000, "nodes"), "1062000 nodes");
  EXPECT_EQ(print_number(-2e9, "B/s"), "-2 GB/s");
  EXPECT_EQ(print_number(55.5, "B/cycle"), "55.5 B/cycle");
  EXPECT_EQ(print_number(1152, "B/cycle"), "1152 B/cycle");
}

}  // namespace
}  // namespace dojo::machine
