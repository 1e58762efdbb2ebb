#include "dojo/report/png.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <string_view>
#include <vector>

namespace dojo::report {
namespace {

size_t number_at(std::string_view bytes, size_t at) {
  size_t number = 0;
  for (size_t i = at; i < at + 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

TEST(Png, IsReadBackChunkByChunk) {
  Picture picture(3, 2);
  picture.at(1, 0) = 1;
  picture.at(2, 1) = 2;
  const std::vector<Colour> palette = {{0, 0, 0, 0}, {255, 16, 32}, {7, 8, 9, 128}};
  const std::string file = png(picture, palette);
  ASSERT_EQ(file.substr(0, 8), "\x89PNG\r\n\x1a\n");
  std::vector<std::string> types;
  std::string content[5];
  for (size_t at = 8; at < file.size();) {
    const size_t size = number_at(file, at);
    ASSERT_LE(at + 12 + size, file.size());
    const std::string typed = file.substr(at + 4, 4 + size);
    EXPECT_EQ(number_at(file, at + 8 + size), crc32(0, reinterpret_cast<const Bytef*>(typed.data()),
                                                    static_cast<uInt>(typed.size())));
    ASSERT_LT(types.size(), 5u);
    content[types.size()] = typed.substr(4);
    types.push_back(typed.substr(0, 4));
    at += 12 + size;
  }
  EXPECT_EQ(types, (std::vector<std::string>{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}));
  EXPECT_EQ(content[0], std::string("\0\0\0\3\0\0\0\2\x08\x03\0\0\0", 13));
  EXPECT_EQ(content[1], std::string("\0\0\0\xff\x10\x20\7\x08\x09", 9));
  EXPECT_EQ(content[2], std::string("\0\xff\x80", 3));
  std::string rows(9, 'x');
  uLongf size = rows.size();
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(rows.data()), &size,
                       reinterpret_cast<const Bytef*>(content[3].data()),
                       static_cast<uLong>(content[3].size())),
            Z_OK);
  EXPECT_EQ(size, 8u);
  EXPECT_EQ(rows.substr(0, 8), std::string("\0\0\1\0\0\0\0\2", 8));
}

}  // namespace
}  // namespace dojo::report
