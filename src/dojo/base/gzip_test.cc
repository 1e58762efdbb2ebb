#include "dojo/base/gzip.h"

#include <gtest/gtest.h>

#include <string>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

// printf 'a b\n' | gzip -n
const std::string kPacked(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x54\x48\xe2\x02\x00"
    "\xa1\xe9\x8d\x2d\x04\x00\x00\x00",
    24);

class GzipTest : public ::testing::Test {
 protected:
  std::string read(const std::string& bytes, int64_t max_bytes = 100) {
    const std::string path = folder_ / "file.gz";
    write_file_atomic(path, bytes);
    return read_file_or_gzip(path, max_bytes);
  }
  std::string error(const std::string& bytes, int64_t max_bytes = 100) {
    try {
      read(bytes, max_bytes);
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_NE(e.where().find("file.gz"), std::string::npos);
      return e.message();
    }
    return "no error";
  }
  TestFolder folder_;
};

TEST_F(GzipTest, PackedAndPlainFilesAreReadAlike) {
  EXPECT_EQ(read(kPacked), "a b\n");
  EXPECT_EQ(read(kPacked + kPacked), "a b\na b\n");
  EXPECT_EQ(read("a b\n"), "a b\n");
  EXPECT_EQ(read(""), "");
}

TEST_F(GzipTest, NoCutOrFlippedBitGivesOtherContent) {
  for (size_t n = 2; n < kPacked.size(); ++n)
    EXPECT_EQ(error(kPacked.substr(0, n)), "the packed file is cut off") << n;
  for (size_t i = 10; i < kPacked.size(); ++i) {
    std::string flipped = kPacked;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    // The padding behind the last block is no content.
    if (const std::string e = error(flipped); e == "no error") {
      EXPECT_EQ(read(flipped), "a b\n");
    }
  }
  EXPECT_NE(error(kPacked + "x"), "no error");
}

TEST_F(GzipTest, AFileThatUnpacksToMoreThanAllowedIsRefused) {
  // 5000 times "a".
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xac\xeb\x5f"
      "\xc2\x14\x7e\x40\x01\x00\x00\x00\x00\x6f\x03\x76\x59\xf4\x4c\x88\x13\x00\x00",
      41);
  EXPECT_EQ(read(packed, 5000), std::string(5000, 'a'));
  EXPECT_EQ(error(packed, 4999), "it has more than 4999 bytes when unpacked");
}

}  // namespace
}  // namespace dojo
