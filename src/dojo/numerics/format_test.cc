#include "dojo/numerics/format.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(Format, EachHasANameThatReadsBackAndASize) {
  for (const auto& [format, bytes] : {std::pair(Format::kF32, 4), std::pair(Format::kBF16, 2),
                                      std::pair(Format::kI32, 4), std::pair(Format::kU8, 1)}) {
    EXPECT_EQ(parse_format(name(format)), format);
    EXPECT_EQ(size_bytes(format), bytes);
    EXPECT_NE(std::string_view(kFormatHint).find(name(format)), std::string_view::npos);
  }
  EXPECT_EQ(parse_format("f64"), std::nullopt);
  EXPECT_EQ(parse_format(""), std::nullopt);
}

TEST(Format, RoundingIsThatOfTheFormat) {
  EXPECT_EQ(round_to(Format::kF32, 1 + 0x1p-24), 1);
  EXPECT_EQ(round_to(Format::kF32, 1 + 0x1p-23), 1 + 0x1p-23);
  EXPECT_EQ(round_to(Format::kBF16, 1 + 0x1p-8), 1);
  EXPECT_EQ(round_to(Format::kBF16, 1 + 0x1p-7), 1 + 0x1p-7);
  EXPECT_EQ(round_to(Format::kI32, 2147483647), 2147483647);
  EXPECT_EQ(round_to(Format::kU8, 255), 255);
}

}  // namespace
}  // namespace dojo
