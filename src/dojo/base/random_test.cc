#include "dojo/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace dojo {
namespace {

using Block = std::array<uint32_t, 4>;

TEST(Philox, GivesThePublishedKnownAnswers) {  // Random123, tests/kat_vectors, philox4x32 10
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32_10({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, IsAPureFunctionOfSeedStreamAndPosition) {
  Random a(7, 3, 2), b(7, 3, 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next_u32(), b.next_u32());
  // Its first block is the generator's block at counter (0, substream, stream).
  const Block block = philox4x32_10({0, 2, 3, 0}, {7, 0});
  Random c(7, 3, 2);
  for (const uint32_t x : block) EXPECT_EQ(c.next_u32(), x);
}

TEST(Random, StreamsDiffer) {
  std::set<uint64_t> first;
  for (uint64_t seed : {0u, 1u}) {
    for (uint64_t stream : {0u, 1u}) {
      for (uint64_t substream : {0u, 1u}) {
        first.insert(Random(seed, stream, substream).next_u64());
      }
    }
  }
  EXPECT_EQ(first.size(), 8u);
  EXPECT_NE(stream_id("augment"), stream_id("sampler"));
  EXPECT_EQ(stream_id("a"), 0xaf63dc4c8601ec8cu);  // FNV-1a's published value
}

TEST(Random, BelowIsUnbiasedAndInRange) {
  Random random(1);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts.at(static_cast<size_t>(random.below(6)));
  for (const int n : counts) EXPECT_NEAR(n, 10000, 5 * std::sqrt(10000 * 5 / 6.0));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0);
}

TEST(Random, UniformAndNormalHaveTheirMoments) {
  Random random(2);
  constexpr int n = 100000;
  double sum = 0, normal_sum = 0, normal_square = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(-1, 3);
    ASSERT_GE(u, -1);
    ASSERT_LT(u, 3);
    sum += u;
    const double z = random.normal();
    normal_sum += z;
    normal_square += z * z;
  }
  EXPECT_NEAR(sum / n, 1, 5 * 4 / std::sqrt(12.0 * n));
  EXPECT_NEAR(normal_sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(normal_square / n, 1, 5 * std::sqrt(2.0 / n));
}

}  // namespace
}  // namespace dojo
