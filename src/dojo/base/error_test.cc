#include "dojo/base/error.h"

#include <gtest/gtest.h>

#include "dojo/base/check.h"

namespace dojo {
namespace {

TEST(Error, SaysCategoryMessagePlaceAndHint) {
  const Error full(Category::kInput, "no video stream", "a.mp4", "try another");
  EXPECT_STREQ(full.what(), "error (input): no video stream, a.mp4; try another");
  EXPECT_STREQ(Error(Category::kConfig, "no verb").what(), "error (config): no verb");
  EXPECT_STREQ(Error(Category::kIo, "disk full", "a").what(), "error (io): disk full, a");
}

TEST(Error, ExitCodesTellUsageFromInputFromFailure) {
  EXPECT_EQ(exit_code(Category::kConfig), 2);
  EXPECT_EQ(exit_code(Category::kInput), 3);
  for (const Category c :
       {Category::kIo, Category::kUnsupported, Category::kUnimplemented, Category::kUnspecified}) {
    EXPECT_EQ(exit_code(c), 1) << name(c);
  }
}

TEST(CheckDeathTest, NamesThePlaceAndBothValues) {
  const int three = 3;
  EXPECT_DEATH(DOJO_CHECK_EQ(three, 4), "dojo: bug: .*error_test.cc:[0-9]+: .*seen 3 and 4");
  EXPECT_DEATH(DOJO_CHECK(three < 0), "check failed: three < 0");
}

TEST(Error, TextWithAZeroByteIsNotCutThere) {
  const Error e(Category::kInput, std::string("seen '") + '\0' + "'", "a.graph", "look");
  EXPECT_STREQ(e.what(), "error (input): seen '\\x00', a.graph; look");
}

TEST(Check, PassesAndEvaluatesOnce) {
  int calls = 0;
  const auto next = [&] { return ++calls; };
  DOJO_CHECK_EQ(next(), 1);
  DOJO_CHECK(next() == 2);
  DOJO_CHECK_LT(next(), 4);
  DOJO_CHECK_LE(next(), 4);
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace dojo
