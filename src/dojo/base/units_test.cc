#include "dojo/base/units.h"

#include <gtest/gtest.h>

#include <cmath>

namespace dojo {
namespace {

TEST(Units, BytesInPowersOfAThousand) {
  EXPECT_EQ(print_bytes(0), "0 B");
  EXPECT_EQ(print_bytes(999), "999 B");
  EXPECT_EQ(print_bytes(1000), "1.0 kB");
  EXPECT_EQ(print_bytes(1500000000), "1.5 GB");
  EXPECT_EQ(print_bytes(999499), "999 kB");
  EXPECT_EQ(print_bytes(999500), "1.0 MB");
  EXPECT_EQ(print_bytes(INT64_MAX), "9223 PB");
}

TEST(Units, SecondsInTheTwoUnitsThatMatter) {
  EXPECT_EQ(print_seconds(0), "0 s");
  EXPECT_EQ(print_seconds(0.0000123), "12.3 us");
  EXPECT_EQ(print_seconds(0.0421), "42.1 ms");
  EXPECT_EQ(print_seconds(0.24), "0.24 s");
  EXPECT_EQ(print_seconds(9.94), "9.9 s");
  EXPECT_EQ(print_seconds(59.4), "59 s");
  EXPECT_EQ(print_seconds(59.6), "1 min 0 s");
  EXPECT_EQ(print_seconds(200), "3 min 20 s");
  EXPECT_EQ(print_seconds(7500), "2 h 5 min");
  EXPECT_EQ(print_seconds(273600), "3 d 4 h");
  EXPECT_EQ(print_seconds(std::nan("")), "unknown");
  EXPECT_EQ(print_seconds(-1), "unknown");
}

TEST(Units, RatesTurnRoundWhenSlow) {
  EXPECT_EQ(print_rate(3.21, "steps"), "3.2 steps/s");
  EXPECT_EQ(print_rate(0.2, "steps"), "5.0 s/step");
  EXPECT_EQ(print_rate(123.4, "clips"), "123 clips/s");
  EXPECT_EQ(print_rate(0, "clips"), "0.0 clips/s");
  EXPECT_EQ(print_rate(12300, "frames"), "12.3 k frames/s");
}

TEST(Units, SizesAsPeopleWriteThem) {
  EXPECT_EQ(parse_bytes("4G"), 4'000'000'000);
  EXPECT_EQ(parse_bytes("1.5 GB"), 1'500'000'000);
  EXPECT_EQ(parse_bytes("800M"), 800'000'000);
  EXPECT_EQ(parse_bytes("12kB"), 12'000);
  EXPECT_EQ(parse_bytes("77"), 77);
  EXPECT_EQ(parse_bytes("77 B"), 77);
  for (const char* bad : {"", "G", "-1G", "0", "4g", "4GG", "4 G ", "1e30", "nan", "inf", "0x10"})
    EXPECT_EQ(parse_bytes(bad), 0) << bad;
}

TEST(Units, CountsLikeParameters) {
  EXPECT_EQ(print_count(999), "999");
  EXPECT_EQ(print_count(11689512), "11.7 M");
}

}  // namespace
}  // namespace dojo
