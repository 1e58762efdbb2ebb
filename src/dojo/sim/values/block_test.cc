#include "dojo/sim/values/block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "dojo/base/random.h"

namespace dojo::sim {
namespace {

// Of an array of 5 x 6 x 7 elements of two bytes.
Block drawn_block(Random* random, bool padded) {
  Block block{.element_bytes = 2, .elements = 1, .rank = 3, .padded = padded, .address = 100};
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random->next_u32()) % n; };
  int64_t stride = 2;
  for (size_t i = 3; i-- > 0;) {
    Block::Dim& d = block.dims[i];
    d.size = 5 + static_cast<int64_t>(i);
    d.stride = stride;
    stride *= d.size;
    d.step = below(3) == 0 ? 2 : 1;
    d.start = below(d.size) - (padded ? 2 : 0);
    d.count = 1 + below(padded ? 6 : (d.size - d.start - 1) / d.step + 1);
    block.elements *= d.count;
  }
  return block;
}

TEST(Block, ReachAndOnlyRunSayWhatItsRunsDo) {
  Random random(1);
  int whole = 0;
  for (int i = 0; i < 20000; ++i) {
    const Block block = drawn_block(&random, i % 2 == 1);
    Bytes all{INT64_MAX, 0};
    std::vector<Bytes> runs;
    for_each_run(block, [&](int64_t address, int64_t bytes) {
      if (address == kPadding) return;
      all = {std::min(all.begin, address), std::max(all.end, address + bytes)};
      if (!runs.empty() && runs.back().end == address)
        runs.back().end += bytes;
      else
        runs.push_back({address, address + bytes});
    });
    const Bytes reached = reach(block);
    if (!block.padded) {
      EXPECT_EQ(reached.begin, all.begin);
      EXPECT_EQ(reached.end, all.end);
      EXPECT_EQ(only_run(block), runs.size() == 1 ? all.begin : -1);
      whole += runs.size() == 1;
    } else if (!runs.empty()) {
      EXPECT_LE(reached.begin, all.begin);
      EXPECT_GE(reached.end, all.end);
      EXPECT_EQ(only_run(block), -1);
    }
  }
  EXPECT_GT(whole, 500);
}

TEST(Block, PaddingIsAsFarAwayAsIndicesGo) {
  Block block{.element_bytes = 2, .elements = 6, .rank = 2, .padded = true, .address = 100};
  block.dims[0] = {.start = int64_t{1} << 60, .count = 2, .step = 1, .size = 4, .stride = 1 << 20};
  block.dims[1] = {.start = 0, .count = 3, .step = 1, .size = 1 << 19, .stride = 2};
  for (const int64_t start : {int64_t{1} << 60, -(int64_t{1} << 60)}) {
    block.dims[0].start = start;
    int64_t padding = 0;
    for_each_run(block, [&](int64_t address, int64_t bytes) {
      EXPECT_EQ(address, kPadding);
      padding += bytes;
    });
    EXPECT_EQ(padding, block.bytes());
  }
}

}  // namespace
}  // namespace dojo::sim
