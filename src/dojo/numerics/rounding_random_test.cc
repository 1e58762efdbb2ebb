#include "dojo/numerics/rounding_random.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(RoundingRandom, ElementIIsTheIthNumberOfItsStream) {
  const RoundingRandom random = {.seed = 0x123456789abcdef0u, .tensor = stream_id("w"), .step = 7};
  Random stream(random.seed, random.tensor, random.step);
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(rounding_bits(random, i), stream.next_u32());
}

TEST(RoundingRandom, SeedTensorStepAndElementAllMatter) {
  const RoundingRandom base = {.seed = 1, .tensor = 2, .step = 3};
  for (const RoundingRandom& other :
       {RoundingRandom{.seed = 4, .tensor = 2, .step = 3},
        RoundingRandom{.seed = 1 | uint64_t{1} << 40, .tensor = 2, .step = 3},
        RoundingRandom{.seed = 1, .tensor = 5, .step = 3},
        RoundingRandom{.seed = 1, .tensor = 2 | uint64_t{1} << 40, .step = 3},
        RoundingRandom{.seed = 1, .tensor = 2, .step = 6}}) {
    int equal = 0;
    for (int64_t i = 0; i < 1000; ++i) equal += rounding_bits(base, i) == rounding_bits(other, i);
    EXPECT_LE(equal, 1);
  }
  EXPECT_NE(rounding_bits(base, 0), rounding_bits(base, kMaxRandomElements - 4));
}

}  // namespace
}  // namespace dojo
