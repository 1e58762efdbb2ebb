#include "dojo/host/memory_plan.h"

#include <gtest/gtest.h>

#include "dojo/base/random.h"

namespace dojo::host {
namespace {

// Brute force: byte by byte, step by step.
bool overlaps(const std::vector<Lifetime>& lives, const Placement& p) {
  for (size_t a = 0; a < lives.size(); ++a)
    for (size_t b = a + 1; b < lives.size(); ++b)
      for (int64_t step = lives[a].first; step <= lives[a].last; ++step)
        for (int64_t byte = p.offsets[a]; byte < p.offsets[a] + lives[a].bytes; ++byte)
          if (lives[b].first <= step && step <= lives[b].last && p.offsets[b] <= byte &&
              byte < p.offsets[b] + lives[b].bytes)
            return true;
  return false;
}

TEST(MemoryPlan, NoTwoLiveBuffersOverlap) {
  for (uint64_t trial = 0; trial < 100; ++trial) {
    Random random(1, stream_id("lifetimes"), trial);
    std::vector<Lifetime> lives(static_cast<size_t>(random.below(20) + 1));
    int64_t sum = 0;
    for (Lifetime& life : lives) {
      life.bytes = random.below(300) + 1;
      life.first = random.below(12);
      life.last = life.first + random.below(5);
      sum += (life.bytes + kAlignment - 1) / kAlignment * kAlignment;
    }
    const Placement p = place(lives);
    EXPECT_FALSE(overlaps(lives, p));
    EXPECT_LE(p.arena_bytes, sum);
    for (size_t i = 0; i < lives.size(); ++i) {
      EXPECT_EQ(p.offsets[i] % kAlignment, 0);
      EXPECT_LE(p.offsets[i] + lives[i].bytes, p.arena_bytes);
    }
  }
}

TEST(MemoryPlan, BuffersThatNeverMeetShareTheirMemory) {
  const std::vector<Lifetime> chain = {{640, 0, 1}, {640, 1, 2}, {640, 2, 3}, {640, 3, 4}};
  EXPECT_EQ(place(chain).arena_bytes, 1280);
}

Step step(std::vector<BufferId> reads, std::vector<BufferId> writes) {
  return {"", std::move(reads), std::move(writes), nullptr};
}

TEST(MemoryPlan, AStepWritesOverAnOperandThatDiesThere) {
  Program p;
  const BufferId a = p.add_buffer("a", 64), b = p.add_buffer("b", 64), c = p.add_buffer("c", 64);
  p.steps = {step({}, {a}), step({a}, {b}), step({a, b}, {c}), step({c}, {})};
  p.steps[1].may_share = {{b, a}};  // not allowed: a is still read by the next step
  p.steps[2].may_share = {{c, a}};
  share_memory(p);
  EXPECT_NE(p.root(b).first, p.root(a).first);
  EXPECT_EQ(p.root(c).first, a);
  EXPECT_EQ(plan_memory(p).arena_bytes, 128);
}

TEST(MemoryPlan, PersistentBuffersAreNeverWrittenOver) {
  Program p;
  const BufferId x = p.add_buffer("x", 64, Buffer::Kind::kPersistent), y = p.add_buffer("y", 64);
  p.steps = {step({x}, {y}), step({y}, {})};
  p.steps[0].may_share = {{y, x}};
  share_memory(p);
  EXPECT_EQ(p.root(y).first, y);
  EXPECT_EQ(plan_memory(p).persistent_bytes, 64);
}

TEST(MemoryPlan, AViewLiesWithinItsBase) {
  Program p;
  const BufferId a = p.add_buffer("a", 256), filler = p.add_buffer("filler", 512);
  const BufferId view = p.add_view(a, 128, 64);
  p.steps = {step({}, {filler, a}), step({filler, view}, {})};
  const MemoryPlan plan = plan_memory(p);
  EXPECT_EQ(plan.offsets[at(view)], plan.offsets[at(a)] + 128);
  EXPECT_EQ(plan.arena_bytes, 768);
}

}  // namespace
}  // namespace dojo::host
