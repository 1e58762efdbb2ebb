#include "dojo/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dojo/base/random.h"

namespace dojo {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(crc32c(ascending), 0x46DD794Eu);
}

TEST(Crc32c, IsTheTablesForAnyLengthAndPlaceAndInPieces) {
  Random random(1);
  std::vector<uint8_t> bytes(20000);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random.below(256));
  for (size_t begin = 0; begin < 9; ++begin)
    for (size_t size :
         {0u, 1u, 7u, 8u, 9u, 63u, 64u, 200u, 3071u, 3072u, 3073u, 6144u, 9999u, 19991u}) {
      const std::span<const uint8_t> part(bytes.data() + begin, size);
      const uint32_t whole = crc32c_by_table(part, 77);
      EXPECT_EQ(crc32c(part, 77), whole);
      EXPECT_EQ(crc32c(part.subspan(size / 3), crc32c(part.first(size / 3), 77)), whole);
    }
}

}  // namespace
}  // namespace dojo
