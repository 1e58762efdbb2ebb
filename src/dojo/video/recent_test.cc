#include "dojo/video/recent.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(Recent, ForgetsWhatWasUsedLongestAgo) {
  Recent<int> recent(2);
  recent.put("a", 1);
  recent.put("b", 2);
  ASSERT_TRUE(recent.find("a"));  // a use
  recent.put("c", 3);
  EXPECT_FALSE(recent.find("b"));
  EXPECT_EQ(*recent.find("a"), 1);
  EXPECT_EQ(*recent.find("c"), 3);
}

TEST(Recent, PutsInPlaceOfWhatWasThere) {
  Recent<int> recent(2);
  recent.put("a", 1);
  recent.put("b", 2);
  recent.put("a", 4);
  EXPECT_EQ(*recent.find("a"), 4);
  EXPECT_EQ(*recent.find("b"), 2);
  recent.clear();
  EXPECT_FALSE(recent.find("a"));
}

}  // namespace
}  // namespace dojo
