#include "dojo/base/protobuf.h"

#include <gtest/gtest.h>

#include <limits>

namespace dojo {
namespace {

using namespace std::string_literals;

// The first three are the examples of protobuf.dev/programming-guides/encoding.
TEST(Protobuf, NumbersHaveSevenBitsToAByte) {
  EXPECT_EQ(ProtoMessage().number(1, 150).bytes(), "\x08\x96\x01"s);
  EXPECT_EQ(ProtoMessage().number(1, 0).bytes(), "\x08\x00"s);
  EXPECT_EQ(ProtoMessage().number(1, 127).number(1, 128).bytes(), "\x08\x7f\x08\x80\x01"s);
  EXPECT_EQ(ProtoMessage().number(16, 1).bytes(), "\x80\x01\x01"s);  // two bytes of key from 16 on
}

TEST(Protobuf, TheLargestAndTheSmallestTakeTenBytes) {
  const std::string all_ones = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s;
  EXPECT_EQ(ProtoMessage().number(1, std::numeric_limits<uint64_t>::max()).bytes(),
            "\x08" + all_ones);
  EXPECT_EQ(ProtoMessage().number(1, -1).bytes(), "\x08" + all_ones);
  EXPECT_EQ(ProtoMessage().number(1, std::numeric_limits<int64_t>::min()).bytes(),
            "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s);
}

TEST(Protobuf, TextsAndMessagesHaveTheirLength) {
  EXPECT_EQ(ProtoMessage().text(2, "testing").bytes(), "\x12\x07testing"s);
  EXPECT_EQ(ProtoMessage().message(3, ProtoMessage().number(1, 150)).bytes(),
            "\x1a\x03\x08\x96\x01"s);
  EXPECT_EQ(ProtoMessage().text(1, "").bytes(), "\x0a\x00"s);
  const std::string long_text(300, 'a');
  EXPECT_EQ(ProtoMessage().text(1, long_text).bytes(), "\x0a\xac\x02" + long_text);
}

}  // namespace
}  // namespace dojo
