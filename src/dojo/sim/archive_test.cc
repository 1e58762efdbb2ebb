#include "dojo/sim/archive.h"

#include <gtest/gtest.h>

#include <limits>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

struct Thing {
  int64_t a = 0;
  uint8_t b = 0;
  bool c = false;
  uint64_t d = 0;
  std::vector<int32_t> list;
  std::string name;
};

void fields(Archive& archive, Thing& t) {
  archive.whole(t.a, -5, int64_t{1} << 62);
  archive.index(t.b, 4);
  archive.flag(t.c);
  archive.word(t.d);
  archive.list(t.list, [&](int32_t& x) { archive.whole(x, INT32_MIN, INT32_MAX); });
  archive.text(t.name);
}

std::string bytes_of(Thing thing) {
  Archive archive;
  fields(archive, thing);
  return archive.bytes();
}

TEST(Archive, WhatIsWrittenIsRead) {
  const Thing thing{int64_t{1} << 62, 3, true, ~uint64_t{0}, {INT32_MIN, 0, INT32_MAX}, "name"};
  const std::string bytes = bytes_of(thing);
  Thing read;
  Archive archive(bytes);
  fields(archive, read);
  archive.expect_end();
  EXPECT_EQ(read.a, thing.a);
  EXPECT_EQ(read.b, thing.b);
  EXPECT_EQ(read.c, thing.c);
  EXPECT_EQ(read.d, thing.d);
  EXPECT_EQ(read.list, thing.list);
  EXPECT_EQ(read.name, thing.name);
}

TEST(Archive, EveryCutIsSeen) {
  const std::string bytes = bytes_of({.a = 1, .b = 2, .list = {1, 2, 3}, .name = "name"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    Thing read;
    Archive archive(std::string_view(bytes).substr(0, size));
    EXPECT_THROW(fields(archive, read), Error) << size;
  }
}

TEST(Archive, NumbersStayInTheirBounds) {
  Archive writer;
  int64_t x = 10;
  writer.whole(x, 0, 10);
  {
    Archive reader(writer.bytes());
    EXPECT_THROW(reader.whole(x, 0, 9), Error);
  }
  {
    Archive reader(writer.bytes());
    EXPECT_THROW(reader.index(x, 10), Error);
  }
  Archive reader(writer.bytes());
  EXPECT_THROW(reader.index(x, 0), Error);
}

TEST(Archive, NumbersOfMoreThan64BitsAreRefused) {
  uint64_t x = 0;
  const std::string ten(9, '\xff');
  const std::string most_bytes = ten + "\x01", more_bytes = ten + "\x03";
  Archive most(most_bytes);
  most.word(x);
  EXPECT_EQ(x, ~uint64_t{0});
  Archive more(more_bytes);
  EXPECT_THROW(more.word(x), Error);
  Archive endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  EXPECT_THROW(endless.word(x), Error);
}

TEST(Archive, AListIsNoLongerThanItsBytes) {
  Archive writer;
  uint64_t huge = uint64_t{1} << 60;
  writer.word(huge);
  Archive reader(writer.bytes());
  std::vector<int32_t> list;
  EXPECT_THROW(reader.list(list, [](int32_t&) {}), Error);
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace dojo::sim
