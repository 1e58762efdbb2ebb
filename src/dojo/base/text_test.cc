#include "dojo/base/text.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(OneLine, ControlCodesAreWrittenOut) {
  EXPECT_EQ(one_line("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f");
  EXPECT_EQ(one_line(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(one_line("a\xc2\x9b"
                     "2J"),
            "a\\x9b2J");
}

TEST(OneLine, OtherTextStaysAsItIs) {
  EXPECT_EQ(one_line("caf\xc3\xa9 \xe2\x82\xac \xc2\xa0.mp4"),
            "caf\xc3\xa9 \xe2\x82\xac \xc2\xa0.mp4");
  EXPECT_EQ(one_line("\xc2"), "\xc2");
  EXPECT_EQ(one_line(""), "");
}

}  // namespace
}  // namespace dojo
